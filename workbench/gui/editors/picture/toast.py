"""Sentences over the canvas. They float, so that nothing moves under the pointer when one comes or goes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from workbench.gui.widgets.basic import Banner

_WIDEST = 620
_MARGIN = 12
# What has to be mended stays until it is closed.
_SECONDS = {"info": 7, "good": 7, "warn": 14, "bad": 0}


class Toast(Banner):
    """A banner at the upper edge of `over`, which goes by itself after a while."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        over.installEventFilter(self)

    def show_message(
        self,
        text: str,
        kind: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        other: str = "",
        on_other: Callable[[], object] | None = None,
    ) -> None:
        super().show_message(text, kind, action, on_action, other, on_other)
        self._place()
        self.raise_()
        self._timer.stop()
        if _SECONDS[kind]:
            self._timer.start(_SECONDS[kind] * 1000)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        wanted = self.text.fontMetrics().horizontalAdvance(self.text.text()) + self.sizeHint().width()
        width = max(200, min(_WIDEST, wanted, self._over.width() - 2 * _MARGIN))
        height = self.heightForWidth(width) if self.hasHeightForWidth() else self.sizeHint().height()
        self.setGeometry((self._over.width() - width) // 2, _MARGIN, width, max(36, height))
