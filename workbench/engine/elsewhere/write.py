"""Writing the folder of a training that is run elsewhere: whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from workbench import __version__, atomic
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, write_card
from workbench.control import Control
from workbench.data.project import Project, now
from workbench.data.row_pictures import copied, picture_cells
from workbench.data.types import Item, Split
from workbench.engine.elsewhere.environment import write_environment, write_program
from workbench.engine.elsewhere.layout import About
from workbench.engine.elsewhere.names import ENVIRONMENT, FILES, ITEMS, MEDIA, MODEL, PROGRAM, README, RECIPES, RUN
from workbench.engine.elsewhere.recipes import readme, write_recipes
from workbench.engine.events import RunConfig
from workbench.engine.run import prepare
from workbench.errors import UserError
from workbench.hub.http import check_room
from workbench.hub.store import disk_bytes, files
from workbench.tasks.base import CasesTask
from workbench.tasks.registry import get_trainable

IDENTITY, AWAY = "identity", "elsewhere"
_BLOCK = 1 << 20
# Beside media and model: the program, the lists.
_REST = 12_000_000


@dataclass(frozen=True)
class Choices:
    """
    Attributes:
        media: copy the items' files; otherwise the list says where they lie, and they must be found there.
        model: copy the model's files; otherwise they are fetched where the training runs (only of a model that can be).
    """

    media: bool = True
    model: bool = True


@dataclass(frozen=True)
class Size:
    """How large a folder will be: numbers of items, bytes of their files and of the model's."""

    items: int
    media: int
    model: int

    def total(self, choices: Choices) -> int:
        """Bytes with these choices."""
        return self.media * choices.media + self.model * choices.model + _REST


@dataclass(frozen=True)
class Bundle:
    """What was written."""

    folder: Path
    items: int
    bytes: int


def size_of(project: Project, card: ModelCard, control: Control | None = None) -> Size:
    """Of all labelled items. Files that are missing count nothing. Raises: Cancelled."""
    from workbench.data.types import ItemFilter

    control = control or Control()
    items = project.items(project.item_ids(ItemFilter(labelled=True, problems=False)))
    media = 0
    for place, item in enumerate(items):
        if place % 200 == 0:
            control.check()
        try:
            media += item.path.stat().st_size if item.path is not None else len((item.text or "").encode())
        except OSError:
            continue
        if item.kind == "row":
            media += sum(f.stat().st_size for f in picture_cells(item.text or "").values() if f.is_file())
    return Size(len(items), media, disk_bytes(card))


def write_bundle(
    config: RunConfig,
    project: Project,
    catalog: Catalog,
    target: Path,
    choices: Choices | None = None,
    control: Control | None = None,
) -> Bundle:
    """Make the folder `target`, from which this training can be run on another computer.

    Only what the training needs goes along: its items with their labels, never others, and no answers of models.

    Raises:
        UserError: when there is not enough to learn from, a file is missing or has changed, or there is no room.
        Cancelled: when asked to stop; nothing stays.
    """
    choices, control = choices or Choices(), control or Control()
    if isinstance(get_trainable(config.task), CasesTask):
        raise UserError(
            "What this model learns from are people's histories, and they stay on this computer.",
            "Train it here: it is quick.",
        )
    run = prepare(config, project, catalog, control)
    if run.card.is_remote:
        raise UserError(f"“{run.card.name}” is on another computer already.", "Choose another model.")
    if not choices.model and not run.card.is_downloaded:
        choices = replace(choices, model=True)  # there is no place to fetch it from
    items = sorted({i.id: i for split in Split for i in run.items[split]}.values(), key=lambda i: i.id)
    wanted = Size(len(items), _bytes_of(items), disk_bytes(run.card)).total(choices)
    check_room(target.parent, wanted, target.name)
    with _made_whole(target) as work:
        about = _write_items(work, items, project, config, choices, control)
        about = _write_model(work, about, run.card, choices, control)
        (work / RUN).write_text(about.to_toml(), encoding="utf-8")
        write_environment(work / ENVIRONMENT, run.device)
        has_program = write_program(work / PROGRAM)
        write_recipes(work / RECIPES, about, target.name)
        (work / README).write_text(readme(about, run.card, has_program), encoding="utf-8")
        control.check()
        size = sum(f.stat().st_size for f in work.rglob("*") if f.is_file())
        _note_away(project, config, target)
    return Bundle(target, len(items), size)


