"""Bringing a finished training home: its folder is checked, compared with the project of now, and taken in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemPrediction, RunRecord, Split
from workbench.engine.elsewhere.layout import VERSION, inside
from workbench.engine.elsewhere.names import RESULT, RUN
from workbench.engine.elsewhere.names import RESULT_ABOUT as ABOUT
from workbench.engine.elsewhere.result import LEARNT, MODEL, PREDICTIONS
from workbench.engine.elsewhere.write import IDENTITY
from workbench.engine.events import RunConfig
from workbench.engine.export import import_folder
from workbench.engine.run import EVENTS
from workbench.errors import UserError
from workbench.hub.http import sha256
from workbench.tasks.predictions import from_record, to_record

_MOST_ABOUT, _MOST_LINE, _MOST_FILES = 50_000_000, 64_000_000, 1000
_RUN_KEYS = {"id", "name", "status", "created", "config", "metrics"}


@dataclass(frozen=True)
class Returned:
    """What came back.

    Attributes:
        items: learnt from and judged on; `gone`: of them no longer in the project; `changed`: with another content or
            another label since.
    """

    run_id: str
    model_id: str
    name: str
    items: int
    gone: int
    changed: int

    @property
    def sentence(self) -> str:
        """What a person should know."""
        words = f"“{self.name}” is back and among your models."
        since = []
        if self.gone:
            since.append(f"{self.gone:,} of its {self.items:,} items have been taken out")
        if self.changed:
            since.append(f"{self.changed:,} have another label or content")
        return f"{words} Since it was taken elsewhere, {' and '.join(since)}." if since else words


def bring_back(path: Path, project: Project, catalog: Catalog, control: Control | None = None) -> Returned:
    """Take a finished training into the project it came from, and its model among the own ones.

    Raises:
        UserError: when the folder is unfinished, was changed, is of another project, or is here already.
        Cancelled: when asked to stop; nothing was taken in.
    """
    control = control or Control()
    folder = _result_folder(path)
    control.progress(0, 0, "Checking what came back")
    about = _read(folder, control)
    run = about["run"]
    if project.read_only:
        raise UserError("This project is open for reading only, so no training can be kept in it.", "Copy its folder.")
    if about["project"] != project.get_meta(IDENTITY, ""):
        raise UserError(
            f"This training belongs to the project “{about['project_name']}”.", "Open that project, then bring it back."
        )
    if any(r.id == run["id"] and r.status in ("done", "cancelled") for r in project.runs()):
        raise UserError(f"“{run['name']}” is in this project already.", "Look at it on the Results page.")
    same, gone, changed, count = _compared(folder, project, control)
    predictions = [p for p in _predictions(folder, control) if p.item_id in same]
    card = _model(folder, catalog, control)
    target = project.runs_folder / run["id"]
    try:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / EVENTS, target / EVENTS)
        record = RunRecord(
            run["id"], run["name"], run["status"], run["created"], run["config"], {**run["metrics"], "model_id": card.id},
            target,
        )  # fmt: skip
        with project.changing():
            project.save_run(record)
            project.save_predictions(run["id"], predictions)
    except OSError as error:
        catalog.remove_own(card.id)
        raise UserError("The training could not be brought back: the disk is full.", "Make room there.") from error
    except UserError:
        catalog.remove_own(card.id)
        raise
    return Returned(run["id"], card.id, run["name"], count, gone, changed)


def _result_folder(path: Path) -> Path:
    path = path.absolute()
    if (path / ABOUT).is_file():
        return path
    if (path / RESULT / ABOUT).is_file():
        return path / RESULT
    if (path / RUN).is_file():
        raise UserError("This training is not finished: there is no result in it yet.", "Run it first; see README.txt.")
    raise UserError(f"“{path.name}” is no finished training.", f"Choose the folder with {ABOUT} in it.")


def _wrong(what: str) -> UserError:
    return UserError(f"This training cannot be brought back: {what}.", "Copy its folder once more.")


def _json(text: bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{what} cannot be read") from error


def _read(folder: Path, control: Control) -> dict[str, Any]:
    """What `result.json` says, checked, and every file's hash. Raises: UserError."""
    file = inside(folder, ABOUT)
    if file.stat().st_size > _MOST_ABOUT:
        raise _wrong(f"“{ABOUT}” is too large")
    about = _json(file.read_bytes(), f"“{ABOUT}”")
    if not isinstance(about, dict) or about.get("version") != VERSION:
        raise UserError("This training was finished by another version of Model Workbench.", "Update the app.")
    run, hashes = about.get("run"), about.get("sha256")
    if not isinstance(run, dict) or set(run) != _RUN_KEYS or not isinstance(hashes, dict):
        raise _wrong(f"“{ABOUT}” lacks something, or has something this version does not know")
    if not isinstance(about.get("project"), str) or not isinstance(about.get("project_name"), str):
        raise _wrong(f"“{ABOUT}” lacks something, or has something this version does not know")
    if not all(isinstance(run[k], str) and len(run[k]) < 1000 for k in ("id", "name", "status", "created")):
        raise _wrong(f"a value of “{ABOUT}” is no text")
    if run["status"] not in ("done", "cancelled") or not run["id"].isalnum() or not isinstance(run["metrics"], dict):
        raise _wrong(f"a value of “{ABOUT}” is of another kind than it must be")
    if not isinstance(run["config"], dict) or RunConfig.from_json(run["config"]).run_id != run["id"]:
        raise _wrong("its settings are of another training")
    needed = {EVENTS, PREDICTIONS, LEARNT}
    if not needed <= set(hashes) or len(hashes) > _MOST_FILES:
        raise _wrong("its list of files is not whole")
    for name, digest in hashes.items():
        if sha256(inside(folder, name), control) != digest:
            raise _wrong(f"“{name[:80]}” was changed or is damaged")
    for found in (folder / MODEL).iterdir():
        if found.is_file() and f"{MODEL}/{found.name}" not in hashes:
            raise _wrong(f"“{found.name}” is not in its list of files")
    return about


