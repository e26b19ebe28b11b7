"""Results: how good a trained model is, where it goes wrong, and what changed since the last one."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QWidget

from workbench.gui.context import AppContext
from workbench.gui.pages.base import Page


class ResultsPage(Page):
    """Accuracy, tables, the confusion matrix and the mistakes of one run of the open project."""

    page_id = "results"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)

    def receive(self, intent: dict[str, Any]) -> None:
        """Intents: {"run_id"}: show this run."""
