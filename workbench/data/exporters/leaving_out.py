"""A project without personal data, to be exported or copied in place of the real one.

It reads as the project does, so that every format can write it: texts have “[E-MAIL 1]” in the place of an address, marks on them
are moved along, and pictures and recordings are copies without what is hidden in their files.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from workbench.control import Control
from workbench.data import hidden
from workbench.data.annotations import Annotation, AnnotationState, NewAnnotation
from workbench.data.exporters.marked import Names
from workbench.data.hidden_sound import cleaned_sound
from workbench.data.media import holds_patient_data
from workbench.data.numbers import MEASURED
from workbench.data.personal import Cleaned, Replacer
from workbench.data.personal_rows import SAFE_KINDS
from workbench.data.project import Project
from workbench.data.project_columns import columns_of, set_columns
from workbench.data.row_pictures import picture_cells
from workbench.data.rows import cells_of, row_text
from workbench.data.shapes import TextSpan
from workbench.data.types import AddResult, Item, ItemFilter, NewItem
from workbench.errors import Problem, UserError

_PAGE = 100
# So many texts are remembered: each is asked for with its marks and without.
_TEXTS = 2000


class CleanProject(Project):
    """See the module. Nothing is written to the project itself.

    Args:
        kept: folder for the copies, where what is exported names them instead of copying them once more; None: they go
            away as soon as the next but one page of items is asked for.
    """

    def __init__(
        self, project: Project, scratch: Path, kept: Path | None = None, control: Control | None = None
    ) -> None:
        super().__init__(project._store)
        self._scratch, self._kept = scratch, kept
        self._control = control or Control()
        self._texts: dict[str, Cleaned] = {}
        self._replacer = Replacer()
        self._names = Names()
        self._files: dict[int, Path | None] = {}
        self._pages: list[list[int]] = []
        self.problems: list[Problem] = []

    def items(self, ids: Sequence[int]) -> list[Item]:
        found = super().items(ids)
        if self._kept is None:
            self._pages.append([i.id for i in found])
            for old in self._pages[:-2]:
                self._drop(set(old) - {i for page in self._pages[-2:] for i in page})
            self._pages = self._pages[-2:]
        return [made for item in found if (made := self._clean(item)) is not None]

    def annotation_states(self, ids: Sequence[int]) -> dict[int, AnnotationState]:
        states = super().annotation_states(ids)
        texts = {i.id: i.text for i in super().items(ids) if i.text is not None}
        return {
            i: AnnotationState(tuple(self._annotation(a, texts.get(i)) for a in state.annotations), state.marked)
            for i, state in states.items()
        }

    def groups_of(self, ids: Sequence[int]) -> dict[int, dict[str, str]]:
        return {
            i: {name: self.text(value).text for name, value in pairs.items()}
            for i, pairs in super().groups_of(ids).items()
        }

    def text(self, text: str) -> Cleaned:
        """A text without personal data; the same thing gets the same number everywhere."""
        found = self._texts.get(text)
        if found is None:
            if len(self._texts) >= _TEXTS:
                self._texts.clear()
            self._control.check()
            found = self._texts[text] = self._replacer.clean(text)
        return found

    def _annotation(self, annotation: Annotation, text: str | None) -> Annotation:
        shape = annotation.shape
        if isinstance(shape, TextSpan) and text is not None:
            shape = TextSpan(*self.text(text).moved(shape.start, shape.end))
        return replace(annotation, shape=shape, text=self.text(annotation.text).text)

    def _clean(self, item: Item) -> Item | None:
        if item.kind == "molecule":  # a formula tells of nobody, and would be another one with a letter changed
            return replace(item, name=self.text(item.name).text)
        if item.kind == "row":
            return self._row(item)
        if item.text is not None:
            return replace(item, name=self.text(item.name).text, text=self.text(item.text).text)
        if item.path is None:
            return item
        if item.id not in self._files:
            self._control.check()
            try:
                self._files[item.id] = self._copy(item, item.path)
            except UserError as error:
                self._files[item.id] = None
                self.problems.append(Problem.of(item.name, error, str(item.path)))
            except OSError:
                self._files[item.id] = None
                self.problems.append(
                    Problem(item.name, "It could not be copied.", "Check that the file is there and the disk has room.")
                )
        path = self._files[item.id]
        if path is None:
            return None
        if self._is_patient(item.path):
            # Which greys are seen is in the copy already.
            return replace(item, name=f"picture-{item.id:06}", path=path, window=None)
        return replace(item, name=self.text(item.name).text, path=path)

    def _row(self, item: Item) -> Item:
        """Cell by cell: numbers and days stay what they are, pictures become copies without what they hide."""
        kinds = {c.name: c.kind for c in columns_of(self)}
        cells = cells_of(item.text or "")
        files = picture_cells(item.text or "")
        for name, cell in cells.items():
            if name in files:
                cells[name] = self._picture_of_row(item, files[name])
            elif kinds.get(name) not in SAFE_KINDS:
                cells[name] = self.text(cell).text
        return replace(item, name=self.text(item.name).text, text=row_text(cells))

    def _picture_of_row(self, item: Item, path: Path) -> str:
        """The place of a clean copy; "" where there can be none, which is told."""
        self._control.check()
        try:
            return str(self._copy(replace(item, kind="picture", path=path, text=None), path))
        except UserError as error:
            self.problems.append(Problem.of(item.name, error, path.name))
        except OSError:
            self.problems.append(
                Problem(item.name, "A picture of it could not be copied.", "Check that the disk has room.")
            )
        return ""

    def _copy(self, item: Item, path: Path) -> Path:
        data, suffix = hidden.cleaned(item.sample()) if item.kind == "picture" else cleaned_sound(path)
        # File names of hospitals are often the patient's.
        stem = f"picture-{item.id:06}" if self._is_patient(path) else self.text(path.stem).text
        if self._kept is not None:
            target = self._kept / self._names.give(stem, suffix, flat=True)
        else:
            target = self._scratch / str(item.id) / Names().give(stem, suffix, flat=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return target

    def _is_patient(self, path: Path) -> bool:
        try:
            return holds_patient_data(path)
        except OSError:
            return True

    def _drop(self, ids: set[int]) -> None:
        for item_id in ids:
            self._files.pop(item_id, None)
            shutil.rmtree(self._scratch / str(item_id), ignore_errors=True)


@contextmanager
def without_personal_data(project: Project, target: Path, control: Control | None = None) -> Iterator[CleanProject]:
    """The project as it may be given away, while it is exported to `target`.

    A file that names pictures (a table) gets a folder of copies beside it; a folder holds copies of its own anyway. What
    could not be cleaned is left out and told in `problems` of what this gives.
    """
    kept = target.with_name(f"{target.stem} files") if target.suffix else None
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        yield CleanProject(project, Path(scratch), kept, control)


def save_clean_copy(project: Project, folder: Path, control: Control | None = None) -> AddResult:
    """A new project in `folder` with everything but personal data: items, labels, parts of the data; no trainings.

    Raises:
        UserError: when the folder is taken or cannot be written. Cancelled: when asked to stop; nothing is left behind.
    """
    control = control or Control()
    made = Project.create(folder, folder.name, project.task_id)
    try:
        with made, without_personal_data(project, folder, control) as clean:
            for label in project.classes():
                made.add_class(label.name)
            _take_columns(project, made, clean)
            count = project.counts().total
            result = made.add_items(_new_items(clean, control), copy_media=True, control=control, total=count)
            return replace(result, problems=(*clean.problems, *result.problems))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _take_columns(project: Project, made: Project, clean: CleanProject) -> None:
    """What the columns of a table mean, without cells that name or describe somebody."""
    columns = columns_of(project)
    if columns:
        told = [
            replace(
                c, examples=() if c.kind in ("id", "text", "picture") else tuple(clean.text(e).text for e in c.examples)
            )
            for c in columns
        ]
        set_columns(made, told)
    if named := project.get_meta(MEASURED, ""):
        made.set_meta(MEASURED, named)


def _new_items(clean: CleanProject, control: Control) -> Iterator[NewItem]:
    names = {c.id: c.name for c in clean.classes()}
    ids = clean.item_ids(ItemFilter(problems=False))
    for start in range(0, len(ids), _PAGE):
        control.check()
        page = ids[start : start + _PAGE]
        states = clean.annotation_states(page)
        groups = clean.groups_of(page)
        for item in clean.items(page):
            state = states[item.id]
            marks = tuple(
                NewAnnotation(a.shape, names.get(a.class_id or 0, ""), a.text, a.ignored)
                for a in state.annotations
                if not a.is_proposal
            )
            yield NewItem(
                item.kind, item.name, item.path, item.text, names.get(item.class_id or 0), item.split,
                marks if item.marked else None, own_copy=True,
                groups=tuple(groups.get(item.id, {}).items()),
            )  # fmt: skip
