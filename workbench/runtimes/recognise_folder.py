"""Folders that describe themselves: of Hugging Face, of timm, of segmentation-models-pytorch, Darknet pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.catalog.card import Preparation
from workbench.catalog.hub_kinds import MULTI_LABEL, HubKind, kind_of
from workbench.errors import UserError
from workbench.runtimes.recognised import (
    MOST_BYTES,
    Missing,
    Recognised,
    labels_beside,
    labels_question,
    read_json,
    usual_labels,
)

_DATA = (".json", ".txt", ".model", ".spm", ".jinja", ".safetensors")
_WITH_LABELS = ("Classification", "Detection", "Segmentation")
_CHANGES = (("summarisation", "to sum up texts"), ("translation", "to translate texts"))
_LICENCES = {"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "cc-by-4.0": "CC-BY-4.0",
             "cc-by-sa-4.0": "CC-BY-SA-4.0", "cc-by-nc-4.0": "CC-BY-NC-4.0", "afl-3.0": "AFL-3.0"}  # fmt: skip


def described(path: Path) -> Recognised:
    """A folder with a config.json. Raises: UserError when this app does not open what it describes."""
    config = read_json(path / "config.json")
    licence = _licence(path)
    if "input_patch_size" in (config.get("chronos_config") or {}):
        return Recognised(
            "Chronos-Bolt, which looks ahead", "chronos_bolt", "ChronosBolt", ("forecasting",), weights_folder(path),
            trainable_for=("forecasting",), family="Chronos-Bolt", licence=licence,
        )  # fmt: skip
    if "chronos_config" in config:
        return Recognised(
            "Chronos, which looks ahead", "chronos", "AutoModelForSeq2SeqLM", ("forecasting",), weights_folder(path),
            trainable_for=("forecasting",), family="Chronos", licence=licence,
        )  # fmt: skip
    if config.get("_model_class") or "encoder_name" in config:
        return _segmentation(path, config, licence)
    if config.get("architecture") and "architectures" not in config:
        return _timm(path, config, licence)
    named = [str(a) for a in config.get("architectures") or ()]
    kind = kind_of(named, str(config.get("model_type") or ""))
    if kind is None:
        hint = (
            "It needs its publisher's own program code, which is never run."
            if "auto_map" in config
            else "Choose another one."
        )
        raise UserError(f"The folder “{path.name}” holds a model of a kind this app does not open.", hint)
    return _hugging_face(path, config, kind, licence)


def _hugging_face(path: Path, config: Mapping[str, Any], kind: HubKind, licence: str) -> Recognised:
    tasks, missing = kind.tasks, []
    labels: tuple[str, ...] = ()
    names = config.get("id2label")
    if isinstance(names, dict) and any(w in kind.arch for w in _WITH_LABELS):
        labels = tuple(str(names[k]) for k in sorted(names, key=_as_number))
        unnamed = all(name == f"LABEL_{n}" for n, name in enumerate(labels))
        if unnamed and kind.trainable_for:
            missing.append(labels_question(len(labels)))
        if kind.trainable_for and len(labels) < 2:
            raise UserError(f"The model in “{path.name}” gives a number, not classes.", "Choose another model.")
    if kind.tasks == ("summarisation",):
        missing.append(Missing("choice", "What is it made for?", key="task", choices=_CHANGES))
    if kind.arch == "AutoModelForCausalLM" and _talks(path):
        tasks = ("chat", *tasks)
    words = str(config.get("model_type") or "a network")
    return Recognised(
        f"{words} for “{(tasks or kind.trainable_for)[0].replace('-', ' ')}” in a Hugging Face folder", kind.runtime, kind.arch, tasks,
        weights_folder(path), "", kind.trainable_for, label_names=() if missing and labels else labels,
        preparation=_text_preparation(path, config), family=words, licence=licence, missing=tuple(missing),
        options={"multi_label": True} if config.get("problem_type") == MULTI_LABEL else {},
    )  # fmt: skip


def _text_preparation(path: Path, config: Mapping[str, Any]) -> Preparation:
    longest = config.get("max_position_embeddings")
    tokens = min(512, longest) if isinstance(longest, int) and longest > 0 else 512
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert"):
        tokens = min(510, tokens)  # two of their places are taken
    # Sentence embedders say in a file of their own how token vectors become one.
    pooling = path / "1_Pooling" / "config.json"
    cls = pooling.is_file() and bool(read_json(pooling).get("pooling_mode_cls_token"))
    return Preparation(max_tokens=tokens, pooling="cls" if cls else "mean")


def _talks(path: Path) -> bool:
    """A language model that was taught to answer comes with the form of a conversation."""
    if (path / "chat_template.jinja").is_file():
        return True
    file = path / "tokenizer_config.json"
    return file.is_file() and bool(read_json(file).get("chat_template"))


def _as_number(key: str) -> int:
    return int(key) if key.isdigit() else 0


def _timm(path: Path, config: Mapping[str, Any], licence: str) -> Recognised:
    from workbench.runtimes.recognise_state import preparation_for

    arch = str(config["architecture"]).partition(".")[0]
    published = config.get("pretrained_cfg")
    published = published if isinstance(published, dict) else {}
    classes = int(config.get("num_classes") or published.get("num_classes") or 0)
    if classes < 2:
        raise UserError(f"The model in “{path.name}” has no classes.", "Choose another model.")
    given = config.get("label_names") or published.get("label_names") or ()
    labels = tuple(str(n) for n in given) if len(given) == classes else usual_labels(classes)
    files = {n: f for n, f in weights_folder(path).items() if n in ("model.safetensors", "pytorch_model.bin")}
    return Recognised(
        f"{arch} of timm with {classes} classes", "timm", arch, ("image-classification",), files, next(iter(files)),
        ("image-classification",), label_names=labels, preparation=preparation_for("timm", arch, published),
        family=arch.partition("_")[0], licence=licence or _LICENCES.get(str(published.get("license", "")).lower(), ""),
        missing=() if labels else (labels_question(classes),),
    )  # fmt: skip


def _segmentation(path: Path, config: Mapping[str, Any], licence: str) -> Recognised:
    name = str(config.get("_model_class") or "Unet")
    count = int(config.get("classes") or 1)
    labels = ("background", "marked") if count == 1 else tuple(f"kind {n}" for n in range(count))
    return Recognised(
        f"a {name} of segmentation-models-pytorch", "unet", f"smp:{name}", ("semantic-segmentation",),
        weights_folder(path), label_names=labels, family="U-Net", licence=licence,
    )  # fmt: skip


def weights_folder(path: Path) -> dict[str, Path]:
    """The files of a model folder that are data; programs and old formats stay behind where safer ones are there.

    Raises:
        UserError: when there are no weights, or they are too large for this app.
    """
    found = {}
    safe = any(path.glob("*.safetensors"))
    for file in sorted(path.iterdir()):
        wanted = file.suffix in _DATA or (file.suffix == ".bin" and not safe)
        if file.is_file() and wanted and not file.name.startswith("."):
            found[file.name] = file
    if not any(f.endswith((".safetensors", ".bin")) for f in found):
        raise UserError(
            f"The folder “{path.name}” has no weights in it.", "Choose the folder that holds model.safetensors."
        )
    if sum(f.stat().st_size for f in found.values()) > MOST_BYTES:
        raise UserError(f"The model in “{path.name}” is too large for this app.", "Choose another one.")
    return found


def _licence(path: Path) -> str:
    """What the publisher's page in the folder says at its beginning; "" when nothing known."""
    page = path / "README.md"
    try:
        with page.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(20_000).splitlines()
    except OSError:
        return ""
    for line in lines[1:] if lines[:1] == ["---"] else []:
        if line == "---":
            break
        key, _, value = line.partition(":")
        if key.strip() == "license":
            return _LICENCES.get(value.strip().strip("'\"").lower(), "")
    return ""


