"""What a page is. Pages are made when first visited, so that the window is there at once."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from workbench.gui.context import AppContext
from workbench.gui.theme import XL


class Page(QWidget):
    """One page of the left rail.

    Subclasses build their widgets in `__init__` into `self.body`, read state from `self.ctx`, and do long work
    only through `self.ctx.jobs`.
    """

    page_id = ""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.setProperty("role", "page")
        self.setObjectName(f"page-{self.page_id}")
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(XL, XL, XL, XL)

    def receive(self, intent: dict[str, Any]) -> None:
        """Another page sends the person here with something to show, e.g. {"model_id": ...}; see `AppContext.go`."""

    def shown(self) -> None:
        """The page has just become the visible one."""

    @property
    def in_front(self) -> bool:
        """The page that is looked at. Another need not follow what changes elsewhere where `shown` reads it anew."""
        return not self.isHidden()

    def accept_drop(self, paths: list[str]) -> bool:
        """Files were dropped on the window outside any drop zone; True if this page took them."""
        return False
