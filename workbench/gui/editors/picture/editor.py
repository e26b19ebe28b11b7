"""The editor page: canvas, tools, panels and the strip of pictures, and what happens between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QHideEvent, QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListView, QListWidget, QMenu, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.painting import Spans, flooded
from workbench.data.shapes import Shape
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.editors.picture import strokes
from workbench.gui.editors.picture.bars import ToolBar, TopBar
from workbench.gui.editors.picture.canvas import Canvas
from workbench.gui.editors.picture.command_list import editor_commands
from workbench.gui.editors.picture.commands import by_key, key_of, shortcuts
from workbench.gui.editors.picture.deeds import Deeds
from workbench.gui.editors.picture.document import Document, counted
from workbench.gui.editors.picture.finder import ClassFinder
from workbench.gui.editors.picture.masks import union
from workbench.gui.editors.picture.panels import PaintBar, SidePanel
from workbench.gui.editors.picture.pixels import Picture, Pictures
from workbench.gui.editors.picture.proposing import proposers, proposing
from workbench.gui.editors.picture.route import Route
from workbench.gui.editors.picture.strip import Strip
from workbench.gui.editors.picture.tools.base import Tool
from workbench.gui.models.item_model import ItemModel
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner
from workbench.gui.workers import Job

# Keys that lists and number fields need for themselves.
_OF_LISTS = ("Up", "Down", "Home", "End", "PgUp", "PgDown", "Return", "Space")


class PictureEditor(ItemEditor):
    """See the module. `boxes` and `regions` say which tools there are, and which comes first.

    Attributes:
        first_tool: id of the tool that a picture without labels is begun with.
    """

    tool_kinds: ClassVar[tuple[type[Tool], ...]] = ()
    first_tool: ClassVar[str] = "select"

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.setObjectName("picture-editor")
        self.document = Document(ctx.store, self)
        self.deeds = Deeds(self.document)
        self.route = Route(ctx.store, model, self)
        self.pictures = Pictures(ctx, self)
        self.canvas = Canvas(self.document)
        self.tools: dict[str, Tool] = {"select": self.canvas.select_tool}
        self.tools.update({kind.id: kind(self.canvas) for kind in self.tool_kinds})
        self.paint = PaintBar()
        self.paint.setVisible("brush" in self.tools)
        self.top = TopBar()
        self.banner = Banner()
        self.tool_bar = ToolBar(list(self.tools.values()))
        self.side = SidePanel(ctx, self.document)
        self.strip = Strip(self.route.model, ctx.thumbnails)
        self.commands = editor_commands(self)
        self._by_key = by_key(self.commands)
        self._by_id = {command.id: command for command in self.commands}
        self._drawn: tuple[Shape, str] | None = None
        self._asking: Job | None = None
        self._fresh = True
        self._build()
        self._connect()
        self._recall()

    # What the Data page asks for -------------------------------------------------------------------------------

    def show_row(self, row: int) -> None:
        """Show the item of a row of the list; the keyboard is then here."""
        if self.route.queue or self.route.model.ids != self.model.ids:
            self.route.follow_list()
        self.go_to(row)
        self.canvas.setFocus()
        self._find_models()

    def review(self) -> None:
        """Go through the proposals, the least certain first."""
        if not self.route.start_review():
            self.show_row(max(0, self.route.row))
            self.tell("There are no suggestions to review.", "info")
            return
        self.go_to(0)
        self.canvas.setFocus()
        self._find_models()

    def run(self, command_id: str) -> None:
        """Do what a button or a menu asks for."""
        self._by_id[command_id].run()

    def tell(self, words: str, kind: str = "info") -> None:
        """A sentence above the canvas."""
        self.banner.show_message(words, kind)

    # Walking ---------------------------------------------------------------------------------------------------

    def go_to(self, row: int) -> None:
        """Show the item of a row of the route."""
        item = self.route.model.item_at(row)
        if item is None:
            self._show_nothing()
            return
        self.canvas.nudge.keep()
        again = self.document.item is not None and self.document.item.id == item.id
        self.route.row = self.row = row
        if not again:
            self.banner.hide()
        self.document.open(item)
        self.strip.go_to(row)
        stand_in = self.ctx.thumbnails.pixmap(item.path) if item.path is not None else None
        width, height = item.width, item.height
        if stand_in is not None and (stand_in.width() > stand_in.height()) != (width > height):
            width, height = height, width  # kept lying, shown upright
        self.document.set_size(max(1, width), max(1, height))
        if again and self.canvas.is_ready:
            self._show_state()
            return
        self.canvas.begin(self.document.width, self.document.height, stand_in)
        if item.problem or item.path is None:
            self.canvas.show_words(item.problem or "There is no picture here.")
        else:
            following = self.route.model.item_at(row + 1)
            then = following.path if following is not None and not following.problem else None
            found = self.pictures.ask(item.path, then)
            if found is not None:
                self._show_picture(found)
        if not again:
            begin = self.first_tool if not self.document.annotations and not self.document.marked else ""
            if begin and self.canvas.tool is self.canvas.select_tool and self._fresh:
                self.take(begin)
        self._fresh = False
        self._show_state()
        listed = self.model.row_of(item.id)
        if listed >= 0:
            self.moved.emit(listed)

    def step(self, step: int) -> None:
        """To a neighbour, if there is one."""
        if 0 <= self.route.row + step < self.route.model.rowCount():
            self.go_to(self.route.row + step)

    def next_open(self) -> None:
        """To the next picture that is not done."""
        row = self.route.next_open()
        if row >= 0 and row != self.route.row:
            self.go_to(row)
        elif row < 0:
            self.tell("All of these pictures are done.", "good")

    def mark(self, how: Callable[[], bool]) -> None:
        """Done or nothing here, and on."""
        if self.document.item is None or self.document.item.problem:
            self.step(1)
            return
        if not how():
            return
        if self.route.queue:
            row = self.route.next_open()
            if row < 0:
                self.tell(f"All {len(self.route.queue)} are reviewed.", "good")
            else:
                self.go_to(row)
        elif self.route.after:
            self.step(1)
        else:
            self.tell("That was the last picture. X goes to the next one that is not done.", "good")

    def enter(self) -> None:
        """The next thing to do: accept the chosen proposal, choose the next one, or be done with the picture."""
        if not self.deeds.accept() and not (self.document.proposals and self.deeds.choose_proposal()):
            self.mark(self.deeds.done)
        self.canvas.reveal_chosen()

    def accept(self) -> None:
        if not self.deeds.accept():
            self.deeds.choose_proposal()
        self.canvas.reveal_chosen()

    def reject(self) -> None:
        if not self.deeds.reject():
            self.deeds.choose_proposal()
        self.canvas.reveal_chosen()

    def toggle_review(self) -> None:
        """Begin a review, or end it and go on with the whole list."""
        if self.route.queue:
            self.route.follow_list()
            self.go_to(max(0, self.route.row))
        else:
            self.review()

    def leave(self) -> None:
        """Back to the list."""
        self.canvas.nudge.keep()
        self.closed.emit()

    def escape(self) -> None:
        """What the canvas had no use for: let go, choose, leave."""
        if self.document.selection:
            self.document.choose(())
        elif self.canvas.tool is not self.canvas.select_tool:
            self.take("select")
        else:
            self.leave()

    # Tools and classes -----------------------------------------------------------------------------------------

    def take(self, tool_id: str) -> None:
        """Take a tool in hand; taking it again lets go of what is chosen, so that the next thing can be drawn."""
        tool = self.tools[tool_id]
        if tool is self.canvas.tool and tool.draws:
            self.document.choose(())
        self.canvas.take(tool)
        self.tool_bar.show_tool(tool_id)
        self.canvas.setFocus()

    def find_class(self, heading: str = "", at: QPoint | None = None) -> None:
        """Ask for a class by name."""
        finder = ClassFinder(list(self.document.classes.values()), heading or "Which class?", self)
        finder.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        finder.found.connect(self._class_found)
        finder.named.connect(self._class_named)
        finder.rejected.connect(self._class_refused)
        finder.finished.connect(lambda _result: self.canvas.setFocus())
        finder.open_at(at or self.canvas.mapToGlobal(QPoint(40, 40)))

    def _class_found(self, class_id: int) -> None:
        self.deeds.take_class(class_id)
        self._keep_drawn()

    def _class_named(self, name: str) -> None:
        class_id = self.deeds.add_class(name)
        if class_id is not None:
            self._class_found(class_id)
        else:
            self._class_refused()

    def _class_refused(self) -> None:
        self._drawn = None

    def _shape_drawn(self, shape: Shape, text: str) -> None:
        self._drawn = (shape, text)
        if self.document.class_id is None:
            self.find_class("What is this?", QCursor.pos())
        else:
            self._keep_drawn()

    def _keep_drawn(self) -> None:
        if self._drawn is not None:
            (shape, text), self._drawn = self._drawn, None
            self.document.add([Annotation(shape, self.document.class_id)], text)

    # Filling ---------------------------------------------------------------------------------------------------

    def _fill(self, at: QPointF) -> None:
        document, item = self.document, self.document.item
        owner, refusal = strokes.target(document)
        if refusal:
            self.tell(refusal)
            return
        shown = {a.id for a in document.shown()}
        areas = [
            strokes.spans_of(self.canvas.masks, document, a)
            for a in document.annotations
            if a.id in shown and not a.is_proposal and a.shape.kind in ("region", "polygon")
        ]
        x, y, width, height = int(at.x()), int(at.y()), document.width, document.height

        def work(_control: Control) -> Spans | None:
            return flooded(union(areas, width, height), x, y)

        def came(found: Spans | None) -> None:
            if document.item is None or item is None or document.item.id != item.id:
                return
            if found is None:
                self.tell("This place is painted already. Click where nothing is painted.")
            else:
                strokes.paint(document, self.canvas.masks, found, owner, only_free=True)

        job = self.ctx.jobs.start("Filling an area", work)
        job.succeeded.connect(came)
        job.failed.connect(lambda problem: self.banner.show_error(problem))

    # Suggestions -----------------------------------------------------------------------------------------------

    def _find_models(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        catalog = self.ctx.catalog

        def work(_control: Control) -> list[ModelCard]:
            return proposers(project, catalog)

        def came(cards: list[ModelCard]) -> None:
            if self.ctx.store.project is project:
                self.side.suggestions.show_models(cards)

        job = self.ctx.jobs.start("Looking for models that can suggest", work)
        job.succeeded.connect(came)

    def suggest(self) -> None:
        """Have the chosen model propose labels for all that is not done."""
        project, card = self.ctx.store.project, self.side.suggestions.card()
        if project is None or self._asking is not None:
            return
        if card is None:
            self.tell(self.side.suggestions.hint.text())
            return
        if project.read_only:
            self.tell("This project is open for reading only; nothing can be changed.", "warn")
            return
        job = self.ctx.jobs.start("Suggesting labels", proposing(project, card))
        self._asking = job
        self.side.suggestions.set_busy(True)
        self.tell("The model is looking at the pictures that are not done. Suggestions appear as they come.")
        job.progressed.connect(lambda _fraction, _text: self.document.reload())
        job.succeeded.connect(self._suggested)
        job.failed.connect(self._not_suggested)
        job.cancelled.connect(lambda: self.tell("Stopped; the suggestions so far stay."))
        job.ended.connect(self._asked)

    def _suggested(self, count: int) -> None:
        self.tell(f"{counted(count, 'suggestion')}. Enter goes from one to the next, R rejects; Q reviews all.", "good")

    def _not_suggested(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _asked(self) -> None:
        self._asking = None
        self.side.suggestions.set_busy(False)
        if self.ctx.store.project is not None:
            self.ctx.store.labels_changed.emit(list(self.route.model.ids))

    # Showing ---------------------------------------------------------------------------------------------------

    def _show_nothing(self) -> None:
        self.route.row = self.row = -1
        self.document.open(None)
        self.canvas.begin(1, 1, QPixmap())
        self.canvas.show_words("No pictures are shown in the list.")
        self._show_state()

    def _picture_came(self, path: object, picture: Picture) -> None:
        item = self.document.item
        if item is not None and item.path == path:
            self._show_picture(picture)

    def _show_picture(self, picture: Picture) -> None:
        self.document.set_size(picture.width, picture.height)
        self.canvas.show_picture(picture)
        self._show_state()

    def _picture_failed(self, path: object, problem: Problem) -> None:
        item = self.document.item
        if item is not None and item.path == path:
            self.canvas.show_words(f"{problem.message} {problem.hint}".strip())

    def _show_state(self) -> None:
        document = self.document
        marks = sum(not a.is_proposal for a in document.annotations)
        self.top.show_place(max(0, self.route.row), self.route.model.rowCount())
        self.top.show_item(document.item, document.width, document.height, document.marked, marks)
        self.canvas.setAccessibleName(
            f"Picture {document.item.name} with {counted(marks)}" if document.item is not None else "Picture"
        )
        self._show_review()

    def _show_review(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        queue = self.route.queue
        self.top.show_review(self.route.reviewed(), len(queue), 0 if queue else project.proposals_count())

    def _route_changed(self) -> None:
        if not self.isVisible():
            return
        if not self.route.model.ids:
            self._show_nothing()
        elif self.document.item is None or self.route.item_id != self.document.item.id:
            self.go_to(max(0, self.route.row))
        else:
            self.strip.go_to(self.route.row)
            self._show_state()

    def _changed_elsewhere(self, item_id: int) -> None:
        """Undoing something that was done to another picture shows that picture."""
        row = self.route.model.row_of(item_id)
        if self.isVisible() and row >= 0:
            self.go_to(row)

    def _project_changed(self) -> None:
        self.pictures.forget()
        self.document.open(None)
        self.route.queue = []
        self.route.row = self.row = -1
        self._fresh = True
        self.side.suggestions.show_models([])

    # Keys ------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        command = self._by_key.get(key_of(event))
        if command is not None:
            command.run()
            event.accept()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the editor work in its lists too; what moves in a list stays there."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key = key_of(event)
            if key == "Esc" or (key in self._by_key and key not in _OF_LISTS):
                if key == "Esc":
                    self.canvas.setFocus()
                else:
                    self._by_key[key].run()
                return True
        return super().eventFilter(watched, event)

    def show_menu(self, at: QPoint) -> None:
        """What can be done to the chosen labels."""
        menu = QMenu(self)
        if self.document.selection:
            classes = menu.addMenu("Class")
            for found in list(self.document.classes.values())[:30]:
                classes.addAction(found.name, partial(self.deeds.take_class, found.id))
            classes.addAction("Another …", lambda: self.find_class("What is this?", at))
        for command in self.commands:
            if command.in_menu:
                action = menu.addAction(f"{command.title}\t{command.keys[0]}" if command.keys else command.title)
                action.triggered.connect(lambda _checked=False, c=command: c.run())
                action.setEnabled(
                    bool(self.document.selection) or command.id in ("paste", "choose-all", "copy-previous")
                )
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def show_shortcuts(self) -> None:
        from workbench.gui.editors.picture.shortcuts_dialog import ShortcutsDialog

        dialog = ShortcutsDialog(shortcuts(self.commands), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    # Building --------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        column.addWidget(self.top)
        column.addWidget(self.banner)
        middle = QHBoxLayout()
        middle.setSpacing(S)
        middle.addWidget(self.tool_bar)
        centre = QVBoxLayout()
        centre.setSpacing(S)
        centre.addWidget(self.paint)
        centre.addWidget(self.canvas, 1)
        middle.addLayout(centre, 1)
        middle.addWidget(self.side)
        column.addLayout(middle, 1)
        column.addWidget(self.strip)
        lists: list[QWidget] = [*self.findChildren(QListView), *self.findChildren(QListWidget)]
        for widget in lists:
            if not isinstance(widget.parentWidget(), QLineEdit):
                widget.installEventFilter(self)

    def _connect(self) -> None:
        canvas, document, top = self.canvas, self.document, self.top
        top.asked.connect(self.run)
        top.jumped.connect(self.go_to)
        self.tool_bar.asked.connect(self.run)
        self.tool_bar.picked.connect(self.take)
        self.side.labels.asked.connect(self.run)
        self.side.suggestions.asked.connect(self.run)
        self.side.suggestions.least_changed.connect(self._set_least)
        self.side.classes.filtered.connect(self._class_picked)
        labels = self.side.labels.list
        labels.hide_wanted.connect(lambda i: self.deeds.toggle_hidden([i]))
        labels.lock_wanted.connect(lambda i: self.deeds.toggle_locked([i]))
        labels.labels.reordered.connect(self.deeds.put_order)
        labels.menu_wanted.connect(self.show_menu)
        labels.doubleClicked.connect(lambda _index: canvas.show_chosen())
        self.strip.picked.connect(self._strip_picked)
        canvas.drew.connect(self._shape_drawn)
        canvas.fill_wanted.connect(self._fill)
        canvas.class_needed.connect(lambda: self.find_class("What shall be painted?", QCursor.pos()))
        canvas.class_wanted.connect(lambda: self.find_class("What is this?", QCursor.pos()))
        canvas.menu_wanted.connect(self.show_menu)
        canvas.zoomed.connect(self.tool_bar.show_zoom)
        canvas.brush_sized.connect(self._brush_sized)
        paint = self.paint
        paint.sized.connect(canvas.set_brush)
        paint.strengthened.connect(self._strengthen)
        paint.over.connect(self._paint_over)
        document.changed.connect(self._show_state)
        document.said.connect(self.tell)
        document.elsewhere.connect(self._changed_elsewhere)
        self.pictures.came.connect(self._picture_came)
        self.pictures.failed.connect(self._picture_failed)
        self.route.changed.connect(self._route_changed)
        self.ctx.store.project_changed.connect(self._project_changed)

    def _class_picked(self, class_id: int) -> None:
        if class_id in self.document.classes:
            self.deeds.take_class(class_id)
            self.canvas.setFocus()

    def _strip_picked(self, row: int) -> None:
        self.go_to(row)
        self.canvas.setFocus()

    # What is remembered ----------------------------------------------------------------------------------------

    def _recall(self) -> None:
        """Settings of the last time."""
        settings, canvas = self.ctx.settings, self.canvas
        canvas.snaps = settings.text("editor/snap", "1") == "1"
        canvas.guides = settings.text("editor/guides", "1") == "1"
        canvas.set_brush(_number(settings.text("editor/brush"), 20))
        self.paint.strength.setValue(_number(settings.text("editor/strength"), 50))
        self.strip.setVisible(settings.text("editor/strip", "1") == "1")
        self.tool_bar.snap.setChecked(canvas.snaps)
        self.tool_bar.guides.setChecked(canvas.guides)
        self.tool_bar.show_tool("select")

    def toggle(self, name: str) -> None:
        """Turn a setting over and remember it: snap, guides or strip."""
        if name == "strip":
            on = not self.strip.isVisible()
            self.strip.setVisible(on)
        elif name == "snap":
            on = self.canvas.snaps = not self.canvas.snaps
            self.tool_bar.snap.setChecked(on)
        else:
            on = self.canvas.guides = not self.canvas.guides
            self.tool_bar.guides.setChecked(on)
        self.ctx.settings.set_text(f"editor/{name}", "1" if on else "0")
        self.canvas.refresh()

    def hide_all(self) -> None:
        self.document.hide_all(not self.document.all_hidden)
        self.tool_bar.eye.setChecked(self.document.all_hidden)

    def _set_least(self, least: float) -> None:
        self.document.set_least(least)

    def _strengthen(self, strength: float) -> None:
        self.canvas.masks.strength = strength
        self.canvas.masks.view_changed()
        self.canvas.refresh()

    def _paint_over(self, over: bool) -> None:
        self.canvas.paints_over = over

    def _brush_sized(self, size: int) -> None:
        self.paint.show_size(size)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        settings = self.ctx.settings
        settings.set_text("editor/brush", str(self.canvas.brush_size))
        settings.set_text("editor/strength", str(self.paint.strength.value()))


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default
