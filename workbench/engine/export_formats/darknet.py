"""YOLO models in Darknet's own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_check import file_name
from workbench.engine.export_darknet import export_darknet
from workbench.engine.export_formats.base import Exported


class DarknetFiles:
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "darknet"
    title = "YOLO's own files"
    summary = "For the many programs that open YOLO networks, such as OpenCV and Darknet itself."
    term = "Darknet: .cfg, .weights and .names"
    icon = "crosshair"
    place = 60
    asks_samples = False
    apart = False

    def fits(self, card: ModelCard) -> bool:
        return card.runtime == "darknet"

    def made(self, card: ModelCard) -> str:
        return f"{file_name(card)}-darknet"

    def export(self, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> Exported:
        return Exported(export_darknet(card, target, control))


FORMAT = DarknetFiles()
