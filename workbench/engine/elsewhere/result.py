"""What a training that was run elsewhere leaves: plain data and the model, with a hash of every file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench import __version__, atomic
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.project_manifest import ManifestLine
from workbench.engine.elsewhere.layout import VERSION
from workbench.engine.elsewhere.names import RESULT
from workbench.engine.elsewhere.names import RESULT_ABOUT as ABOUT
from workbench.engine.elsewhere.read import Taken
from workbench.engine.events import Finished
from workbench.engine.run import EVENTS
from workbench.errors import UserError
from workbench.hub.http import sha256

PREDICTIONS, LEARNT, MODEL = "predictions.jsonl", "items.jsonl", "model"


def write_result(
    taken: Taken, project: Project, catalog: Catalog, finished: Finished, lines: Sequence[ManifestLine]
) -> Path:
    """Put the result into the training's folder, whole or not at all. Raises: UserError when there is no room."""
    target = taken.folder / RESULT
    work = taken.folder / f".{RESULT}.part"
    record = project.run(finished.run_id)
    try:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        shutil.copytree(Path(catalog.get(finished.model_id).source.ref), work / MODEL)
        shutil.copyfile(record.folder / EVENTS, work / EVENTS)
        _rows(work / PREDICTIONS, (asdict(p) for p in project.predictions(finished.run_id)))
        _rows(work / LEARNT, ({"id": n.id, "sha256": n.sha256, "label": n.label} for n in lines))
        about: dict[str, Any] = {
            "version": VERSION, "app": __version__, "project": taken.about.project_id,
            "project_name": taken.about.project_name, "reason": finished.reason,
            "run": {
                "id": record.id, "name": record.name, "status": record.status, "created": record.created,
                "config": record.config, "metrics": record.metrics,
            },
            "sha256": {
                f.relative_to(work).as_posix(): sha256(f) for f in sorted(work.rglob("*")) if f.is_file()
            },
        }  # fmt: skip
        (work / ABOUT).write_text(json.dumps(about, indent=1), encoding="utf-8")
        atomic.put(work, target)
    except OSError as error:
        raise UserError("The result could not be written: the disk is full.", "Make room, and run it again.") from error
    return target


def _rows(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
