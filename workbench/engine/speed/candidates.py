"""The ways to compute a model's core on a processor. Each is one small object; adding a way is adding one to `ALL`.

Left out (docs/speed.md says why): torch.compile, weights without channels_last, and everything of reduced precision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench import atomic
from workbench.engine.export_check import write_onnx
from workbench.engine.speed.remembered import Way
from workbench.runtimes.fast_body import Compute, Core, Outputs, Part, in_torch

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch


class Candidate(Protocol):
    """A way to compute a core.

    Attributes:
        kind: its name in what is remembered. title: for people.
        own_weights: it does without the torch layers' weights.
    """

    kind: str
    title: str
    own_weights: bool

    def prepare(self, core: Core, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        """Write the file it needs into `folder`, if any.

        Args:
            examples: single items, as the core takes them.

        Raises:
            Exception: of many kinds, when the layers cannot be written like this.
        """

    def open(self, core: Core, file: Path | None, threads: int) -> Compute:
        """Ready to compute. Raises: Exception of many kinds, when the file is damaged."""


class InTorch:
    """The layers as they are."""

    kind, title, own_weights = "torch", "PyTorch", False

    def prepare(self, core: Core, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        return None

    def open(self, core: Core, file: Path | None, threads: int) -> Compute:
        return in_torch(threads, core.layers)


class InOnnx:
    """ONNX Runtime on exported layers."""

    kind, title, own_weights = "onnx", "ONNX Runtime", True

    def prepare(self, core: Core, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        file = folder / f"{key}-{self.kind}.onnx"
        with atomic.writing(file, shared=True, lasting=False) as part:
            export_core(core, examples, part)
        return file

    def open(self, core: Core, file: Path | None, threads: int) -> Compute:
        assert file is not None
        return session(core, file, threads)


ALL: tuple[Candidate, ...] = (InTorch(), InOnnx())


def candidate(kind: str) -> Candidate | None:
    """The way of this name; None when this version has none."""
    return next((c for c in ALL if c.kind == kind), None)


def opened(core: Core, way: Way, folder: Path, key: str) -> Part:
    """One that was prepared before. Raises: Exception of many kinds, when it is not there or is damaged."""
    found = candidate(way.kind)
    if found is None:
        raise ValueError(f"no engine {way.kind}")
    file = folder / f"{key}-{found.kind}.onnx"
    compute = found.open(core, file if found.own_weights else None, way.threads)
    held = file.stat().st_size if found.own_weights else 0
    return Part(found.kind, compute, found.own_weights, held)


def export_core(core: Core, examples: Sequence[Batch], file: Path) -> None:
    """A core's layers as ONNX: any number of items, of any length where the core says so, in; its outputs out."""
    from torch import nn

    from workbench.engine.speed.agreement import stacked

    example = stacked([examples[0], examples[-1]]) if core.several else dict(examples[0])
    names = list(example)

    class Traced(nn.Module):
        """Tensors in and tensors out."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = core.module

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            found = core.layers(dict(zip(names, tensors, strict=True)))
            return tuple(found[name] for name in core.outputs)

    free = {name: _axes(name, core.free.get(name, ())) for name in names}
    free |= {_written(name): _axes(name, output.free) for name, output in core.outputs.items()}
    write_onnx(Traced(), list(example.values()), file, names, [_written(name) for name in core.outputs], free)


def _written(output: str) -> str:
    """What an output is called in the file: a number, as torchvision calls its levels, is no name there."""
    return f"out_{output}"


def _axes(name: str, free: Sequence[int]) -> dict[int, str]:
    return {0: "batch"} | {axis: f"{name}_{axis}" for axis in free}


def session(core: Core, file: Path, threads: int) -> Compute:
    """A core by ONNX Runtime. What does not fit its inputs is left to the layers."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Between layers the threads wait busily: asleep they take longer to wake than a small layer to compute. Once all is computed
    # they sleep at once, or they would take the cores from those that read the next pictures, and from everybody else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    network = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    # Layers may make no use of an input; of another one than they were written with nothing is known.
    wanted = {i.name: tuple(i.shape) for i in network.get_inputs()}
    names, outputs = set(core.example), {name: _written(name) for name in core.outputs}

    def compute(batch: Batch) -> Outputs | None:
        import torch

        if set(batch) != names:
            return None
        given = {name: _array(batch[name]) for name in wanted}
        if not all(_fits(given[name].shape, shape) for name, shape in wanted.items()):
            return None
        found = network.run(list(outputs.values()), given)
        return {name: torch.from_numpy(value) for name, value in zip(outputs, found, strict=True)}

    return compute


def _fits(shape: Sequence[int], wanted: Sequence[Any]) -> bool:
    """Names stand for sizes that are free."""
    return len(shape) == len(wanted) and all(
        not isinstance(w, int) or w == s for s, w in zip(shape, wanted, strict=True)
    )


def _array(tensor: torch.Tensor) -> Any:
    import numpy as np

    return np.ascontiguousarray(tensor.detach().cpu().numpy())


def digest(file: Path) -> str:
    """sha256 (hex) of a file. Raises: OSError."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
