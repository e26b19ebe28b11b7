"""What is this file? Told from its content, as data: nothing of it is run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench.app_paths import resources
from workbench.catalog.card import Preparation
from workbench.catalog.hub_kinds import kind_of
from workbench.catalog.reader import read_cards
from workbench.errors import UserError

if TYPE_CHECKING:
    import torch

_MOST_BYTES = 20_000_000_000
_MOST_JSON = 5_000_000
MissingKind = Literal["labels", "size", "consent"]


@dataclass(frozen=True)
class Missing:
    """What must be asked: "labels" (names of `count` classes in order), "size" (points of a picture's side, `default`),
    "consent" (a question to agree to)."""

    kind: MissingKind
    question: str
    count: int = 0
    default: int = 0


@dataclass(frozen=True)
class Recognised:
    """
    Attributes:
        title: what it is, in words ("a ResNet-50 of torchvision with 7 classes").
        runtime, arch, options, tasks, trainable_for, label_names, preparation, family: of the card to be made.
        files: what is to be kept, by name.
        path: the file among them that the runtime opens; "" for the folder.
        missing: what must be asked.
        is_ours: one of this app's own exports.
    """

    title: str
    runtime: str
    arch: str
    tasks: tuple[str, ...]
    files: Mapping[str, Path]
    path: str = ""
    trainable_for: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    label_names: tuple[str, ...] = ()
    labels: str = ""
    preparation: Preparation = field(default_factory=Preparation)
    family: str = ""
    parameters: int = 0
    missing: tuple[Missing, ...] = ()
    is_ours: bool = False


def recognise(path: Path) -> Recognised:
    """A file or a folder. Raises: UserError when it is nothing this app opens; the sentence says what was seen."""
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise UserError(f"“{path.name}” is not there.", "Check the name.")
    size = path.stat().st_size
    if not size or size > _MOST_BYTES:
        raise UserError(
            f"“{path.name}” is {'empty' if not size else 'too large for this app'}.", "Choose another file."
        )
    suffix = path.suffix.lower()
    if suffix in (".cfg", ".weights"):
        return _darknet(path)
    if suffix in (".onnx", ".tflite"):
        return _graph(path)
    if suffix == ".pb":
        return Recognised(
            "EAST, a finder of text, as a frozen graph",
            "opencv_text",
            "EAST",
            ("text-in-pictures",),
            {path.name: path},
            path.name,
        )
    if suffix in (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".torchscript"):
        if suffix != ".safetensors" and _is_script(path):
            return _script(path)
        return _state(path)
    if suffix == ".gguf":
        raise UserError(
            "GGUF files are for other programs.", "Start a server such as llama.cpp with it and connect that."
        )
    if suffix in (".pkl", ".pickle", ".joblib", ".h5", ".keras"):
        raise UserError(
            f"“{path.name}” may hold programs, so the app does not open it.", "Save the model as safetensors or ONNX."
        )
    raise UserError(
        f"“{path.name}” is no model this app knows.",
        "It knows safetensors, PyTorch, ONNX, TFLite, Darknet and Hugging Face folders.",
    )


# Folders ----------------------------------------------------------------------------------------------------------------


def _folder(path: Path) -> Recognised:
    if (path / "card.json").is_file():
        return Recognised("a model of Model Workbench", "", "", ("",), {}, is_ours=True)
    if (path / "config.json").is_file():
        return _hub_folder(path)
    if any(path.glob("*.cfg")) and any(path.glob("*.weights")):
        return _darknet(path)
    models = [
        f for f in sorted(path.iterdir()) if f.suffix.lower() in (".safetensors", ".pt", ".pth", ".onnx", ".tflite")
    ]
    if len(models) == 2 and {f.suffix for f in models} <= {".tflite", ".onnx"}:
        return _style_pair(models)
    if len(models) == 1:
        return recognise(models[0])
    raise UserError(f"The folder “{path.name}” holds no model this app knows.", "Choose the model's file itself.")


def _style_pair(models: Sequence[Path]) -> Recognised:
    names = {f.name: f for f in models}
    return Recognised(
        "a pair of networks that paint in another style", "litert_style", "magenta", ("style-transfer",), names
    )


def _hub_folder(path: Path) -> Recognised:
    config = _json(path / "config.json")
    if "chronos_config" in config:
        return Recognised(
            "Chronos, which looks ahead",
            "chronos",
            "AutoModelForSeq2SeqLM",
            ("forecasting",),
            _weights_folder(path),
            family="Chronos",
        )
    if config.get("_model_class") or "encoder_name" in config:
        name = str(config.get("_model_class") or "Unet")
        count = int(config.get("classes") or 1)
        return Recognised(f"a {name} of segmentation-models-pytorch", "unet", f"smp:{name}", ("semantic-segmentation",), _weights_folder(path), family="U-Net",
                          label_names=("background", "marked") if count == 1 else tuple(f"kind {n}" for n in range(count)))  # fmt: skip
    kind = kind_of([str(a) for a in config.get("architectures") or ()], str(config.get("model_type") or ""))
    if kind is None:
        raise UserError(
            f"The folder “{path.name}” holds a model of a kind this app does not open.",
            "Choose another one."
            if "auto_map" not in config
            else "It needs its publisher's own program code, which is never run.",
        )
    named = config.get("id2label")
    labels: tuple[str, ...] = ()
    if isinstance(named, dict) and any(w in kind.arch for w in ("Classification", "Detection", "Segmentation")):
        labels = tuple(str(named[k]) for k in sorted(named, key=_as_number))
    longest = config.get("max_position_embeddings")
    tokens = min(512, int(longest)) if isinstance(longest, int) else 512
    title = f"{config.get('model_type', 'a network')} for “{kind.tasks[0].replace('-', ' ')}” in a Hugging Face folder"
    return Recognised(
        title, kind.runtime, kind.arch, kind.tasks, _weights_folder(path), "", kind.trainable_for,
        label_names=labels, preparation=Preparation(max_tokens=tokens), family=str(config.get("model_type") or ""),
    )  # fmt: skip


def _as_number(key: str) -> int:
    return int(key) if key.isdigit() else 0


def _weights_folder(path: Path) -> dict[str, Path]:
    """The files of a model folder that are data; programs and old formats stay behind where safer ones are there."""
    found = {}
    safe = any(path.glob("*.safetensors"))
    for file in sorted(path.iterdir()):
        wanted = file.suffix in (".json", ".txt", ".model", ".spm", ".jinja", ".safetensors") or (
            file.suffix == ".bin" and not safe
        )
        if file.is_file() and wanted and not file.name.startswith("."):
            found[file.name] = file
    if not any(f.endswith((".safetensors", ".bin")) for f in found):
        raise UserError(
            f"The folder “{path.name}” has no weights in it.", "Choose the folder that holds model.safetensors."
        )
    return found


def _json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MOST_JSON:
            raise ValueError("too large")
        value = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("no object")
        return value
    except (OSError, ValueError) as error:
        raise UserError(f"“{file.name}” cannot be read.", "Copy the folder again.") from error


# Files ------------------------------------------------------------------------------------------------------------------


def _darknet(path: Path) -> Recognised:
    from workbench.runtimes.darknet_net import build, read_cfg

    base = path if path.is_dir() else path.parent
    stem = "" if path.is_dir() else path.stem
    cfg = next(iter(sorted(base.glob(f"{stem}.cfg")) or sorted(base.glob("*.cfg"))), None)
    weights = next(iter(sorted(base.glob(f"{stem}.weights")) or sorted(base.glob("*.weights"))), None)
    if cfg is None or weights is None:
        raise UserError("A Darknet model needs its .cfg and its .weights file.", "Put both into one folder.")
    network = build(read_cfg(cfg))
    classes = max((h["classes"] for h in network.yolo), default=0)
    known = (resources() / "labels" / "coco-80.txt").read_text(encoding="utf-8").splitlines()
    names = next(iter(sorted(base.glob("*.names"))), None)
    labels = tuple(known) if classes == len(known) else ()
    if names is not None and names.stat().st_size < _MOST_JSON:
        own = tuple(
            line.strip() for line in names.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()
        )
        labels = own if len(own) == classes else labels
    missing = () if labels else (Missing("labels", "What are the kinds of things called, in their order?", classes),)
    return Recognised(
        f"a Darknet detector of {classes} kinds", "darknet", "darknet", ("object-detection",), {cfg.name: cfg, weights.name: weights},
        label_names=labels, family="YOLO", missing=missing, parameters=sum(p.numel() for p in network.parameters()),
    )  # fmt: skip


def _graph(path: Path) -> Recognised:
    from workbench.runtimes.onnx_session import open_session

    session = open_session(path)
    files = {path.name: path}
    if {"input_node", "previous_state_c"} <= set(session.inputs):
        return Recognised(
            "DeepSpeech, which writes down speech",
            "deepspeech",
            "DeepSpeech",
            ("speech-recognition",),
            files,
            path.name,
        )
    pictures = [s for s in session.inputs.values() if len(s) == 4 and 3 in (s[1], s[3])]
    outputs = list(session.output_shapes.values())
    if len(session.inputs) == 2 and len(pictures) == 2:
        return Recognised(
            "a network that paints in another style", "litert_style", "magenta", ("style-transfer",), files
        )
    classes = outputs[0][-1] if outputs and len([d for d in outputs[0] if d != 1]) <= 2 else 0
    if len(session.inputs) != 1 or not pictures or len(outputs) != 1:
        raise UserError(
            f"“{path.name}” is a network, but not one that sorts pictures: its inputs are {', '.join(session.inputs)}.",
            "Export the model as a picture classifier, or as safetensors.",
        )
    shape = pictures[0]
    side = shape[2] if shape[1] == 3 else shape[1]
    ours = path.with_suffix(".json")
    labels, preparation = _beside(ours, classes)
    labels = labels or _usual(classes)
    missing: list[Missing] = []
    if not labels:
        missing.append(Missing("labels", "What are the classes called, in their order?", max(0, classes)))
    if side <= 0 and preparation is None:
        missing.append(Missing("size", "How many points wide and high are the pictures it wants?", default=224))
    kind = "TFLite" if path.suffix == ".tflite" else "ONNX"
    return Recognised(
        f"a picture classifier in the {kind} format", "picture_file", kind.lower(), ("image-classification",), files, path.name,
        label_names=labels, preparation=preparation or Preparation(size=side if side > 0 else 224, crop=1.0), missing=tuple(missing), family=kind,
    )  # fmt: skip


def _beside(file: Path, classes: int) -> tuple[tuple[str, ...], Preparation | None]:
    """Classes and preparation from the description this app writes beside an ONNX export."""
    if not file.is_file():
        return (), None
    try:
        value = _json(file)
        labels = tuple(str(v) for v in value.get("labels") or ())
        from workbench.catalog.reader import preparation_from

        return labels if classes <= 0 or len(labels) == classes else (), preparation_from(
            value["preparation"]
        ) if "preparation" in value else None
    except (UserError, ValueError, TypeError):
        return (), None


def _usual(classes: int) -> tuple[str, ...]:
    """ImageNet's names for a thousand classes."""
    if classes != 1000:
        return ()
    return tuple((resources() / "labels" / "imagenet-1k.txt").read_text(encoding="utf-8").splitlines())


def _is_script(path: Path) -> bool:
    """TorchScript archives carry code; plain weights do not."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name or name.endswith("constants.pkl") for name in archive.namelist()[:5000])
    except (zipfile.BadZipFile, OSError):
        return False


def _script(path: Path) -> Recognised:
    consent = Missing(
        "consent",
        "TorchScript holds a program of its own (it runs inside torch, not as Python). Do you trust where it comes from?",
    )
    return Recognised(
        "a network as TorchScript", "picture_file", "torchscript", ("image-classification",), {path.name: path}, path.name,
        missing=(consent, Missing("labels", "What are the classes called, in their order?"), Missing("size", "How many points wide and high are the pictures it wants?", default=224)), family="TorchScript",
    )  # fmt: skip


def _state(path: Path) -> Recognised:
    """Weights without a description: their names and shapes tell the architecture."""
    from workbench.runtimes.spandrel_runtime import describe
    from workbench.runtimes.weights import read_state

    state = read_state(path, path.name)
    state = {k.removeprefix("module."): v for k, v in state.items()}
    files = {path.name: path}
    count = sum(t.numel() for t in state.values())
    if "encoder1.enc1conv1.weight" in state:
        return Recognised(
            "a U-Net for brain pictures",
            "unet",
            "brain-unet",
            ("semantic-segmentation",),
            files,
            path.name,
            label_names=("background", "marked"),
            preparation=Preparation(size=256),
            family="U-Net",
            parameters=count,
        )
    found = _known_classifier(state)
    if found is not None:
        runtime, arch, name, classes, preparation = found
        labels = _usual(classes)
        missing = () if labels else (Missing("labels", "What are the classes called, in their order?", classes),)
        return Recognised(
            f"{name} with {classes} classes", runtime, arch, ("image-classification",), files, path.name, ("image-classification",),
            label_names=labels, preparation=preparation, missing=missing, family=name, parameters=count,
        )  # fmt: skip
    dense = _known_dense(state)
    if dense is not None:
        return Recognised(
            dense.name,
            dense.runtime,
            dense.arch,
            dense.tasks,
            files,
            path.name,
            labels=dense.labels,
            preparation=dense.preparation,
            family=dense.family,
            parameters=count,
        )
    try:
        describe(dict(state), path.name)
    except UserError as error:
        raise UserError(
            f"“{path.name}” holds weights of a network this app does not know.",
            "Choose the folder it came in, with its config.json, or export it as ONNX.",
        ) from error
    return Recognised(
        "a network that makes pictures larger",
        "spandrel",
        "",
        ("super-resolution",),
        files,
        path.name,
        family="Super-resolution",
        parameters=count,
    )


def _known_classifier(state: Mapping[str, torch.Tensor]) -> tuple[str, str, str, int, Preparation] | None:
    """A classifier of the catalogue whose weights have these names and shapes, the last layer's width apart."""
    from workbench.runtimes.blueprint import blueprint
    from workbench.runtimes.torchvision_runtime import renamed

    given = renamed(dict(state))
    for card in _cards(("torchvision", "timm")):
        # Building all of them takes seconds: weights of another size are passed over.
        own = sum(t.numel() for t in state.values())
        if not 0.55 < card.parameters / max(1, own) < 1.8:
            continue
        wanted = blueprint(card).state_dict()
        if set(wanted) != set(given):
            continue
        different = [k for k in wanted if wanted[k].shape != given[k].shape]
        if all(wanted[k].shape[1:] == given[k].shape[1:] and wanted[k].shape[0] == 1000 for k in different):
            heads = [given[k].shape[0] for k in different] or [1000]
            if len(set(heads)) == 1:
                return card.runtime, card.arch, card.name, int(heads[0]), card.preparation
    return None


def _known_dense(state: Mapping[str, torch.Tensor]) -> Any:
    """A detector or segmenter of the catalogue with exactly these names and shapes."""
    from workbench.runtimes.blueprint import blueprint

    own = sum(t.numel() for t in state.values())
    for card in _cards(("torchvision_detection", "torchvision_segmentation")):
        if 0.9 < card.parameters / max(1, own) < 1.1:
            wanted = blueprint(card).state_dict()
            if {k: v.shape for k, v in wanted.items()} == {k: v.shape for k, v in state.items()}:
                return card
    return None


def _cards(runtimes: tuple[str, ...]) -> list[Any]:
    files = sorted((resources() / "catalog").glob("*.toml"))
    return [c for f in files for c in read_cards(f) if c.runtime in runtimes]
