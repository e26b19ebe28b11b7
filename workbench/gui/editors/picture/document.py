"""The labels of the picture that is being worked on: what is on disk, what is just being dragged, and what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from workbench.data import shapes
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.shapes import PICTURE_SHAPES, Shape
from workbench.data.types import ClassLabel, Item
from workbench.errors import UserError
from workbench.gui.project_store import ProjectStore

Change = Callable[[list[Annotation]], list[Annotation]]
LOCKED = "This label is locked. Press L to unlock it."


def checked_all(wanted: Iterable[Annotation], width: int, height: int) -> list[Annotation]:
    """With their shapes fit to be kept; those of which nothing lies inside the picture are left out."""
    found = []
    for annotation in wanted:
        try:
            found.append(replace(annotation, shape=shapes.checked(annotation.shape, width, height)))
        except UserError:
            continue
    return found


class Document(QObject):
    """One picture's labels. Each change is one undoable step and on disk when the method that made it returns.

    Attributes:
        item: the picture; None when there is none.
        width, height: its size in pixels, upright.
        selection: ids of what is chosen, in the order it was chosen.
        class_id: the class of what is drawn next; None while there is none.
        least: proposals below this score are not shown.
        all_hidden: nothing is shown for now.

    Signals:
        changed(): labels, their order, classes, or what of them is shown.
        dragged(): only `drafts` changed.
        chosen(): the selection, or the class of what is drawn next.
        said(str, str): a sentence for the person and its kind (info, good, warn, bad).
        elsewhere(int): another item's labels were changed by undoing or redoing: its id.
    """

    changed = Signal()
    dragged = Signal()
    chosen = Signal()
    said = Signal(str, str)
    elsewhere = Signal(int)

    def __init__(self, store: ProjectStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self.item: Item | None = None
        self.width = self.height = 1
        self.selection: tuple[int, ...] = ()
        self.class_id: int | None = None
        self.least = 0.0
        self.all_hidden = False
        self.classes: dict[int, ClassLabel] = {}
        self.drafts: dict[int, Shape] = {}
        self._state = AnnotationState()
        self._by_id: dict[int, Annotation] = {}
        self._shown: list[Annotation] | None = None
        self._mine = False
        store.labels_changed.connect(self._labels_changed)
        store.classes_changed.connect(self._classes_changed)

    # Showing a picture -----------------------------------------------------------------------------------------

    def open(self, item: Item | None) -> None:
        """Another picture; nothing is chosen in it."""
        self.item = item
        self.width, self.height = (max(1, item.width), max(1, item.height)) if item is not None else (1, 1)
        self.selection = ()
        self.drafts = {}
        self.read_classes()
        self._read()
        self.chosen.emit()
        self.changed.emit()

    def set_size(self, width: int, height: int) -> None:
        """The picture's size as it was decoded."""
        self.width, self.height = width, height

    def reload(self) -> None:
        """Read again what is on disk."""
        before = self._state
        self._read()
        if self._state != before:
            self.changed.emit()

    def read_classes(self) -> None:
        project = self.store.project
        self.classes = {c.id: c for c in project.classes()} if project is not None else {}
        if self.class_id not in self.classes:
            self.class_id = next(iter(self.classes), None)

    def _read(self) -> None:
        project = self.store.project
        state = AnnotationState()
        if project is not None and self.item is not None:
            try:
                state = project.annotation_states([self.item.id])[self.item.id]
            except UserError as error:
                self.said.emit(f"{error.message} {error.hint}".strip(), "bad")
        # Words and clips have no place in a picture; they stay as they are.
        self._state = state
        self._by_id = {a.id: a for a in state.annotations if isinstance(a.shape, PICTURE_SHAPES)}
        self._shown = None
        kept = tuple(i for i in self.selection if i in self._by_id)
        if kept != self.selection:
            self.selection = kept
            self.chosen.emit()

    def _labels_changed(self, ids: object) -> None:
        if self.item is None or not isinstance(ids, list):
            return
        if self.item.id in ids:
            self._read()
            self.changed.emit()
        elif not self._mine and len(ids) == 1:
            self.elsewhere.emit(ids[0])

    def _classes_changed(self) -> None:
        self.read_classes()
        self._read()
        self.chosen.emit()
        self.changed.emit()

    # What there is ---------------------------------------------------------------------------------------------

    @property
    def marked(self) -> bool:
        """Are this picture's labels done?"""
        return self._state.marked

    @property
    def annotations(self) -> list[Annotation]:
        """All labels in their order (later ones on top), as they are on disk."""
        return list(self._by_id.values())

    @property
    def proposals(self) -> list[Annotation]:
        """What a model proposed and is sure enough of to be shown, the least certain first."""
        return sorted(
            (a for a in self._by_id.values() if a.is_proposal and a.score >= self.least), key=lambda a: a.score
        )

    def get(self, annotation_id: int) -> Annotation | None:
        """A label with the shape it is being given."""
        found = self._by_id.get(annotation_id)
        draft = self.drafts.get(annotation_id)
        return replace(found, shape=draft) if found is not None and draft is not None else found

    def shown(self) -> list[Annotation]:
        """What is to be drawn, in its order."""
        if self._shown is None:
            self._shown = [
                self.get(a.id) or a
                for a in self._by_id.values()
                if not self.all_hidden and not a.hidden and (not a.is_proposal or a.score >= self.least)
            ]
        return self._shown

    def chosen_ones(self) -> list[Annotation]:
        return [a for a in (self.get(i) for i in self.selection) if a is not None]

    def name_of(self, annotation: Annotation) -> str:
        found = self.classes.get(annotation.class_id or -1)
        return found.name if found is not None else "no class"

    def colour_of(self, annotation: Annotation) -> str:
        """As "#rrggbb"."""
        found = self.classes.get(annotation.class_id or -1)
        return found.colour if found is not None else "#8b8f95"

    # Choosing --------------------------------------------------------------------------------------------------

    def choose(self, ids: Iterable[int], *, toggle: bool = False) -> None:
        """Choose these; `toggle` adds those that are not chosen and takes those off that are."""
        wanted = [i for i in dict.fromkeys(ids) if i in self._by_id]
        if toggle:
            now = [i for i in self.selection if i not in wanted]
            wanted = [*now, *(i for i in wanted if i not in self.selection)]
        if tuple(wanted) != self.selection:
            self.selection = tuple(wanted)
            self.chosen.emit()

    def choose_class(self, class_id: int | None) -> None:
        """The class of what is drawn next."""
        if class_id != self.class_id:
            self.class_id = class_id
            self.chosen.emit()

    def set_least(self, least: float) -> None:
        self.least, self._shown = least, None
        self.choose(i for i in self.selection if self._is_shown(i))
        self.changed.emit()

    def hide_all(self, hidden: bool) -> None:
        self.all_hidden, self._shown = hidden, None
        self.changed.emit()

    def _is_shown(self, annotation_id: int) -> bool:
        found = self._by_id.get(annotation_id)
        return found is not None and (not found.is_proposal or found.score >= self.least)

    # Dragging --------------------------------------------------------------------------------------------------

    def draft(self, wanted: Mapping[int, Shape]) -> None:
        """Show shapes as they would be; nothing is kept yet."""
        self.drafts, self._shown = dict(wanted), None
        self.dragged.emit()

    def drop_drafts(self) -> None:
        if self.drafts:
            self.drafts, self._shown = {}, None
            self.dragged.emit()

    def keep_drafts(self, text: str) -> None:
        """What was dragged becomes so. A proposal that is changed is thereby the person's own."""
        wanted, self.drafts, self._shown = self.drafts, {}, None
        now = {i: s for i, s in wanted.items() if i in self._by_id and self._by_id[i].shape != s}
        if now:
            self.reshape(now, text)
        else:
            self.dragged.emit()

    # Changing --------------------------------------------------------------------------------------------------

    def edit(self, text: str, change: Change, marked: bool | None = None) -> bool:
        """One undoable step: `change` gets all annotations as they are on disk and gives them as they shall be.

        They are read anew first: a job may have brought proposals in the meantime. False when nothing could be changed.
        """
        project = self.store.project
        if project is None or self.item is None:
            return False
        if project.read_only:
            self.said.emit("This project is open for reading only; nothing can be changed.", "warn")
            return False
        self._mine = True
        try:
            now = project.annotation_states([self.item.id])[self.item.id]
            wanted = AnnotationState(tuple(change(list(now.annotations))), now.marked if marked is None else marked)
            self.store.set_annotations({self.item.id: wanted}, text)
        except UserError as error:
            self.said.emit(f"{error.message} {error.hint}".strip(), "bad")
            return False
        finally:
            self._mine = False
        return True

    def add(self, new: Sequence[Annotation], text: str, *, choose: bool = True) -> list[int]:
        """Put labels on top. Returns the ids of those that lie inside the picture."""
        fit = checked_all(new, self.width, self.height)
        if fit and self.edit(text, lambda now: [*now, *fit]) and choose:
            self.choose(a.id for a in fit)
        return [a.id for a in fit]

    def reshape(self, wanted: Mapping[int, Shape], text: str) -> None:
        """Give labels other shapes; one of which nothing is left inside the picture keeps its old one."""

        def change(now: list[Annotation]) -> list[Annotation]:
            return [self._reshaped(a, wanted[a.id]) if a.id in wanted and not a.locked else a for a in now]

        self.edit(text, change)

    def _reshaped(self, annotation: Annotation, shape: Shape) -> Annotation:
        found = checked_all([replace(annotation, shape=shape)], self.width, self.height)
        return accepted(found[0]) if found else annotation

    def update(self, ids: Iterable[int], text: str, change: Callable[[Annotation], Annotation]) -> None:
        """Change each of these labels, those that are locked too."""
        wanted = set(ids)
        self.edit(text, lambda now: [change(a) if a.id in wanted else a for a in now])

    def unlocked(self, ids: Iterable[int] | None = None) -> list[int]:
        """Those of these (by default of the chosen ones) that may be changed; says so when none may."""
        wanted = list(self.selection if ids is None else ids)
        free = [i for i in wanted if i in self._by_id and not self._by_id[i].locked]
        if wanted and not free:
            self.said.emit(LOCKED, "info")
        return free

    def remove(self, ids: Iterable[int], text: str) -> None:
        gone = set(ids)
        if gone:
            self.edit(text, lambda now: [a for a in now if a.id not in gone])


def accepted(annotation: Annotation) -> Annotation:
    """A proposal as the person's own; anything else as it is."""
    return replace(annotation, source="person", score=1.0) if annotation.is_proposal else annotation


def counted(number: int, noun: str = "label") -> str:
    """ "1 label", "3 labels"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
