"""The bar above the canvas (where one is, what is done) and the tools to its left."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.data.types import Item
from workbench.gui.editors.picture.tools.base import Tool
from workbench.gui.theme import XS, S
from workbench.gui.widgets.basic import button, icon_button, label, set_role

_SPLITS = {"train": "learnt from", "validation": "steers the training", "test": "kept for the test",
           "new": "kept to judge later versions"}  # fmt: skip


class TopBar(QWidget):
    """Signals:
    asked(str): id of a command.
    jumped(int): the row the person typed, counted from 0.
    """

    asked = Signal(str)
    jumped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.back = button(
            "Pictures",
            lambda: self.asked.emit("back"),
            icon_name="arrow-left",
            name="editor-back",
            tip="Back to the list (Esc)",
        )
        row.addWidget(self.back)
        row.addSpacing(XS)
        row.addWidget(
            icon_button(
                "chevron-left",
                "Previous picture (Page Up)",
                lambda: self.asked.emit("previous"),
                name="editor-previous",
            )
        )
        self.place = QSpinBox()
        self.place.setMinimum(1)
        self.place.setFixedWidth(60)
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.place.setKeyboardTracking(False)
        self.place.setAccessibleName("Number of the picture")
        self.place.setToolTip("Type a number to go there (Ctrl+G)")
        self.place.valueChanged.connect(lambda value: self.jumped.emit(value - 1))
        row.addWidget(self.place)
        self.total = label("", "soft")
        row.addWidget(self.total)
        row.addWidget(
            icon_button(
                "chevron-right", "Next picture (Page Down)", lambda: self.asked.emit("next"), name="editor-next"
            )
        )
        row.addWidget(
            icon_button(
                "skip-forward",
                "Next picture that is not done (X)",
                lambda: self.asked.emit("next-open"),
                name="editor-next-open",
            )
        )
        self.name = label("", "strong")
        # It gives way to the buttons; `_elide` fits it to what is left.
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.name.setMinimumWidth(40)
        self._whole_name = ""
        row.addWidget(self.name, 1)
        self.state = label("", "badge")
        row.addWidget(self.state, 0, Qt.AlignmentFlag.AlignVCenter)
        self.review = button("Review", lambda: self.asked.emit("review"), icon_name="list-checks", name="editor-review")
        row.addWidget(self.review)
        row.addWidget(icon_button("undo-2", "Undo (Ctrl+Z)", lambda: self.asked.emit("undo"), name="editor-undo"))
        row.addWidget(icon_button("redo-2", "Redo (Ctrl+Shift+Z)", lambda: self.asked.emit("redo"), name="editor-redo"))
        row.addWidget(
            icon_button("keyboard", "Keyboard shortcuts (?)", lambda: self.asked.emit("shortcuts"), name="editor-keys")
        )
        self.nothing = button(
            "Nothing here", lambda: self.asked.emit("nothing"), name="editor-nothing",
            tip="Done: there is nothing to label in this picture (N). Models learn from such pictures too.",
        )  # fmt: skip
        row.addWidget(self.nothing)
        self.done = button(
            "Done", lambda: self.asked.emit("done"), role="primary", icon_name="check", name="editor-done",
            tip="All of this picture is labelled; go to the next one (D or Enter)",
        )  # fmt: skip
        row.addWidget(self.done)
        for widget in (self.back, self.review, self.nothing, self.done):
            widget.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def show_place(self, row: int, total: int) -> None:
        with QSignalBlocker(self.place):
            self.place.setMaximum(max(1, total))
            self.place.setValue(row + 1)
        self.total.setText(f"of {total:,}")

    def show_item(self, item: Item | None, width: int, height: int, marked: bool, marks: int) -> None:
        """Name, size and whether it is done."""
        if item is None:
            self._whole_name = ""
            self.name.setText("")
            self.state.setText("")
            return
        split = f"   {_SPLITS[item.split.value]}" if item.split is not None else ""
        self._whole_name = item.name
        self._elide()
        self.name.setToolTip(f"{item.name}\n{width} × {height}{split}")
        self.state.setText(("Done" if marks else "Done: nothing here") if marked else "Not done")
        set_role(self.state, "badge-good" if marked else "badge")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        mode, room = Qt.TextElideMode.ElideMiddle, self.name.width() - 2
        # Two letters and dots tell nobody anything.
        shown = self.name.fontMetrics().elidedText(self._whole_name, mode, room) if room > 60 else ""
        self.name.setText(shown)

    def show_review(self, reviewed: int, total: int, waiting: int) -> None:
        """Progress while one is reviewing (total > 0), else how many pictures wait for it."""
        if total:
            self.review.setText(f" {reviewed} of {total} reviewed")
            self.review.setToolTip("End the review and go on with all pictures (Q)")
        else:
            self.review.setText(f" Review {waiting:,}" if waiting else " Review")
            self.review.setToolTip(
                "Go through the pictures with suggestions, the least certain first (Q)"
                if waiting else "There are no suggestions to review. “Suggest” makes some."
            )  # fmt: skip
        self.review.setEnabled(bool(total or waiting))
        self.review.setAccessibleName(self.review.text().strip())


class ToolBar(QFrame):
    """Signals:
    picked(str): id of a tool.
    asked(str): id of a command.
    """

    picked = Signal(str)
    asked = Signal(str)

    def __init__(self, tools: Sequence[Tool]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(XS, XS, XS, XS)
        column.setSpacing(XS)
        self._tools: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        for tool in tools:
            made = self._button(tool.icon, f"{tool.title} ({tool.key}). {tool.tip}", f"tool-{tool.id}", checkable=True)
            made.clicked.connect(lambda _checked=False, i=tool.id: self.picked.emit(i))
            group.addButton(made)
            self._tools[tool.id] = made
            column.addWidget(made)
        column.addWidget(self._line())
        self.snap = self._button(
            "magnet", "Snap to edges of the picture and of other boxes (S)", "toggle-snap", checkable=True
        )
        self.snap.clicked.connect(lambda: self.asked.emit("snap"))
        self.guides = self._button(
            "crosshair", "Lines through the pointer while drawing (G)", "toggle-guides", checkable=True
        )
        self.guides.clicked.connect(lambda: self.asked.emit("guides"))
        self.copy = self._button("copy-plus", "Copy the labels of the picture before (Ctrl+Shift+V)", "copy-previous")
        self.copy.clicked.connect(lambda: self.asked.emit("copy-previous"))
        self.eye = self._button("eye", "Hide all labels for now (Shift+H)", "toggle-all", checkable=True)
        self.eye.clicked.connect(lambda: self.asked.emit("hide-all"))
        for widget in (self.snap, self.guides, self.eye, self.copy):
            column.addWidget(widget)
        column.addStretch(1)
        self.zoom = QToolButton()
        self.zoom.setObjectName("view-actual")
        self.zoom.setToolTip("Pixel for pixel, and back (Z)")
        self.zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.zoom.setFixedSize(40, 28)
        self.zoom.setStyleSheet("padding: 0; font-size: 9pt;")
        self.zoom.clicked.connect(lambda: self.asked.emit("actual"))
        for name, icon_name, tip in (
            ("zoom-in", "zoom-in", "Closer (+)"),
            ("zoom-out", "zoom-out", "Farther (-)"),
            ("fit", "maximize", "The whole picture (0)"),
        ):
            made = self._button(icon_name, tip, f"view-{name}")
            made.clicked.connect(lambda _checked=False, n=name: self.asked.emit(n))
            column.addWidget(made)
        column.addWidget(self.zoom)

    def show_tool(self, tool_id: str) -> None:
        self._tools[tool_id].setChecked(True)

    def show_zoom(self, scale: float) -> None:
        words = f"{scale:.0%}" if scale >= 0.1 else f"{scale:.1%}"
        self.zoom.setText(words)
        self.zoom.setAccessibleName(f"Zoom {words}: pixel for pixel, and back")

    def _button(self, icon_name: str, tip: str, name: str, *, checkable: bool = False) -> QToolButton:
        made = icon_button(icon_name, tip, name=name)
        made.setCheckable(checkable)
        # A click leaves the keyboard on the canvas; Tab still gets here.
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setFixedSize(40, 34)
        return made

    @staticmethod
    def _line() -> QFrame:
        made = QFrame()
        made.setProperty("role", "line")
        return made
