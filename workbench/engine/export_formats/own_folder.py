"""The folder that Model Workbench on another computer imports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export import export_folder
from workbench.engine.export_check import file_name
from workbench.engine.export_formats.base import Exported


class OwnFolder:
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "folder"
    title = "A folder for Model Workbench"
    summary = "For this app on another computer: try it, use it and teach it further there."
    term = "Weights (safetensors), card.json and labels"
    icon = "folder-output"
    place = 10
    asks_samples = False
    apart = False

    def fits(self, card: ModelCard) -> bool:
        return card.is_own and not card.is_remote

    def made(self, card: ModelCard) -> str:
        return file_name(card)

    def export(self, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> Exported:
        return Exported(export_folder(card, target, control), None, "Import it there on the Use page.")


FORMAT = OwnFolder()
