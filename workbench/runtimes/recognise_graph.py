"""Files that hold a whole network: ONNX, TFLite, TorchScript."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import Preparation
from workbench.catalog.reader import preparation_from
from workbench.errors import UserError
from workbench.runtimes.recognised import (
    NUMBERS,
    Missing,
    Recognised,
    labels_beside,
    labels_question,
    numbers_question,
    read_json,
    size_question,
    usual_labels,
)
from workbench.runtimes.untrusted import check_onnx_places

if TYPE_CHECKING:
    from workbench.runtimes.onnx_session import Session

_TRUST = (
    "TorchScript holds a program of its own (it runs inside torch, not as Python). Do you trust where it comes from?"
)


def graph(path: Path) -> Recognised:
    """An .onnx or .tflite file. Raises: UserError when it is damaged or of a kind this app has no use for."""
    from workbench.runtimes.onnx_session import open_session

    files = {path.name: path}
    if path.suffix.lower() == ".onnx":
        files |= _onnx_parts(path)
    session = open_session(path)
    if {"input_node", "previous_state_c"} <= set(session.inputs):
        return Recognised(
            "DeepSpeech, which writes down speech", "deepspeech", "DeepSpeech", ("speech-recognition",), files, path.name
        )  # fmt: skip
    pictures = {n: s for n, s in session.inputs.items() if len(s) == 4 and 3 in (s[1], s[3])}
    if len(session.inputs) == 2 and len(pictures) == 2:
        return Recognised(
            "a network that paints in another style", "litert_style", "magenta", ("style-transfer",), files
        )
    output = next((n for n in session.outputs if _classes(session.output_shapes[n]) != 0), "")
    if len(session.inputs) != 1 or not pictures or not output:
        raise UserError(
            f"“{path.name}” is a network, but not one that sorts pictures: its inputs are {', '.join(session.inputs)}.",
            "Export the model as a picture classifier, or as safetensors.",
        )
    return _classifier(path, session, output, files)


def _classes(shape: tuple[int, ...]) -> int:
    """How many numbers it gives per picture: at least 2; -1 when that is left open; 0 when it gives something else."""
    rest = [d for d in shape[1:] if d != 1]
    if len(shape) < 2 or len(rest) != 1:
        return 0
    return rest[0] if rest[0] > 1 else -1


def _classifier(path: Path, session: Session, output: str, files: dict[str, Path]) -> Recognised:
    ((name, shape),) = session.inputs.items()
    first = shape[1] == 3
    side = shape[2] if first else shape[1]
    if side != (shape[3] if first else shape[2]):
        raise UserError(f"“{path.name}” wants pictures that are not square.", "Export it for square pictures.")
    classes = _classes(session.output_shapes[output])
    labels, preparation = _beside(path, classes)
    labels = labels or labels_beside(path, classes) or usual_labels(classes)
    whole = _whole_numbers(session, name)
    missing: list[Missing] = []
    if not labels:
        missing.append(labels_question(classes))
    if side <= 0 and preparation is None:
        missing.append(size_question())
    if preparation is None and whole is None:
        missing.append(numbers_question())
    mean, std = NUMBERS[whole or "imagenet"]
    kind, runtime = ("TFLite", "tflitefile") if path.suffix.lower() == ".tflite" else ("ONNX", "onnxfile")
    options: dict[str, Any] = {
        "layout": "nchw" if first else "nhwc", "input": name, "output": output, "batch": max(0, shape[0])
    }  # fmt: skip
    if kind == "TFLite":
        options["batch"] = 1  # many have a batch of one built in
    words = f" with {classes} classes" if classes > 0 else ""
    return Recognised(
        f"a picture classifier in the {kind} format{words}", runtime, kind.lower(), ("image-classification",), files,
        path.name, options=options, label_names=labels,
        preparation=preparation or Preparation(side if side > 0 else 224, 1.0, mean=mean, std=std),
        missing=tuple(missing), family=kind,
    )  # fmt: skip


def _whole_numbers(session: Session, name: str) -> str | None:
    """For inputs of whole numbers: how their scale says brightness is told; None for the others."""
    if getattr(session, "types", {}).get(name) == "tensor(uint8)":
        return "zero-to-255"
    scale, _, whole = getattr(session, "scales", {}).get(name, (0.0, 0, False))
    if not whole:
        return None
    if not scale:
        return "zero-to-255"
    # The scale's range names the usual ways apart: 0..255, 0..1 and -1..1 differ by far.
    reach = 255 * scale
    ways = {"zero-to-255": 255.0, "zero-to-one": 1.0, "minus-one-to-one": 2.0}
    best = min(ways, key=lambda way: abs(math.log(reach / ways[way])))
    return best if 0.8 < reach / ways[best] < 1.25 else "imagenet"


def _beside(path: Path, classes: int) -> tuple[tuple[str, ...], Preparation | None]:
    """Classes and preparation from the description this app writes beside an ONNX export."""
    file = path.with_suffix(".json")
    if not file.is_file():
        return (), None
    try:
        value = read_json(file)
        labels = tuple(str(v) for v in value.get("labels") or ())
        preparation = preparation_from(value["preparation"]) if "preparation" in value else None
    except (UserError, ValueError, TypeError):
        return (), None  # some other program's file of that name
    return (labels if classes <= 0 or len(labels) == classes else ()), preparation


def _onnx_parts(path: Path) -> dict[str, Path]:
    """Files beside an ONNX file that hold its weights. Raises: UserError when it is no ONNX, or points elsewhere."""
    found = {}
    for name in check_onnx_places(path):
        part = path.with_name(name)
        if not part.is_file() or part.is_symlink():
            raise UserError(f"“{path.name}” needs the file “{name}” beside it.", "Put both into one folder.")
        found[name] = part
    return found


def script(path: Path) -> Recognised:
    """A TorchScript archive. It is not loaded: that is a program's start, and is asked about first."""
    labels = labels_beside(path, _lines_beside(path))
    missing = [Missing("consent", _TRUST), size_question(), numbers_question()]
    if not labels:
        missing.insert(1, labels_question(0))
    return Recognised(
        "a network as TorchScript", "torchscript", "torchscript", ("image-classification",), {path.name: path}, path.name,
        label_names=labels, preparation=Preparation(crop=1.0), missing=tuple(missing), family="TorchScript",
    )  # fmt: skip


def _lines_beside(path: Path) -> int:
    """How many names a labels.txt beside the file has; adopting finds out whether they fit."""
    file = path.with_name("labels.txt")
    try:
        if not file.is_file() or file.stat().st_size > 1_000_000:
            return 0
        return sum(1 for line in file.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip())
    except OSError:
        return 0
