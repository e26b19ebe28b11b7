"""PyTorch's own format for finished networks (torch.export), the successor of TorchScript, which torch no longer develops."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export import standing
from workbench.engine.export_formats.base import Checked, FolderFormat, compared
from workbench.engine.export_formats.original import Given, Original, sorts
from workbench.engine.export_formats.plain_python import NOTE
from workbench.errors import UserError

NETWORK = "model.pt2"
_SIZES = (1, 3)


class ExportedProgram(FolderFormat):
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "torch-program"
    title = "A finished PyTorch network"
    summary = "For someone who programs with PyTorch: opens without the library that the network came from."
    term = "ExportedProgram (torch.export, .pt2), any number of items at once; TorchScript is no longer developed"
    icon = "cpu"
    place = 70

    def fits(self, card: ModelCard) -> bool:
        return sorts(card, "picture", "text")

    def write(self, source: Original, work: Path, control: Control) -> str:
        import torch

        picture = source.task.info.media == "picture"
        network, example = standing(source.model, source.task)
        free = [{0: torch.export.Dim.DYNAMIC} | ({} if picture else {1: torch.export.Dim.DYNAMIC}) for _ in example]
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                made = torch.export.export(
                    network, tuple(example.values()), dynamic_shapes=(tuple(free),), strict=False
                )
                control.check()
                torch.export.save(made, work / NETWORK)
        except (RuntimeError, ValueError, TypeError, torch._dynamo.exc.UserError) as error:
            logging.getLogger(__name__).info("torch.export of %s: %s", source.card.id, error)
            raise UserError(
                f"“{source.card.name}” cannot be given this form.", "Export it as a file for other programs (ONNX)."
            ) from error
        note: dict[str, Any] = source.answering() | source.preparing()
        note |= {"inputs": list(example), "output": "logits", "torch": torch.__version__.partition("+")[0]}
        if not picture:
            note |= source.model.beside(work)
        (work / NOTE).write_text(json.dumps(note, indent=1, ensure_ascii=False), encoding="utf-8")
        return f'In Python: torch.export.load("{NETWORK}").module()(…); {NOTE} says what goes in.'

    def check(self, source: Original, work: Path, given: Sequence[Given], control: Control) -> Checked:
        import torch

        network = torch.export.load(work / NETWORK).module()
        rows: list[list[float]] = []
        prepared = [source.task.prepare(_sample(source, one), source.model) for one in given]
        # Of a text longer than the network takes at once every window is asked about by itself.
        windows = [
            [{**p, "input_ids": ids, "attention_mask": [1] * len(ids)} for ids in (p["input_ids"], *p.get("more", ()))]
            if "input_ids" in p
            else [p]
            for p in prepared
        ]
        for number, several in enumerate(windows):
            control.check()
            size = _SIZES[number % len(_SIZES)]
            batch = source.model.alone(source.task.collate(several * size, source.model))
            with torch.inference_mode():
                logits = network(*batch.values())[: len(several)].mean(0, keepdim=True)
            said: Any = source.task.said(logits, source.model, [""])[0]
            row = [0.0] * len(source.labels)
            for score in said.top:
                row[score.index] = score.value
            rows.append(row)
        return compared(given, rows)


def _sample(source: Original, one: Given) -> Sample:
    if source.task.info.media == "text":
        return Sample("text", text=one.value)
    return Sample(source.task.info.media, path=Path(one.value))


FORMAT = ExportedProgram()
