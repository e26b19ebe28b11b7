"""YOLO models back in Darknet's own files, for the many programs that read those: .cfg, .weights and .names."""

from __future__ import annotations

from pathlib import Path

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.export_check import file_name, free, making
from workbench.engine.pool import shared_pool
from workbench.engine.report.make import put_papers
from workbench.errors import UserError


def export_darknet(card: ModelCard, target: Path, control: Control | None = None) -> Path:
    """Write a folder with ID.cfg, ID.weights and ID.names, and the model's report.

    Raises:
        UserError: when it is no Darknet model, the place is taken or cannot be written.
        Cancelled: when asked to stop; no half folder stays.
    """
    from workbench.runtimes.darknet_net import cfg_text, write_weights
    from workbench.runtimes.darknet_runtime import DarknetDetector

    control = control or Control()
    name = file_name(card)
    folder = target / f"{name}-darknet"
    free(folder)
    with making(target) as work:
        with shared_pool().use(card, "cpu", control) as model:
            if not isinstance(model, DarknetDetector):
                raise UserError(
                    f"“{card.name}” is no YOLO network of Darknet.", "Export its folder, or export it as ONNX."
                )
            control.progress(0, 0, "Exporting")
            (work / f"{name}.cfg").write_text(cfg_text(model.sections), encoding="utf-8")
            (work / f"{name}.names").write_text("".join(f"{label}\n" for label in model.labels), encoding="utf-8")
            write_weights(model.module, work / f"{name}.weights")
        control.check()
        put_papers(card, work, control)
        atomic.put(work, folder)
    return folder