def _rows(file: Path, control: Control) -> Iterator[dict[str, Any]]:
    with file.open("rb") as stream:
        while line := stream.readline(_MOST_LINE):
            control.check()
            row = _json(line, f"a line of “{file.name}”")
            if not line.endswith(b"\n") or not isinstance(row, dict):
                raise _wrong(f"a line of “{file.name}” cannot be read")
            yield row


def _compared(folder: Path, project: Project, control: Control) -> tuple[set[int], int, int, int]:
    """Ids of items whose content is what it was; how many are gone; how many have another content or label; how many
    there were."""
    classes = {c.id: c.name for c in project.classes()}
    now = {i.id: i for i in project.items(project.item_ids())}
    same: set[int] = set()
    gone = changed = count = 0
    for row in _rows(folder / LEARNT, control):
        count += 1
        item = now.get(row["id"]) if isinstance(row.get("id"), int) else None
        if item is None:
            gone += 1
        elif item.content_hash != row.get("sha256"):
            changed += 1
        else:
            same.add(item.id)
            changed += classes.get(item.class_id or -1, "") != row.get("label")
    return same, gone, changed, count


def _predictions(folder: Path, control: Control) -> Iterator[ItemPrediction]:
    for row in _rows(folder / PREDICTIONS, control):
        yield _prediction(row)


def _prediction(row: Mapping[str, Any]) -> ItemPrediction:
    """Raises: UserError when it is none."""
    scores, record = row.get("scores", ()), row.get("record")
    texts = isinstance(row.get("true_class"), str) and isinstance(row.get("predicted_class"), str)
    numbers = isinstance(scores, list) and all(isinstance(s, int | float) for s in scores)
    known = row.get("split") in {s.value for s in Split} and isinstance(row.get("item_id"), int)
    if not (texts and numbers and known and (record is None or isinstance(record, dict))):
        raise _wrong("one of its answers cannot be read")
    kept = None if record is None else to_record(from_record(record))
    return ItemPrediction(
        row["item_id"], Split(row["split"]), row["true_class"], row["predicted_class"], tuple(map(float, scores)), kept
    )


def _model(folder: Path, catalog: Catalog, control: Control) -> ModelCard:
    """The model among the own ones; opened once before, so that a damaged one is refused."""
    return import_folder(folder / MODEL, catalog, control)
