"""Several labels per item: chips that are switched by keys, for one item in full size or for many in the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.data import tags
from workbench.data.annotations import AnnotationState
from workbench.data.project_annotations import TagOverview
from workbench.data.types import Item
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.editors.tagging import change, toggled
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import M, S
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label
from workbench.gui.widgets.item_view import ItemView
from workbench.gui.widgets.tag_chips import TagChips
from workbench.gui.widgets.whole_item import WholeItem


class Editor(ItemEditor):
    """See the module."""

    list_hint = "Select items and press the numbers, again to take off; Enter when they are done. Or drag items here."
    chips_in_list = True

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self._view: ItemView | None = None
        self._aloud = True
        self._chosen: list[int] = []
        self._build()
        self.bar = TagChips()
        self.bar.setObjectName("list-tags")
        self.bar.toggled.connect(self._toggle_chosen)
        self.bar.none.connect(lambda: self.label_rows(self._rows(), 0))
        self.bar.done.connect(lambda: self.accept_rows(self._rows()))
        self.bar.refused.connect(lambda: self._end(self._rows(), tags.done, "done without the suggested"))
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.classes_changed.connect(self._fill)
        ctx.store.project_changed.connect(self._project_changed)

    # In the list -----------------------------------------------------------------------------------------------------

    def attach(self, view: ItemView) -> None:
        """The list whose selection the bar speaks of."""
        self._view = view
        view.selectionModel().selectionChanged.connect(lambda *_: self._selected())
        self.model.modelReset.connect(self._selected)

    def list_bar(self) -> QWidget:
        return self.bar

    def label_rows(self, rows: Sequence[int], key: int) -> bool:
        """1-9 switch a label of these items, 0 says that none fits."""
        ids = [self.model.ids[r] for r in rows]
        project = self.ctx.store.project
        if not ids or project is None:
            return True
        if not key:
            self._end(rows, tags.none_of_them, "none of the labels")
            return True
        classes = project.classes()
        if key > len(classes):
            self.ctx.notify(f"There is no label {key} yet. Type its name under the classes.", "info")
            return True
        self._toggle(ids, classes[key - 1].id)
        return True

    def accept_rows(self, rows: Sequence[int]) -> bool:
        """Enter: these items are done, with what is suggested; on to the next."""
        self._end(rows, tags.with_proposals_taken, "done")
        return True

    def drop_on(self, class_id: int, ids: Sequence[int]) -> bool:
        """Items were dragged onto a label: they get it."""
        if self._may_change():
            change(self.ctx, ids, lambda state: tags.with_tag(state, class_id, True), "put a label on")
        return True

    def _rows(self) -> list[int]:
        return self._view.selected_rows() if self._view is not None else []

    def _selected(self) -> None:
        self._chosen = [self.model.ids[r] for r in self._rows() if r < len(self.model.ids)]
        self._fill()

    def _toggle_chosen(self, class_id: int) -> None:
        if self._chosen:
            self._toggle(self._chosen, class_id)

    def _toggle(self, ids: Sequence[int], class_id: int) -> None:
        project = self.ctx.store.project
        if project is not None and self._may_change():
            deed, text = toggled(project, ids, class_id)
            change(self.ctx, ids, deed, text)

    def _end(self, rows: Sequence[int], deed: Callable[[AnnotationState], AnnotationState], text: str) -> None:
        """These items are done; a single one makes room for the next."""
        ids = [self.model.ids[r] for r in rows if r < len(self.model.ids)]
        if not ids or not self._may_change():
            return
        following = rows[0] + 1 if len(rows) == 1 else -1

        def then() -> None:
            if self._view is not None and 0 <= following < self.model.rowCount():
                self._view.go_to(following)

        change(self.ctx, ids, deed, text, then)

    def _may_change(self) -> bool:
        return self.ctx.store.may_change(self.ctx.notify)

    # One item --------------------------------------------------------------------------------------------------------

    def show_row(self, row_number: int) -> None:
        item = self.model.item_at(row_number)
        if item is None:
            return
        self.row, self.item = row_number, item
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        self.whole.show_item(item, play=self._aloud)
        self._fill()
        self.moved.emit(row_number)
        self.setFocus()

    def review(self) -> None:
        """The first item that is not done and has suggestions, the least certain; else the first that is not done."""
        project = self.ctx.store.require()
        items = {i.id: i for i in project.items(self.model.ids)}
        open_rows = [r for r, i in enumerate(self.model.ids) if i in items and not items[i].marked]
        proposed = [r for r in open_rows if items[self.model.ids[r]].proposals]
        proposed.sort(key=lambda r: items[self.model.ids[r]].suggestion_score)
        self.show_row((proposed or open_rows or [0])[0])

    def toggle_key(self, key: int) -> None:
        """Switch the label of a key."""
        project = self.ctx.store.project
        if project is None or self.item is None:
            return
        classes = project.classes()
        if key <= len(classes):
            self._toggle([self.item.id], classes[key - 1].id)

    def _toggle_shown(self, class_id: int) -> None:
        if self.item is not None:
            self._toggle([self.item.id], class_id)

    def done(self, refuse: bool = False) -> None:
        """The item is done; on to the next that is not."""
        self._finish(tags.done if refuse else tags.with_proposals_taken, "done")

    def say_none(self) -> None:
        """No label fits; that is an answer too."""
        self._finish(tags.none_of_them, "none of the labels")

    def _finish(self, deed: Callable[[AnnotationState], AnnotationState], text: str) -> None:
        if self.item is None or not self._may_change():
            return
        change(self.ctx, [self.item.id], deed, text)
        for row_number in range(self.row + 1, self.model.rowCount()):
            item = self.model.item_at(row_number)
            if item is not None and not item.marked:
                self.show_row(row_number)
                return
        if self.row + 1 < self.model.rowCount():
            self.show_row(self.row + 1)
        else:
            self.banner.show_message("That was the last one.", "good", "Back to the list", self._close)

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self.model.rowCount():
            self.show_row(self.row + step)

    # What happens elsewhere ------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        project = self.ctx.store.project
        if project is None or not self.model.tagged:
            return
        classes = project.classes()
        self.bar.show_classes(classes)
        self.bar.show_overview(project.tag_overview(self._chosen) if self._chosen else TagOverview())
        self.chips.show_classes(classes)
        if self.item is not None:
            self.chips.show_overview(project.tag_overview([self.item.id]))
            self.caption.setText(f"{self.item.name}   ·   {self.row + 1} of {self.model.rowCount()}")

    def _changed(self, ids: object) -> None:
        if not isinstance(ids, list):
            return
        concerned = set(ids)
        if (self.item is not None and self.item.id in concerned) or concerned & set(self._chosen):
            self._fill()

    def _project_changed(self) -> None:
        self.item, self.row, self._chosen = None, -1, []
        self.whole.show_item(None)

    def _unheard(self, error: Problem | UserError) -> None:
        """It cannot be played: said once, not again with every item."""
        self._aloud = False
        self.banner.show_error(error)

    def _close(self) -> None:
        self.whole.stop()
        self.closed.emit()

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Labels of one item")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        back = button("List", self._close, icon_name="chevron-left", name="tags-back", tip="Back to the list (Esc)")
        self.caption = label("", "soft")
        self.caption.setObjectName("tags-caption")
        top.addWidget(back)
        top.addWidget(self.caption, 1)
        top.addWidget(icon_button("chevron-left", "Previous item (Page Up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", "Next item (Page Down)", lambda: self.move_by(1)))
        column.addLayout(top)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.whole = WholeItem(self.ctx)
        self.whole.failed.connect(self._unheard)
        column.addWidget(self.whole, 1)
        card = Card(spacing=S)
        card.body.addWidget(label("Which of these fit? None, one or several.", "strong"))
        self.chips = TagChips()
        self.chips.setObjectName("item-tags")
        self.chips.toggled.connect(self._toggle_shown)
        self.chips.none.connect(self.say_none)
        self.chips.done.connect(self.done)
        self.chips.refused.connect(lambda: self.done(refuse=True))
        card.body.addWidget(self.chips)
        column.addWidget(card)
        keys: list[tuple[str, Callable[[], object]]] = [(str(n), partial(self.toggle_key, n)) for n in range(1, 10)]
        keys += [
            ("0", self.say_none), ("Backspace", self.say_none), ("Return", self.done), ("Enter", self.done),
            ("Shift+Return", lambda: self.done(refuse=True)), ("Shift+Enter", lambda: self.done(refuse=True)),
            ("PgUp", lambda: self.move_by(-1)), ("PgDown", lambda: self.move_by(1)),
            ("Ctrl+Space", self.whole.player.toggle), ("Ctrl+B", self.whole.player.back), ("Esc", self._close),
        ]  # fmt: skip
        for key, deed in keys:
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(deed)
