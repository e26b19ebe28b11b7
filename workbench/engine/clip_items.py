"""Marked sounds cut out of their recordings: each becomes a recording of its own, of its class, for sorting sounds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.exporters.marked import safe_name
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.sound import piece_blocks
from workbench.data.types import AddResult, Item, NewItem
from workbench.errors import Problem, UserError
from workbench.tasks.registry import get_task


def cut_out(project: Project, item_ids: Sequence[int], into: Project, control: Control | None = None) -> AddResult:
    """Every marked sound of these items as an item of `into` (the same project, or one that sorts sounds); in a project that
    finds sounds it is marked from its beginning to its end. Mono, FLAC, at the recording's own rate.

    Raises:
        UserError: when nothing is marked, or there is no room. Cancelled: when asked to stop; what was cut before stays.
    """
    control = control or Control()
    names = {c.id: c.name for c in project.classes()}
    marked = get_task(into.task_id).info.editor == "clips"
    with _folder() as folder:
        pieces = _cut(project, item_ids, names, folder, marked, control)
        result = into.add_items(pieces, copy_media=True, control=control)
    if not result.added and not result.duplicates and not result.problems:
        raise UserError(
            "No sound with a class is marked there.", "Drag over what you hear, and press the class's number."
        )
    return result


def _cut(
    project: Project, item_ids: Sequence[int], names: dict[int, str], folder: Path, marked: bool, control: Control
) -> Iterator[NewItem | Problem]:
    number = 0
    for item in project.items(item_ids):
        for annotation in project.annotations(item.id):
            name = names.get(annotation.class_id or 0)
            if annotation.is_proposal or not isinstance(annotation.shape, Clip) or name is None:
                continue
            control.check()
            number += 1
            clip = annotation.shape
            title = f"{Path(item.name).stem} {_moment(clip.begins)} {name}"
            file = folder / f"{number:06} {safe_name(title)[:80]}.flac"
            try:
                seconds = _write(item, clip, file)
            except UserError as error:
                yield Problem.of(title, error, str(item.path or ""))
                continue
            marks = (NewAnnotation(Clip(0.0, seconds, clip.low, clip.high), name),) if marked else None
            yield NewItem("sound", f"{title}.flac", path=file, label=name, annotations=marks, own_copy=True)


def _write(item: Item, clip: Clip, file: Path) -> float:
    """Returns its length in seconds. Raises: UserError."""
    import soundfile

    rate, blocks = piece_blocks(item.sample(), clip.begins, clip.ends, 1.0)
    written = 0
    try:
        with soundfile.SoundFile(file, "w", rate, 1, "PCM_24", format="FLAC") as made:
            for block in blocks:
                made.write(block.clip(-1, 1))
                written += len(block)
    except (OSError, RuntimeError) as error:
        raise UserError("The piece could not be written.", "Make room on the disk.") from error
    finally:
        blocks.close()
    if not written:
        raise UserError("The piece lies beyond the end of its recording.", "Mark it again.")
    return written / rate


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="workbench-cut-") as name:
        yield Path(name)


def _moment(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:04.1f}s"
