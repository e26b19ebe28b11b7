"""Taking a model elsewhere: as a folder this app opens on another computer, or as ONNX for other programs."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog, read_own_card, write_card
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_check import (
    OnnxCheck,
    as_its_place,
    file_name,
    free,
    making,
    making_onnx,
    write_note,
    write_onnx,
)
from workbench.engine.pool import shared_pool
from workbench.engine.report.make import put_papers
from workbench.engine.report.readme import model_page
from workbench.errors import UserError
from workbench.hub.store import files
from workbench.runtimes.fast_body import engines
from workbench.runtimes.network import Network
from workbench.runtimes.registry import open_model
from workbench.runtimes.sound_network import SoundNetwork
from workbench.tasks.base import PooledTask
from workbench.tasks.decision import decision_of
from workbench.tasks.registry import get_pooled, get_task
from workbench.tasks.tag_answers import tag_thresholds
from workbench.tasks.tag_calibration import tag_calibration_of
from workbench.tasks.tag_decision import tag_decision_of
from workbench.tasks.temperature import temperature_of

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["OnnxCheck", "export_folder", "export_onnx", "import_folder", "model_page"]

_MAX_IMPORT_BYTES = 20_000_000_000
_SUFFIXES = (".json", ".safetensors", ".txt", ".md", ".model", ".cfg")
_OTHERS = (".onnx", ".tflite", ".pth", ".pt", ".bin", ".weights", ".cfg", ".pb", ".spm", ".model", ".jinja")
# Largest difference of a logit that rounding alone explains, relative to the largest logit.
_TOLERANCE = 1e-3
_MAX_CHECKED = 32
# The second output of models that know what they learnt from, and its entry in the note.
_STRANGENESS = "strangeness"


def export_folder(card: ModelCard, target: Path, control: Control | None = None) -> Path:
    """Copy an own model to `target`/ID with its card, its labels, and its report as web page, PDF and README.

    Raises:
        UserError: when it is no own model, the place is taken or cannot be written.
    """
    if not card.is_own:
        raise UserError(f"“{card.name}” is not one of your own models.", "Train it first; then export the result.")
    if card.is_remote:
        raise UserError(f"“{card.name}” is on another computer: there is nothing to export.", "")
    files(card)  # says when they are gone
    source = Path(card.source.ref)
    folder = target / file_name(card)
    free(folder)
    control = control or Control()
    with making(target) as work:
        for file in sorted(source.iterdir()):
            control.check()
            if file.is_file():
                shutil.copy2(file, work / file.name)
        write_card(card, work)
        (work / "labels.txt").write_text("\n".join(card.label_names) + "\n", encoding="utf-8")
        put_papers(card, work, control)
        as_its_place(work, target)
        atomic.put(work, folder)
    return folder


def import_folder(folder: Path, catalog: Catalog, control: Control | None = None) -> ModelCard:
    """Take a model folder in among the own models; the folder given is left as it is.

    Raises:
        UserError: when it is no model folder, damaged, or there is no room.
    """
    from workbench.app_paths import app_paths

    card = read_own_card(folder)
    if card.arch == "torchscript":
        raise UserError(
            "TorchScript holds a program of its own.", "Open the file itself on the Models page; you are asked there."
        )
    # A model that was opened from a file of another program has that file beside its card.
    kept = (*_SUFFIXES, *_OTHERS) if card.source.kind == "import" else _SUFFIXES
    inside = [f for f in sorted(folder.iterdir()) if f.is_file() and f.suffix in kept and not f.is_symlink()]
    if sum(f.stat().st_size for f in inside) > _MAX_IMPORT_BYTES:
        raise UserError(f"The model in “{folder.name}” is too large.", "Choose another one.")
    control = control or Control()
    control.progress(0, 0, "Checking the model")
    open_model(card, files(card))  # says what is wrong with it before anything is copied
    control.check()
    models = app_paths().models
    models.mkdir(parents=True, exist_ok=True)
    taken = {c.id for c in catalog.cards()}
    base = file_name(card)
    name, number = base, 1
    while name in taken or (models / name).exists():
        number += 1
        name = f"{base}-{number}"
    with making(models, ("The model could not be copied.", "Make room on the disk and try again.")) as work:
        for file in inside:
            control.check()
            shutil.copy2(file, work / file.name)
        card = replace(card, id=name, source=replace(card.source, ref=str(models / name)))
        write_card(card, work)
        atomic.put(work, models / name)
    catalog.refresh()
    return catalog.get(name)


def export_onnx(card: ModelCard, target: Path, samples: Sequence[Sample], control: Control | None = None) -> OnnxCheck:
    """Write `target`/ID.onnx (inputs and logits with a free batch size; where the model knows what it learnt from also how far
    each input is from that, "strangeness") and ID.json (labels and preparation), and check
    it with ONNX Runtime against the original on real samples. Kinds of answers that are no scores have a module of their
    own: `workbench.engine.export_KIND`.

    Raises:
        UserError: when the place cannot be written or the model cannot be exported.
        Cancelled: when asked to stop; no half file stays.
    """
    control = control or Control()
    special = f"workbench.engine.export_{get_task(card.main_task).info.result}"
    export = import_module(special).export_onnx if find_spec(special) is not None else _export_pooled
    check: OnnxCheck = export(card, target, samples, control)
    put_papers(card, target, control, f"{file_name(card)}-")
    return check


def _export_pooled(card: ModelCard, target: Path, samples: Sequence[Sample], control: Control) -> OnnxCheck:
    """Of models with pooled features."""
    task = get_pooled(card.main_task)
    with making_onnx(card, target) as (file, path), shared_pool().use_network(card, "cpu", control) as original:
        model = original.standing_alone()
        if not model.stands_alone:
            raise UserError(
                f"“{card.name}” cannot be exported as ONNX: what it is given must be prepared by this app.",
                "Export it as a folder.",
            )
        prepared = _readable(samples, task, model)[:_MAX_CHECKED]
        control.progress(0, 0, "Exporting")
        names = write_logits(model, task, file, prepared, warns=True)
        control.check()
        note: dict[str, Any] = {
            "labels": list(model.labels), "inputs": names, "output": "logits", **_warning(model),
            **model.beside(file.parent),
            # Divide the logits by the temperature before the softmax, so that its percentages mean what they say.
            "activation": "softmax", "temperature": temperature_of(card.options),
        }  # fmt: skip
        decision = decision_of(card.options, model.labels)
        if decision is not None:
            note["decision"] = decision.to_options()
        thresholds = tag_thresholds(card.options, model.labels)
        if thresholds is not None:
            # A label counts when the sigmoid of its logit (times its scale, plus its shift) is at least its threshold.
            del note["temperature"]
            note |= {"activation": "sigmoid", "thresholds": list(thresholds)}
            calibration = tag_calibration_of(card.options, len(model.labels))
            if calibration is not None:
                note |= calibration.to_options()
            tags = tag_decision_of(card.options, model.labels)
            if tags is not None:
                note["decision"] = tags.to_options()
        write_note(file, card, note)
        control.progress(0, 0, "Checking the exported model")
        return _compare(model, task, file, path, prepared, control)


def _readable(samples: Sequence[Sample], task: PooledTask, model: Network) -> list[dict[str, Any]]:
    found = []
    for sample in samples:
        try:
            found.append(task.prepare(sample, model))
        except UserError:
            continue  # the check goes on with the others; how many were used is said with its result
    return found


def write_logits(
    model: Network,
    task: PooledTask,
    path: Path,
    prepared: Sequence[dict[str, Any]] = (),
    *,
    warns: bool = False,
) -> list[str]:
    """A network as ONNX: its inputs in, "logits" out, any number of items at once.

    Args:
        prepared: what `task.prepare` made of some samples, to trace it with.
        warns: "strangeness" comes out as well, where the model knows what it learnt from.

    Returns:
        The names of its inputs.

    Raises:
        RuntimeError: when it cannot be exported. OSError: when it cannot be written.
    """
    network, example = standing(model, task, prepared, warns=warns)
    names = list(example)
    axes = {
        name: {0: "batch"} | ({1: "tokens"} if example[name].dim() == 2 and _any_length(model) else {})
        for name in names
    }
    outputs = ["logits", *([_STRANGENESS] if warns and model.familiar is not None else [])]
    free = {**axes, **{name: {0: "batch"} for name in outputs}}
    write_onnx(network, list(example.values()), path, names, outputs, free)
    return names


def _any_length(model: Network) -> bool:
    """Texts, and recordings where the network takes less than a window."""
    return not isinstance(model, SoundNetwork) or model.any_length


def standing(
    model: Network, task: PooledTask, prepared: Sequence[dict[str, Any]] = (), *, warns: bool = False
) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """A network with tensors in and logits out (and strangeness, where it `warns`), and two items as it takes them, by the
    names of its inputs."""
    from torch import nn

    example = dict(model.alone(task.collate(list(prepared[:2]) or _made_up(model, task), model)))
    names = list(example)

    familiar = model.familiar if warns else None

    class Logits(nn.Module):
        """See above."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = model.module
            self.strangeness = None if familiar is None else familiar.alone()

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
            batch = dict(zip(names, tensors, strict=True))
            if self.strangeness is None:
                return model.logits(batch)
            features = model.features(batch)
            return model.head_logits(features), self.strangeness(features)

    return Logits().eval(), example