@contextmanager
def _made_whole(target: Path) -> Iterator[Path]:
    """A hidden folder beside `target` that takes its place at the end."""
    if target.exists():
        raise UserError(f"There is already a folder “{target.name}” there.", "Choose another name.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".elsewhere-", dir=target.parent))
    except OSError as error:
        raise UserError(f"The folder “{target.parent}” cannot be written.", "Choose another place.") from error
    try:
        yield work
        work.chmod(0o755)
        atomic.put(work, target)
    except OSError as error:
        raise UserError("The training could not be written.", "Make room there, or choose another place.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _bytes_of(items: Sequence[Item]) -> int:
    found = 0
    for item in items:
        if item.path is not None and item.path.is_file():
            found += item.path.stat().st_size
        elif item.kind == "row":
            found += sum(f.stat().st_size for f in picture_cells(item.text or "").values() if f.is_file())
    return found


def _write_items(
    work: Path, items: Sequence[Item], project: Project, config: RunConfig, choices: Choices, control: Control
) -> About:
    """The list of items, and their files."""
    paths = [i.path for i in items if i.path is not None]
    root = work / MEDIA
    if not choices.media and paths:
        try:
            root = Path(os.path.commonpath([p.parent for p in paths]))
        except ValueError as error:
            raise UserError("The items lie on different disks.", "Take them along as copies.") from error
    digest = hashlib.sha256()
    missing: list[str] = []
    with (work / ITEMS).open("wb") as stream:
        for place, (item, line) in enumerate(zip(items, project.manifest(items), strict=True)):
            control.check()
            if place % 20 == 0:
                control.progress(place, len(items), f"Taking along: {place} of {len(items)}")
            if item.path is not None:
                try:
                    line = replace(line, file=_carried(work, item, root, choices.media, control), text=None)
                except OSError:
                    missing.append(item.name)
                    continue
            elif item.kind == "row" and choices.media:
                line = replace(line, text=copied(item.text or "", work / MEDIA, shared=False))
            row = json.dumps(line.to_json(), ensure_ascii=True).encode() + b"\n"
            digest.update(row)
            stream.write(row)
    if missing:
        raise UserError(
            f"{len(missing)} of the items are missing or have changed since they were added, for example “{missing[0]}”.",
            "Look at them on the Data page: bring the files back, or take the items out.",
        )
    media = MEDIA if choices.media or not paths else str(root)
    return About(
        config, __version__, now(), _identity(project), project.name, len(items), digest.hexdigest(), media, project.window
    )  # fmt: skip


def _carried(work: Path, item: Item, root: Path, copied: bool, control: Control) -> str:
    """An item's file, copied under its content's name, or where it lies. Raises: OSError when it is not what it was."""
    assert item.path is not None
    if not copied:
        item.path.stat()
        return item.path.relative_to(root).as_posix()
    suffixes = [s for s in item.path.suffixes[-2:] if s[1:].isalnum() and len(s) <= 8]
    ending = "".join(suffixes if suffixes[-1:] == [".gz"] else suffixes[-1:]).lower()
    name = f"{item.content_hash[:2]}/{item.content_hash}{ending}"
    target = work / MEDIA / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if _copied(item.path, target, control) != item.content_hash:
        raise OSError("changed")
    return name


def _copied(source: Path, target: Path, control: Control) -> str:
    """Copy a file; its sha256. Raises: OSError. Cancelled."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while block := reading.read(_BLOCK):
            control.check()
            digest.update(block)
            writing.write(block)
    return digest.hexdigest()


def _write_model(work: Path, about: About, card: ModelCard, choices: Choices, control: Control) -> About:
    """The card, and the files or their hashes."""
    folder = work / MODEL
    folder.mkdir()
    write_card(card, folder)
    place = files(card).path
    sources = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.is_file())
    hashes = {}
    for file in sources:
        name = file.name if place.is_file() else file.relative_to(place).as_posix()
        control.progress(0, 0, f"Taking along the model: {name}")
        target = folder / FILES / name if choices.model else Path(os.devnull)
        target.parent.mkdir(parents=True, exist_ok=True)
        hashes[name] = _copied(file, target, control)
    return replace(about, carried=choices.model, one_file=place.is_file(), hashes=hashes)


def _identity(project: Project) -> str:
    """What tells this project from every other, wherever it is copied."""
    known = str(project.get_meta(IDENTITY, ""))
    if not known:
        known = uuid.uuid4().hex
        project.set_meta(IDENTITY, known)
    return known


def _note_away(project: Project, config: RunConfig, target: Path) -> None:
    """That this training was taken elsewhere, and where to."""
    known = project.get_meta(AWAY, {})
    known[config.run_id] = {"name": config.name, "at": now(), "folder": str(target)}
    project.set_meta(AWAY, dict(list(known.items())[-50:]))
