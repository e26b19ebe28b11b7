"""ONNX, for programs of any language."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export import export_onnx
from workbench.engine.export_check import file_name
from workbench.engine.export_formats.base import Checked, Exported
from workbench.engine.export_formats.original import sorts
from workbench.tasks.registry import get_task


class OnnxFile:
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "onnx"
    title = "A file for other programs"
    summary = "For programs in any language, on computers, phones and small devices: the usual exchange format."
    term = "ONNX, any number of items at once; preparation and labels in metadata_props and in a .json beside it"
    icon = "share-2"
    place = 50
    asks_samples = True
    apart = True

    def fits(self, card: ModelCard) -> bool:
        special = find_spec(f"workbench.engine.export_{get_task(card.main_task).info.result}") is not None
        return not card.is_remote and (special or sorts(card, "picture", "text", "sound"))

    def made(self, card: ModelCard) -> str:
        return f"{file_name(card)}.onnx"

    def export(self, card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> Exported:
        check = export_onnx(card, target, samples, control)
        return Exported(
            check.path, Checked(check.samples, check.max_difference, check.agreement, check.passed, warns=check.warns)
        )


FORMAT = OnnxFile()
