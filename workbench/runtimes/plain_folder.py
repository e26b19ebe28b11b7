"""Own models under the names of the library that made their network, so that it opens them without this app.

What is head and backbone here becomes one network again; add-ons (LoRA) are among the weights already (`tasks/lora.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard, Preparation
from workbench.errors import UserError
from workbench.runtimes.folder import WEIGHTS_FILE
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

CONFIG, HEAD_FILE, MEL_FILE = "config.json", "head.safetensors", "mel.safetensors"
_TEXT_CLASSIFIER = "AutoModelForSequenceClassification"
_SOUND_CLASSIFIER = "AutoModelForAudioClassification"
_BY_RUNTIME = {
    "timm": "timm", "torchvision": "torchvision", "transformers_vision": "picture_classifier",
    "sound_starter": "sound_starter",
}  # fmt: skip


def opener(card: ModelCard) -> str:
    """Which library opens its plain folder and how, as a name: "timm", "torchvision", "text_encoder", "text_classifier",
    "picture_classifier", "sound_starter", "sound_classifier"; "" when there is none."""
    if card.runtime == "transformers":
        return "text_classifier" if card.arch == _TEXT_CLASSIFIER else "text_encoder"
    if card.runtime == "transformers_sound":
        return "sound_classifier" if card.arch == _SOUND_CLASSIFIER else ""
    return _BY_RUNTIME.get(card.runtime, "")


def save_plain(model: Network, folder: Path) -> None:
    """Write weights and config into an existing folder, as the library of `opener(model.card)` reads them.

    Raises:
        UserError: when the library has no such network. OSError: when it cannot be written.
    """
    _SAVERS[opener(model.card)](model, folder)


def _timm(model: Network, folder: Path) -> None:
    import timm

    card, labels = model.card, list(model.labels)
    net = timm.create_model(card.arch, pretrained=False, num_classes=len(labels))
    _fill(model, net, net.get_classifier())
    _save(net.state_dict(), folder)
    p = model.preparation
    about = {
        "input_size": [3, p.size, p.size], "interpolation": p.interpolation, "crop_pct": p.crop, "crop_mode": "center",
        "mean": list(p.mean), "std": list(p.std), "num_classes": len(labels), "license": card.licence,
    }  # fmt: skip
    for name in ("first_conv", "classifier", "pool_size"):
        if net.pretrained_cfg.get(name) is not None:
            about[name] = net.pretrained_cfg[name]
    _write_json(
        folder / CONFIG,
        {
            "architecture": card.arch, "num_classes": len(labels), "num_features": int(net.num_features),
            "label_names": labels, "pretrained_cfg": about,
        },
    )  # fmt: skip


def _torchvision(model: Network, folder: Path) -> None:
    from torchvision import models

    from workbench.runtimes.torchvision_runtime import make_alone

    card, labels = model.card, list(model.labels)
    options, place = make_alone(card.arch)
    net = models.get_model(card.arch, weights=None, num_classes=len(labels), **options)
    _fill(model, net, net.get_submodule(place))
    _save(net.state_dict(), folder)
    _write_json(
        folder / CONFIG,
        {"architecture": card.arch, "options": {**options, "num_classes": len(labels)}, **_named(labels)},
    )


def _picture_classifier(model: Network, folder: Path) -> None:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    net = _with_classes(model, transformers.AutoModelForImageClassification)
    net.save_pretrained(folder)
    _write_json(folder / "preprocessor_config.json", _image_processor(model.preparation))


def _text_classifier(model: Network, folder: Path) -> None:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    _with_classes(model, transformers.AutoModelForSequenceClassification).save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)


def _text_encoder(model: Network, folder: Path) -> None:
    """The library has no class for an encoder with a linear layer on the mean of its vectors: that layer lies beside it."""
    import transformers
    from safetensors.torch import save_file

    transformers.utils.logging.disable_progress_bar()
    encoder: Any = model.backbone
    encoder.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    file = folder / CONFIG
    _write_json(file, json.loads(file.read_text(encoding="utf-8")) | _named(list(model.labels)))
    save_file({k: v.detach().contiguous().clone() for k, v in model.head_state().items()}, folder / HEAD_FILE)


def _sound_starter(model: Network, folder: Path) -> None:
    """A network of timm that looks at spectrograms; the mel filters that make them lie beside it."""
    from safetensors.torch import save_file

    from workbench.runtimes.sound_starter_runtime import mel_filters

    _timm(model, folder)
    save_file({"bank": mel_filters().contiguous()}, folder / MEL_FILE)


def _sound_classifier(model: Network, folder: Path) -> None:
    import transformers

    transformers.utils.logging.disable_progress_bar()
    _with_classes(model, transformers.AutoModelForAudioClassification).save_pretrained(folder)
    extractor: Any = getattr(model, "extractor", None)
    extractor.save_pretrained(folder)


_SAVERS: dict[str, Callable[[Network, Path], None]] = {
    "timm": _timm,
    "torchvision": _torchvision,
    "picture_classifier": _picture_classifier,
    "text_classifier": _text_classifier,
    "text_encoder": _text_encoder,
    "sound_starter": _sound_starter,
    "sound_classifier": _sound_classifier,
}


def _with_classes(model: Network, kind: Any) -> Any:
    """A network of transformers with as many classes as the model has, and its weights."""
    from workbench.runtimes.network import split_last_linear

    bare: Any = model.backbone
    kept = {k: v for k, v in bare.config.to_dict().items() if k not in ("id2label", "label2id", "num_labels")}
    config = type(bare.config).from_dict(kept)
    named = _named(list(model.labels))
    config.id2label, config.label2id = {int(k): v for k, v in named["id2label"].items()}, named["label2id"]
    net = kind.from_config(config)
    trial = kind.from_config(config)
    last = split_last_linear(trial, len(model.labels))
    place = next((name for name, part in trial.named_modules() if _is_gone(part)), "")
    if last is None or not place:
        raise _cannot(model)
    _fill(model, net, net.get_submodule(place))
    return net


def _is_gone(part: nn.Module) -> bool:
    """Where `split_last_linear` took a layer out."""
    from torch import nn

    return type(part) is nn.Identity


def _fill(model: Network, net: Any, last: Any) -> None:
    """The backbone's and the head's weights into a whole network whose last linear layer is `last`.

    Raises:
        UserError: when anything is left over on either side, so that another answer would come out.
    """
    import torch
    from torch import nn

    head = model.head
    if head is None or not isinstance(last, nn.Linear) or last.weight.shape != head.weight.shape:
        raise _cannot(model)
    own = {id(p) for p in last.parameters()}
    names = {name for name, p in net.named_parameters() if id(p) in own}
    try:
        left = net.load_state_dict(model.backbone_state(), strict=False)
    except RuntimeError as error:
        raise _cannot(model) from error
    if set(left.missing_keys) != names or left.unexpected_keys:
        raise _cannot(model)
    with torch.no_grad():
        last.weight.copy_(head.weight)
        if last.bias is not None:
            last.bias.copy_(head.bias)
        elif bool(head.bias.abs().max() > 0):
            raise _cannot(model)
    net.eval()


def _cannot(model: Network) -> UserError:
    return UserError(
        f"The library that “{model.card.name}” comes from has no place for what it learnt.",
        "Export it as ONNX, or as a folder for Model Workbench.",
    )


def _save(state: Mapping[str, torch.Tensor], folder: Path) -> None:
    from safetensors.torch import save_file

    save_file(
        {k: v.detach().cpu().contiguous().clone() for k, v in state.items()}, folder / WEIGHTS_FILE, {"format": "pt"}
    )


def _named(labels: list[str]) -> dict[str, Any]:
    return {"id2label": {str(i): n for i, n in enumerate(labels)}, "label2id": {n: i for i, n in enumerate(labels)}}


def _image_processor(p: Preparation) -> dict[str, Any]:
    """What transformers' pipelines prepare pictures by: its most general processor that cuts out the middle."""
    return {
        "image_processor_type": "CLIPImageProcessor", "do_resize": True,
        "size": {"shortest_edge": round(p.size / p.crop)}, "resample": 3 if p.interpolation == "bicubic" else 2,
        "do_center_crop": True, "crop_size": {"height": p.size, "width": p.size}, "do_rescale": True,
        "do_normalize": True, "image_mean": list(p.mean), "image_std": list(p.std), "do_convert_rgb": True,
    }  # fmt: skip


def _write_json(file: Path, data: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(data, indent=1, ensure_ascii=False), encoding="utf-8")
