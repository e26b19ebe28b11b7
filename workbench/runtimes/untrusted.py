"""The one door for weights that somebody else made: read as numbers, never run.

Everything of this kind is opened here: safetensors, torch's files, TorchScript and ONNX. A test holds the rest of the
package to it. `workbench.guard` watches from below.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import UserError

# The specification's own bound on a safetensors header.
_MOST_HEADER = 100_000_000


class HoldsProgramError(UserError):
    """A file of weights that would run something when it is opened carelessly."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"“{path.name}” holds a program along with its weights, so it is not opened: such a file could do"
            " anything on this computer.",
            "Ask its maker for the weights alone (safetensors or a state dict), or for ONNX.",
        )


def read_tensors(path: Path) -> Any:
    """What a weight file holds, on the CPU: a dict of tensors by name, or for torch's files whatever they wrap it in.

    Args:
        path: .safetensors, or any file of `torch.save`.

    Raises:
        UserError: damaged, cut off, or it holds a program along with its weights.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix.lower() == ".safetensors":
            _check_header(path)
            return load_file(path)
        # A zipped file is read from the disk as it is needed, an older one whole.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path) or None)
    except pickle.UnpicklingError as error:
        if _is_about_code(str(error)):
            raise HoldsProgramError(path) from error
        raise _damaged(path) from error
    except (
        SafetensorError, OSError, EOFError, RuntimeError, ValueError, KeyError, TypeError, AttributeError,
        IndexError, OverflowError, MemoryError, AssertionError, ImportError, RecursionError, struct.error,
        zipfile.BadZipFile,
    ) as error:  # fmt: skip
        # torch's reader answers junk with any of these.
        raise _damaged(path) from error


def open_script(path: Path) -> Any:
    """A TorchScript module on the CPU: a program for torch's interpreter, so only when the person said they trust it.

    Raises:
        UserError: it is none.
    """
    import warnings

    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch has a newer format, these files remain
            return torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]
    except (RuntimeError, OSError, ValueError) as error:
        raise UserError(f"“{path.name}” is no TorchScript file this app can run.", "Choose another file.") from error


def open_onnx(path: Path) -> Any:
    """An `onnxruntime.InferenceSession` on the processor, with its data taken from the file's own folder alone.

    Raises:
        UserError: it is none, is damaged, or wants to read files outside its folder.
    """
    import onnxruntime

    check_onnx_places(path)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's errors share no base class of their own
        raise UserError(
            f"“{path.name}” is no ONNX network this app can run.", "Download or choose it again."
        ) from error


def check_onnx_places(path: Path) -> list[str]:
    """ONNX may keep weights in other files and names them: only plain names beside it are allowed; they are returned.

    Raises:
        UserError: damaged, or a name leads out of the folder.
    """
    names = sorted(set(_outside_data(parsed_onnx(path))))
    for name in names:
        if name in ("", ".", "..") or Path(name).name != name or "\\" in name or ":" in name:
            raise UserError(
                f"“{path.name}” keeps its weights outside of its folder, so it is not opened.", "Choose another file."
            )
    return names


def onnx_operations(path: Path) -> list[tuple[str, int]]:
    """(kind of layer, how many) of an ONNX file, in order of first use. Raises: UserError when it is damaged."""
    counts: dict[str, int] = {}
    for node in parsed_onnx(path).graph.node:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return list(counts.items())


def parsed_onnx(path: Path) -> Any:
    """An ONNX file's graph, weights in other files left there. Raises: UserError when it is damaged."""
    import onnx

    try:
        return onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf's and the library's errors share no base class of their own
        raise UserError(f"“{path.name}” is no ONNX network, or is damaged.", "Download or choose it again.") from error


def _outside_data(message: Any) -> Iterator[str]:
    """Every place a tensor of the model, of its functions and of graphs within graphs says its data is at."""
    waiting = [message]
    while waiting:
        one = waiting.pop()
        if one.DESCRIPTOR.name == "TensorProto":
            yield from (e.value for e in one.external_data if e.key == "location")
            continue
        for field, value in one.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if hasattr(value, "DESCRIPTOR") else value)


def _check_header(path: Path) -> None:
    """A safetensors header that lies about its length or its places is refused before anything is laid out.

    Raises:
        ValueError: it lies.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(_MOST_HEADER, size - 8):
            raise ValueError("the header is longer than the file")
        header = json.loads(stream.read(length))
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            if not 0 <= begin <= end <= size - 8 - length:
                raise ValueError("a tensor lies outside the file")


def _damaged(path: Path) -> UserError:
    return UserError(f"“{path.name}” is damaged, or is no file of weights.", "Copy or download it again.")


def _is_about_code(message: str) -> bool:
    """torch names what it refused to load."""
    return any(
        word in message for word in ("Unsupported global", "Unsupported class", "GLOBAL ", "REDUCE", "allowlist")
    )