def darknet(path: Path) -> Recognised:
    """A .cfg and its .weights: one of the two, or their folder. Raises: UserError when one is missing or unknown."""
    from workbench.runtimes.darknet_net import build, read_cfg

    base = path if path.is_dir() else path.parent
    stem = "*" if path.is_dir() else path.stem
    found = [next(iter([*sorted(base.glob(f"{stem}{end}")), *_only(base, end)]), None) for end in (".cfg", ".weights")]
    cfg, weights = found
    if cfg is None or weights is None:
        raise UserError("A Darknet model needs its .cfg and its .weights file.", "Put both into one folder.")
    network = build(read_cfg(cfg))
    classes = max((h["classes"] for h in network.yolo), default=0)
    known = (resources() / "labels" / "coco-80.txt").read_text(encoding="utf-8").splitlines()
    labels = labels_beside(cfg, classes) or _names_file(base, classes)
    labels = labels or (tuple(known) if classes == len(known) else ())
    return Recognised(
        f"a Darknet detector of {classes} kinds", "darknet", "darknet", ("object-detection",),
        {cfg.name: cfg, weights.name: weights}, label_names=labels, family="YOLO", trainable_for=("object-detection",),
        missing=() if labels else (Missing("labels", "What are the kinds of things called, in their order?", classes),),
        parameters=sum(p.numel() for p in network.parameters()),
    )  # fmt: skip


def _only(base: Path, ending: str) -> list[Path]:
    """The one file with this ending; none when there are several, as any of them could be meant."""
    found = sorted(base.glob(f"*{ending}"))
    return found if len(found) == 1 else []


def _names_file(base: Path, classes: int) -> tuple[str, ...]:
    names = _only(base, ".names")
    return labels_beside(names[0], classes) if names else ()


def style_pair(models: Sequence[Path]) -> Recognised:
    """Magenta's two networks: one looks at the style, one paints."""
    return Recognised(
        "a pair of networks that paint in another style", "litert_style", "magenta", ("style-transfer",),
        {f.name: f for f in models},
    )  # fmt: skip
