"""Bare weights: a state dict in a .pt, .pth, .bin, .ckpt or .safetensors file. Names and shapes tell what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Preparation
from workbench.catalog.reader import read_cards
from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.recognised import Missing, Recognised, labels_beside, labels_question, usual_labels
from workbench.runtimes.untrusted import read_tensors

if TYPE_CHECKING:
    import torch

# Under these names training programs wrap the tensors; averaged weights are the better ones.
_WRAPPERS = (
    "state_dict",
    "params_ema",
    "params",
    "model_state_dict",
    "model_ema",
    "model",
    "net",
    "network",
    "weights",
)
# Put before every name by data-parallel training and compilation,
_ADDED = ("module.", "_orig_mod.")
# and by training programs that hold the network as a part; but some networks' own names begin so (ESRGAN's).
_HELD = ("model.", "net.", "network.", "backbone.")
_SHARE_OF_MEMORY = 0.8


def state(path: Path, cache_folder: Path | None = None, control: Control | None = None) -> Recognised:
    """Raises: UserError when the file holds programs, is damaged, or its network is not known; Cancelled."""
    tensors, changed = read_plain(path)
    found = _known(path, tensors, cache_folder, control or Control())
    if not changed and path.suffix.lower() == ".safetensors":
        return found
    from dataclasses import replace

    return replace(found, plain_weights=True)


# Wrappings in wrappings that publishers have: two.
_DEEPEST = 5


def read_plain(path: Path) -> tuple[dict[str, torch.Tensor], bool]:
    """A file's tensors under the network's own names, and whether wrappings or prefixes were taken off.

    Raises:
        UserError: when it is damaged, holds more than data, or does not fit into memory.
    """
    import psutil

    if path.stat().st_size > psutil.virtual_memory().available * _SHARE_OF_MEMORY:
        raise UserError(f"“{path.name}” is larger than the memory that is free.", "Close other programs and try again.")
    loaded = read_tensors(path)
    held, changed = _tensors_in(loaded)
    if not held:
        raise UserError(f"“{path.name}” holds something else than a network's weights.", "Choose another file.")
    if not changed:
        changed = len(held) != len(loaded)
    prefix = _prefix(held, _ADDED)
    return {key.removeprefix(prefix): value.detach() for key, value in held.items()}, changed or bool(prefix)


def _prefix(names: Mapping[str, Any], known: tuple[str, ...]) -> str:
    """What stands before all names, out of `known`, several times over if need be."""
    prefix, found = "", True
    while found:
        found = False
        for part in known:
            if all(name.startswith(prefix + part) for name in names):
                prefix, found = prefix + part, True
    return prefix


def _tensors_in(loaded: Any, depth: int = 0) -> tuple[dict[str, Any], bool]:
    """Tensors by name, and whether they were wrapped. A wrapping may be made so that it lies within itself."""
    import torch

    if not isinstance(loaded, Mapping) or depth > _DEEPEST:
        return {}, False
    own = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
    nested = {k: v for k, v in loaded.items() if isinstance(v, Mapping)}
    for key in _WRAPPERS:
        if key in nested:
            inner, _ = _tensors_in(nested[key], depth + 1)
            if len(inner) > len(own):
                return inner, True
    return own, False


def _known(path: Path, tensors: dict[str, torch.Tensor], cache_folder: Path | None, control: Control) -> Recognised:
    from workbench.runtimes.signatures import match, shapes_of
    from workbench.runtimes.torchvision_runtime import renamed

    # Running statistics are no weights.
    count = sum(
        t.numel() for k, t in tensors.items() if not k.endswith(("running_mean", "running_var", "num_batches_tracked"))
    )
    files = {path.name: path}
    if "encoder1.enc1conv1.weight" in tensors:
        return Recognised(
            "a U-Net for brain pictures", "unet", "brain-unet", ("semantic-segmentation",), files, path.name,
            label_names=("background", "marked"), preparation=Preparation(size=256), family="U-Net", parameters=count,
        )  # fmt: skip
    dense = _known_dense(tensors)
    if dense is not None:
        return Recognised(
            f"{dense.name} of torchvision", dense.runtime, dense.arch, dense.tasks, files, path.name,
            labels=dense.labels, preparation=dense.preparation, family=dense.family, parameters=count,
        )  # fmt: skip
    if _enlarges(tensors, path.name):
        return Recognised(
            "a network that makes pictures larger", "spandrel", "", ("super-resolution",), files, path.name,
            family="Super-resolution", parameters=count,
        )  # fmt: skip
    prefix = _prefix(tensors, _HELD)
    own = {key.removeprefix(prefix): value for key, value in tensors.items()}
    found = match(shapes_of(renamed(own)), path.stem, cache_folder, control)
    if not found:
        raise UserError(
            f"“{path.name}” holds weights of a network this app does not know.",
            "Choose the folder it came in, with its config.json, or export it as ONNX.",
        )
    best = found[0]
    labels = labels_beside(path, best.classes) or usual_labels(best.classes)
    missing = [] if labels else [labels_question(best.classes)]
    if len(found) > 1:
        choices = tuple((f"{m.runtime}:{m.arch}", f"{m.arch} of {m.runtime}") for m in found)
        words = "The weights fit several networks that calculate differently. Which one is it?"
        missing.append(Missing("choice", words, key="arch", choices=choices))
    return Recognised(
        f"{best.arch} of {best.runtime} with {best.classes} classes", best.runtime, best.arch, ("image-classification",),
        files, path.name, ("image-classification",), label_names=labels,
        preparation=preparation_for(best.runtime, best.arch), missing=tuple(missing), family=best.arch.partition("_")[0],
        parameters=count, plain_weights=bool(prefix), prefix=prefix,
    )  # fmt: skip


def _enlarges(tensors: Mapping[str, torch.Tensor], name: str) -> bool:
    from workbench.runtimes.spandrel_runtime import describe

    try:
        describe(dict(tensors), name)
    except UserError:
        return False
    return True


def _known_dense(tensors: Mapping[str, torch.Tensor]) -> ModelCard | None:
    """A detector or segmenter of the catalogue with exactly these names and shapes."""
    from workbench.runtimes.blueprint import blueprint

    own = sum(t.numel() for t in tensors.values())
    for file in sorted((resources() / "catalog").glob("torchvision*.toml")):
        for card in read_cards(file):
            near = 0.9 < card.parameters / max(1, own) < 1.1
            if not card.runtime.startswith("torchvision_") or not near:
                continue
            wanted = blueprint(card).state_dict()
            if {k: v.shape for k, v in wanted.items()} == {k: v.shape for k, v in tensors.items()}:
                return card
    return None


def preparation_for(runtime: str, arch: str, published: Mapping[str, Any] | None = None) -> Preparation:
    """What an architecture's own published weights were trained to see; the usual where nothing is published.

    Args:
        published: timm's description of the very weights, where it came with them.
    """
    if runtime == "timm":
        import timm

        known: Any = timm.models.get_pretrained_cfg(arch)
        cfg = {**(known.to_dict() if known is not None else {}), **(published or {})}
        size = cfg.get("input_size") or (3, 224, 224)
        bicubic = str(cfg.get("interpolation", "bilinear")) == "bicubic"
        return Preparation(
            int(size[1]), min(1.0, float(cfg.get("crop_pct") or 0.875)), "bicubic" if bicubic else "bilinear",
            _three(cfg.get("mean"), (0.485, 0.456, 0.406)), _three(cfg.get("std"), (0.229, 0.224, 0.225)),
        )  # fmt: skip
    from torchvision import models

    try:
        chosen: Any = next(iter(models.get_model_weights(arch))).transforms()
    except (ValueError, StopIteration):
        return Preparation()
    crop, resize = int(chosen.crop_size[0]), int(chosen.resize_size[0])
    bicubic = str(chosen.interpolation.value) == "bicubic"
    return Preparation(
        crop, crop / resize, "bicubic" if bicubic else "bilinear", _three(chosen.mean, (0.485, 0.456, 0.406)),
        _three(chosen.std, (0.229, 0.224, 0.225)),
    )  # fmt: skip


def _three(values: Any, usual: tuple[float, float, float]) -> tuple[float, float, float]:
    if values is None or len(values) != 3:
        return usual
    a, b, c = (float(v) for v in values)
    return a, b, c