def _warning(model: Network) -> dict[str, Any]:
    """For the note: what the second output says. Texts longer than one window, and recordings of several, are to be asked
    window by window."""
    if model.familiar is None:
        return {}
    return {
        _STRANGENESS: {
            "output": _STRANGENESS, "unlike_above": 1.0, "false_alarm_rate": model.familiar.rate,
            "test_items": model.familiar.tested, "false_alarms": model.familiar.alarms,
            "meaning": "distance to the k-th nearest training example in feature space, as a share of its limit",
        }
    }  # fmt: skip


def _made_up(model: Network, task: PooledTask) -> list[dict[str, Any]]:
    """Something to trace with when the person gave no samples."""
    if model.tokenizer is not None:
        return [task.prepare(Sample("text", text=text), model) for text in ("a text", "another text")]
    import numpy as np
    import torch

    if isinstance(model, SoundNetwork):
        return [{"windows": model.windows_of(np.zeros(model.window_size, np.float32))} for _ in range(2)]
    side = model.preparation.size
    return [{"pixels": torch.zeros(3, side, side)} for _ in range(2)]


def _compare(
    model: Network, task: PooledTask, file: Path, final: Path, prepared: Sequence[dict[str, Any]], control: Control
) -> OnnxCheck:
    import numpy as np
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    biggest, agree, scale = 0.0, 0, 1e-6
    familiar, warned, counted = model.familiar, 0, 0
    for batch in _batches(prepared):
        control.check()
        tensors = model.alone(task.collate(batch, model))
        with engines("torch"), torch.inference_mode():  # the original itself, not what computes in its place
            features = model.features(tensors)
            wanted = model.head_logits(features).numpy()
        got, *more = session.run(None, {k: v.numpy() for k, v in tensors.items()})
        if familiar is not None:
            warned += sum(
                (a > 1) == (b > 1) or abs(a - b) <= _TOLERANCE
                for a, b in zip(familiar.strangeness(features), more[0].tolist(), strict=True)
            )
        biggest = max(biggest, float(np.abs(wanted - got).max()))
        scale = max(scale, float(np.abs(wanted).max()))
        agree += task.agree(torch.from_numpy(wanted), torch.from_numpy(got), model.card.options)
        counted += len(wanted)
    n = len(prepared)
    agreement = agree / counted if counted else 0.0
    same = agreement == 1.0 and biggest <= _TOLERANCE * max(1.0, scale) and (familiar is None or warned == counted)
    return OnnxCheck(final, n, biggest, agreement, bool(n) and same, familiar is not None)


def _batches(prepared: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Alone, three and eight at once, in turn until all were asked about: an export may have frozen the batch size. The
    last ones are filled up from the beginning."""
    sizes, first = itertools.cycle((1, 3, 8)), 0
    turns = 0
    while prepared and (first < len(prepared) or turns < 3):
        size = next(sizes)
        yield [prepared[(first + n) % len(prepared)] for n in range(size)]
        first, turns = first + size, turns + 1
