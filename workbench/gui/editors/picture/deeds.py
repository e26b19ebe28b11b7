"""What can be done to labels besides drawing them: each method is one undoable step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Literal

from PySide6.QtGui import QGuiApplication

from workbench.data import labels
from workbench.data.annotations import Annotation, new_id
from workbench.data.shapes import PICTURE_SHAPES
from workbench.errors import UserError
from workbench.gui.editors.picture.clipboard import beside, from_mime, to_mime
from workbench.gui.editors.picture.document import Document, accepted, checked_all, counted


class Deeds:
    """Acts on the chosen labels of a document."""

    def __init__(self, document: Document) -> None:
        self.document = document

    # Classes ---------------------------------------------------------------------------------------------------

    def take_class(self, class_id: int) -> None:
        """The class of what is drawn next, and of what is chosen."""
        document = self.document
        document.choose_class(class_id)
        ids = document.unlocked()
        differing = [a.id for a in document.chosen_ones() if a.id in ids and a.class_id != class_id]
        if differing:
            name = document.classes[class_id].name
            document.update(
                differing, f"make {counted(len(differing))} “{name}”", lambda a: accepted(replace(a, class_id=class_id))
            )

    def take_class_number(self, number: int) -> None:
        """Keys 1 to 9."""
        found = list(self.document.classes.values())
        if number > len(found):
            self.document.said.emit(f"There is no class {number} yet. Press C to make one.", "info")
            return
        self.take_class(found[number - 1].id)

    def add_class(self, name: str) -> int | None:
        """A class of this name, made when there is none; its id."""
        store = self.document.store
        project = store.project
        if project is None:
            return None
        try:
            labels.checked(name)
            if project.class_by_name(name) is None:
                store.add_class(name)
            found = project.class_by_name(name)
        except UserError as error:
            self.document.said.emit(f"{error.message} {error.hint}", "warn")
            return None
        return found.id if found is not None else None

    # Flags -----------------------------------------------------------------------------------------------------

    def toggle_hidden(self, ids: Iterable[int] | None = None) -> None:
        self._toggle(ids, "hidden", "hide", "show")

    def toggle_locked(self, ids: Iterable[int] | None = None) -> None:
        self._toggle(ids, "locked", "lock", "unlock")

    def toggle_ignored(self) -> None:
        """“Don't count this one”: neither right nor wrong where a model is judged."""
        self._toggle(self.document.unlocked(), "ignored", "do not count", "count")

    def _toggle(
        self, ids: Iterable[int] | None, field: Literal["hidden", "locked", "ignored"], on: str, off: str
    ) -> None:
        wanted = [a for a in (self.document.get(i) for i in ids or self.document.selection) if a is not None]
        if wanted:
            value = not all(getattr(a, field) for a in wanted)
            self.document.update(
                [a.id for a in wanted],
                f"{on if value else off} {counted(len(wanted))}",
                lambda a: replace(a, **{field: value}),  # type: ignore[arg-type]
            )

    # Order -----------------------------------------------------------------------------------------------------

    def shift(self, step: int) -> None:
        """One place up (1: more on top) or down (-1)."""
        chosen = set(self.document.selection)
        if not chosen:
            return

        def change(now: list[Annotation]) -> list[Annotation]:
            order = list(now)
            places = range(len(order) - 1, -1, -1) if step > 0 else range(len(order))
            for place in places:
                to = place + step
                if order[place].id in chosen and 0 <= to < len(order) and order[to].id not in chosen:
                    order[place], order[to] = order[to], order[place]
            return order

        self.document.edit("change the order", change)

    def put_order(self, ids: list[int]) -> None:
        """The labels in this order, later ones on top; what is not named stays below."""
        place = {i: n for n, i in enumerate(ids)}
        self.document.edit("change the order", lambda now: sorted(now, key=lambda a: place.get(a.id, -1)))

    # Copies ----------------------------------------------------------------------------------------------------

    def copy(self) -> None:
        chosen = self.document.chosen_ones()
        if chosen:
            QGuiApplication.clipboard().setMimeData(to_mime(chosen, self.document))
            self.document.said.emit(f"{counted(len(chosen))} copied.", "info")

    def cut(self) -> None:
        ids = self.document.unlocked()
        if ids:
            self.document.choose(ids)
            self.copy()
            self.document.remove(ids, f"cut {counted(len(ids))}")

    def paste(self) -> None:
        """What was copied, at its place; a little beside it in the picture it comes from."""
        item, copied = from_mime(QGuiApplication.clipboard().mimeData())
        document = self.document
        if not copied or document.item is None:
            document.said.emit("There are no labels on the clipboard.", "info")
            return
        by_name = {name: self.add_class(name) for name in dict.fromkeys(c.label for c in copied if c.label.strip())}
        places = [c.shape for c in copied]
        if item == document.item.id:
            places = beside(places, document.width, document.height)
        document.add(
            [
                Annotation(shape, by_name.get(c.label), text=c.text, ignored=c.ignored)
                for c, shape in zip(copied, places, strict=True)
            ],
            f"paste {counted(len(copied))}",
        )

    def duplicate(self) -> None:
        chosen = self.document.chosen_ones()
        if chosen:
            places = beside([a.shape for a in chosen], self.document.width, self.document.height)
            new = [
                accepted(replace(a, id=new_id(), shape=shape, locked=False))
                for a, shape in zip(chosen, places, strict=True)
            ]
            self.document.add(new, f"duplicate {counted(len(new))}")

    def copy_from(self, item_id: int) -> None:
        """The labels of another picture (the one before), at their places."""
        document, project = self.document, self.document.store.project
        if project is None:
            return
        found = [
            replace(a, id=new_id(), source="person", score=1.0, locked=False, hidden=False)
            for a in project.annotations(item_id)
            if not a.is_proposal and isinstance(a.shape, PICTURE_SHAPES)
        ]
        if not found:
            document.said.emit("The picture before has no labels.", "info")
            return
        fit = checked_all(found, document.width, document.height)
        if not fit:
            document.said.emit("The labels of the picture before lie outside of this one.", "info")
            return
        document.add(fit, f"copy {counted(len(fit))} from the picture before")
        document.said.emit(f"{counted(len(fit))} copied from the picture before. Arrow keys move them.", "good")

    def choose_all(self) -> None:
        self.document.choose(a.id for a in self.document.shown() if not a.locked)

    def delete(self) -> None:
        """Take the chosen labels away; proposals among them count as rejected."""
        ids = self.document.unlocked()
        if ids:
            self.document.remove(ids, f"delete {counted(len(ids))}")

    # Proposals -------------------------------------------------------------------------------------------------

    def accept(self) -> bool:
        """Take over the chosen proposals and go to the next. False when none is chosen."""
        return self._settle([a for a in self.document.chosen_ones() if a.is_proposal], accept=True)

    def reject(self) -> bool:
        return self._settle([a for a in self.document.chosen_ones() if a.is_proposal], accept=False)

    def accept_all(self) -> None:
        """All that are shown."""
        self._settle(self.document.proposals, accept=True)

    def reject_all(self) -> None:
        self._settle(self.document.proposals, accept=False)

    def choose_proposal(self) -> bool:
        """Choose the least certain proposal that is open. False when none is."""
        waiting = self.document.proposals
        if waiting:
            self.document.choose([waiting[0].id])
        return bool(waiting)

    def _settle(self, proposals: list[Annotation], *, accept: bool) -> bool:
        if not proposals:
            return False
        ids = {a.id for a in proposals}
        words = counted(len(ids), "suggestion")
        if accept:
            self.document.update(ids, f"accept {words}", accepted)
        else:
            self.document.remove(ids, f"reject {words}")
        if not self.choose_proposal():
            self.document.choose(())
        return True

    # The picture -----------------------------------------------------------------------------------------------

    def done(self) -> bool:
        """All of this picture is labelled. Proposals that nobody accepted go: the labels are what is there."""
        open_ones = [a for a in self.document.annotations if a.is_proposal]
        return self._mark(True, "done", lambda now: [a for a in now if not a.is_proposal], len(open_ones))

    def nothing_here(self) -> bool:
        """Done, with nothing on it. Labels that a person made are not thrown away by one key."""
        own = [a for a in self.document.annotations if not a.is_proposal]
        if own:
            self.document.said.emit(
                f"There {'is' if len(own) == 1 else 'are'} {counted(len(own))} in this picture. Delete "
                f"{'it' if len(own) == 1 else 'them'} first (Ctrl+A, Delete), or press D when all is well.", "info"
            )  # fmt: skip
            return False
        return self._mark(True, "nothing here", lambda now: [a for a in now if not a.is_proposal], 0)

    def not_done(self) -> bool:
        """Take the mark off again."""
        return self._mark(False, "not done", lambda now: now, 0)

    def _mark(
        self, marked: bool, text: str, change: Callable[[list[Annotation]], list[Annotation]], dropped: int
    ) -> bool:
        kept = self.document.edit(text, change, marked)
        if kept and dropped:
            self.document.said.emit(
                f"{counted(dropped, 'suggestion')} not accepted and taken away. Ctrl+Z brings them back.", "info"
            )
        return kept
