"""The small pieces every page is built from. They carry the look, so pages only arrange them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from workbench.errors import Problem, UserError
from workbench.gui.icons import icon, pixmap
from workbench.gui.theme import XL, L, M, S, theme

ICON_NAMES = {"info": "info", "good": "circle-check", "warn": "triangle-alert", "bad": "circle-alert"}
ICON_COLOURS = {"info": "accent", "good": "good", "warn": "warn", "bad": "bad"}


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its look (see theme.style_sheet); may be called again to change it."""
    widget.setProperty("role", role)
    repolish(widget)


def repolish(widget: QWidget) -> None:
    """Apply the style sheet again after a dynamic property changed; nothing to do where it is yet to be applied."""
    if not widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        return
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def until_closed(dialog: QDialog) -> int:
    """Show a dialog and wait until it is closed. Returns what it was closed with; the dialog is deleted soon afterwards: it
    belongs to its parent, and would otherwise live as long as the window."""
    try:
        return dialog.exec()
    finally:
        dialog.deleteLater()


def clear_layout(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (entry := layout.takeAt(0)) is not None:
        widget = entry.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        inner = entry.layout()
        if inner is not None:
            clear_layout(inner)


def label(text: str = "", role: str = "", *, wrap: bool = False, selectable: bool = False) -> QLabel:
    """A text. Roles: title, heading, strong, soft, faint, number, badge, badge-good, badge-warn.

    Always plain text: names of files and classes come from outside and must not be read as HTML.
    """
    widget = QLabel(text)
    widget.setTextFormat(Qt.TextFormat.PlainText)
    widget.setWordWrap(wrap)
    if role:
        widget.setProperty("role", role)
    if selectable:
        widget.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return widget


def headed(column: QBoxLayout, title: str, words: str) -> None:
    """Put in what a window or a part of one is called, and below it what it is for."""
    column.addWidget(label(title, "heading", wrap=True))
    column.addWidget(label(words, "soft", wrap=True))


class IconLabel(QLabel):
    """An icon that follows the theme."""

    def __init__(self, name: str, size: int = 20, colour: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._size, self._colour = name, size, colour
        theme().changed.connect(self._draw)
        self._draw()

    def set_icon(self, name: str, colour: str | None = None) -> None:
        self._name = name
        self._colour = colour or self._colour
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(pixmap(self._name, self._size, self._colour))


def button(
    text: str,
    on_click: Callable[[], object] | None = None,
    *,
    role: str = "",
    icon_name: str = "",
    tip: str = "",
    name: str = "",
) -> QPushButton:
    """A push button. Roles: primary (one per view), danger, quiet, chip. `name`: objectName for tests."""
    # The blank keeps the icon off the words; Qt has no spacing for it.
    widget = QPushButton(f" {text}" if icon_name and text else text)
    widget.setAccessibleName(text or tip)
    widget.setCursor(Qt.CursorShape.PointingHandCursor)
    if role:
        widget.setProperty("role", role)
    if icon_name:
        colour = {"primary": "accent_text", "danger": "bad", "quiet": "accent"}.get(role, "text")

        def draw() -> None:
            widget.setIcon(icon(icon_name, colour))

        _follow_theme(widget, draw)
    if tip:
        widget.setToolTip(tip)
    if name:
        widget.setObjectName(name)
    if on_click is not None:
        widget.clicked.connect(lambda _checked=False: on_click())
    return widget


def icon_button(
    icon_name: str, tip: str, on_click: Callable[[], object] | None = None, *, name: str = ""
) -> QToolButton:
    """A small button with only an icon; `tip` is also its accessible name."""
    widget = QToolButton()
    widget.setToolTip(tip)
    widget.setAccessibleName(tip)
    widget.setCursor(Qt.CursorShape.PointingHandCursor)
    _follow_theme(widget, lambda: widget.setIcon(icon(icon_name, "text_soft", checked="accent")))
    if name:
        widget.setObjectName(name)
    if on_click is not None:
        widget.clicked.connect(lambda _checked=False: on_click())
    return widget


class _ThemeFollower(QObject):
    """A child that redraws its parent's icon when the theme changes, and dies with it."""

    def __init__(self, parent: QWidget, draw: Callable[[], None]) -> None:
        super().__init__(parent)
        self._call = draw
        theme().changed.connect(self._redraw)
        draw()

    def _redraw(self) -> None:
        self._call()


def _follow_theme(widget: QWidget, draw: Callable[[], None]) -> None:
    _ThemeFollower(widget, draw)


class Card(QFrame):
    """A white (or dark) rounded panel. `body` is its vertical layout.

    Signals:
        clicked(): when made selectable and clicked, or Enter/Space pressed on it.
    """

    clicked = Signal()

    def __init__(
        self, parent: QWidget | None = None, *, selectable: bool = False, margin: int = L, spacing: int = S
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setProperty("selectable", selectable)
        self._selectable = selectable
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(spacing)
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def set_selected(self, selected: bool) -> None:
        self.setProperty("selected", selected)
        repolish(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if (
            self._selectable
            and event.button() == Qt.MouseButton.LeftButton
            and self.rect().contains(event.position().toPoint())
        ):
            self.clicked.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._selectable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)


class Banner(QFrame):
    """One sentence beside the thing it concerns, with an optional action. Hidden until `show_*` is called."""

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(M, S, S, S)
        row.setSpacing(S)
        self._icon = IconLabel("info", 18, "accent")
        row.addWidget(self._icon)
        self.text = label("", wrap=True, selectable=True)
        row.addWidget(self.text, 1)
        self._actions = QHBoxLayout()
        row.addLayout(self._actions)
        self._close = icon_button("x", "Hide this message", self.hide)
        row.addWidget(self._close)
        # Only now that it has a parent: shown without one, it would be a window of its own for a moment.
        self._close.setVisible(closable)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.hide()

    def show_message(
        self,
        text: str,
        kind: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        other: str = "",
        on_other: Callable[[], object] | None = None,
    ) -> None:
        """`kind`: info, good, warn or bad; up to two things to do about it."""
        self._icon.set_icon(ICON_NAMES[kind], ICON_COLOURS[kind])
        self.text.setText(text)
        self.setAccessibleName(text)
        set_role(self, f"banner-{kind}")
        clear_layout(self._actions)
        if action and on_action is not None:
            self._actions.addWidget(button(action, on_action))
        if other and on_other is not None:
            self._actions.addWidget(button(other, on_other))
        self.show()

    def show_error(self, error: Problem | UserError | str) -> None:
        if isinstance(error, str):
            self.show_message(error, "bad")
        else:
            self.show_message(f"{error.message} {error.hint}".strip(), "bad")


class EmptyState(QWidget):
    """What to do when there is nothing yet: an icon, a heading, a sentence, and one or two buttons."""

    def __init__(self, icon_name: str, heading: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setSpacing(M)
        column.addStretch(1)
        column.addWidget(IconLabel(icon_name, 48, "text_faint"), 0, Qt.AlignmentFlag.AlignHCenter)
        self.heading = label(heading, "heading")
        column.addWidget(self.heading, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text = label(text, "soft", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.text.setMinimumWidth(420)
        self.text.setMaximumWidth(520)
        column.addWidget(self.text, 0, Qt.AlignmentFlag.AlignHCenter)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(S)
        holder = QHBoxLayout()
        holder.addStretch(1)
        holder.addLayout(self.buttons)
        holder.addStretch(1)
        column.addLayout(holder)
        column.addStretch(2)

    def add_action(
        self,
        text: str,
        on_click: Callable[[], object],
        *,
        primary: bool = False,
        icon_name: str = "",
        name: str = "",
    ) -> QPushButton:
        widget = button(text, on_click, role="primary" if primary else "", icon_name=icon_name, name=name)
        self.buttons.addWidget(widget)
        return widget


class DropZone(QFrame):
    """A dashed area that takes dropped files, pictures and texts; clicking it (or Enter) asks for files.

    Signals:
        dropped(QMimeData): something was dropped; read it with `local_paths` or the mime data itself.
        clicked(): the person wants to choose files.
    """

    dropped = Signal(object)
    clicked = Signal()

    def __init__(self, heading: str, text: str, icon_name: str = "download", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(heading)
        self.setAccessibleDescription(text)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(XL, XL, XL, XL)
        self.column.setSpacing(S)
        self.column.addStretch(1)
        self.column.addWidget(IconLabel(icon_name, 36, "accent"), 0, Qt.AlignmentFlag.AlignHCenter)
        self.heading = label(heading, "heading")
        self.column.addWidget(self.heading, 0, Qt.AlignmentFlag.AlignHCenter)
        self.text = label(text, "soft", wrap=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.column.addWidget(self.text)
        self.column.addStretch(1)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if accepts(event.mimeData()):
            event.acceptProposedAction()
            self._set_active(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._set_active(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self._set_active(False)
        event.acceptProposedAction()
        self.dropped.emit(event.mimeData())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self.setAcceptDrops(self.isEnabled())

    def _set_active(self, active: bool) -> None:
        self.setProperty("active", active)
        repolish(self)


def accepts(mime: QMimeData) -> bool:
    """Can anything be made of what is being dragged?"""
    return mime.hasUrls() or mime.hasImage() or mime.hasText()


def local_paths(mime: QMimeData) -> list[str]:
    """Paths of the local files and folders in a drop or on the clipboard, in order."""
    return [url.toLocalFile() for url in mime.urls() if url.isLocalFile() and url.toLocalFile()]


def line() -> QFrame:
    """A hairline."""
    widget = QFrame()
    widget.setProperty("role", "line")
    return widget


def row(*widgets: QWidget | int, spacing: int = S) -> QHBoxLayout:
    """Widgets side by side; an int n stands for a stretch of n."""
    layout = QHBoxLayout()
    layout.setSpacing(spacing)
    for widget in widgets:
        if isinstance(widget, int):
            layout.addStretch(widget)
        else:
            layout.addWidget(widget)
    return layout
