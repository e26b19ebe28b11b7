"""What is this file or folder? Told from its content, as data: nothing of it is run.

Tensors are read by safetensors or `torch.load(weights_only=True)`; graphs by ONNX Runtime and LiteRT; descriptions as
JSON. A pickle that holds more than tensors is refused, and so is what is too large or unfolds to far more than it is.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from workbench.control import Control
from workbench.errors import UserError
from workbench.runtimes.recognised import MOST_BYTES, Missing, MissingKind, Recognised

__all__ = ["Missing", "MissingKind", "Recognised", "recognise"]

_WEIGHTS = (".pt", ".pth", ".bin", ".ckpt", ".safetensors", ".torchscript")
_GRAPHS = (".onnx", ".tflite")
_PROGRAMS = (".pkl", ".pickle", ".joblib", ".h5", ".keras")
# Torch's archives are not compressed; one that unfolds to much more than it is was made to fill the memory.
_MOST_UNFOLDING = 4
_MOST_ENTRIES = 200_000


def recognise(path: Path, cache_folder: Path | None = None, control: Control | None = None) -> Recognised:
    """A file or a folder.

    Args:
        cache_folder: what is learnt of the architectures' names is kept there, for the next time.

    Raises:
        UserError: when it is nothing this app opens; the sentence says what was seen.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    if path.is_dir():
        return _folder(path, cache_folder, control)
    if not path.is_file():
        raise UserError(f"“{path.name}” is not there.", "Check the name.")
    size = path.stat().st_size
    if not size or size > MOST_BYTES:
        raise UserError(
            f"“{path.name}” is {'empty' if not size else 'too large for this app'}.", "Choose another file."
        )
    suffix = path.suffix.lower()
    if suffix in (".cfg", ".weights"):
        from workbench.runtimes.recognise_folder import darknet

        return darknet(path)
    if suffix in _GRAPHS:
        from workbench.runtimes.recognise_graph import graph

        return graph(path)
    if suffix == ".pb":
        return Recognised(
            "EAST, a finder of text, as a frozen graph", "opencv_text", "EAST", ("text-in-pictures",),
            {path.name: path}, path.name,
        )  # fmt: skip
    if suffix in _WEIGHTS:
        return _weights(path, cache_folder, control)
    if suffix == ".gguf":
        raise UserError(
            "GGUF files are for other programs.", "Start a server such as llama.cpp with it and connect that."
        )
    if suffix in _PROGRAMS:
        raise UserError(
            f"“{path.name}” may hold programs, so the app does not open it.", "Save the model as safetensors or ONNX."
        )
    raise UserError(
        f"“{path.name}” is no model this app knows.",
        "It knows safetensors, PyTorch, ONNX, TFLite, Darknet and Hugging Face folders.",
    )


def _weights(path: Path, cache_folder: Path | None, control: Control) -> Recognised:
    from workbench.runtimes.recognise_folder import described
    from workbench.runtimes.recognise_graph import script
    from workbench.runtimes.recognise_state import state

    config = path.with_name("config.json")
    if path.name in ("model.safetensors", "pytorch_model.bin") and config.is_file():
        return described(path.parent)  # the person chose the weights inside a model's folder
    if path.suffix.lower() != ".safetensors" and zipfile.is_zipfile(path):
        names = _entries(path)
        if any("/code/" in name or name.endswith("constants.pkl") for name in names):
            return script(path)
    return state(path, cache_folder, control)


def _entries(path: Path) -> list[str]:
    """Names in an archive. Raises: UserError when it is damaged or unfolds to more than it should."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise UserError(f"“{path.name}” is damaged.", "Copy or download it again.") from error
    unfolded = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unfolded > max(_MOST_UNFOLDING * path.stat().st_size, 10_000_000):
        raise UserError(f"“{path.name}” unfolds to far more than a model should.", "Choose another file.")
    return [entry.filename for entry in entries]


def _folder(path: Path, cache_folder: Path | None, control: Control) -> Recognised:
    from workbench.runtimes.recognise_folder import darknet, described, style_pair

    if (path / "card.json").is_file():
        from workbench.catalog.catalog import read_own_card

        card = read_own_card(path)
        return Recognised(
            f"the model “{card.name}” of Model Workbench", card.runtime, card.arch, card.tasks, {}, is_ours=True,
            label_names=card.label_names, parameters=card.parameters,
        )  # fmt: skip
    if (path / "config.json").is_file():
        return described(path)
    if any(path.glob("*.cfg")) and any(path.glob("*.weights")):
        return darknet(path)
    models = [f for f in sorted(path.iterdir()) if f.suffix.lower() in (*_WEIGHTS, *_GRAPHS) and f.is_file()]
    if len(models) == 2 and {f.suffix for f in models} <= set(_GRAPHS):
        return style_pair(models)
    if len(models) == 1:
        return recognise(models[0], cache_folder, control)
    raise UserError(f"The folder “{path.name}” holds no model this app knows.", "Choose the model's file itself.")
