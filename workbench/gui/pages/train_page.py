"""Train: set up a fine-tuning in four steps, then watch it learn."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page


class TrainPage(Page):
    """The wizard and the live view. A running training goes on when the person leaves the page."""

    page_id = "train"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)

    def receive(self, intent: dict[str, Any]) -> None:
        """Intents: {"model_id"}: start from this model; {"run_id"}: go on with an interrupted run."""
