"""The ways to compute a network's features on a processor. Each is one small object; adding a way is adding one to `ALL`.

Left out (docs/speed.md says why): torch.compile, and weights without channels_last.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from workbench import atomic
from workbench.engine.export_check import write_onnx
from workbench.engine.speed.remembered import Way
from workbench.runtimes.fast_body import Compute, Part, in_torch

if TYPE_CHECKING:
    import torch

    from workbench.runtimes.base import Batch
    from workbench.runtimes.network import Network

log = logging.getLogger(__name__)

_OUTPUT = "features"
# Whole numbers of 8 bits per weight; calibrated on so many items.
_MOST_CALIBRATED = 12


class Candidate(Protocol):
    """A way to compute features.

    Attributes:
        kind: its name in what is remembered. title: for people.
        exact: it calculates in full precision.
        own_weights: it does without the torch layers' weights.
    """

    kind: str
    title: str
    exact: bool
    own_weights: bool

    def unfit(self, network: Network) -> str:
        """Why it cannot be had for this network on this computer; "" when it can."""

    def prepare(self, network: Network, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        """Write the file it needs into `folder`, if any.

        Args:
            examples: single items, as the network takes them by itself.

        Raises:
            Exception: of many kinds, when the network cannot be written like this.
        """

    def open(self, network: Network, file: Path | None, threads: int) -> Compute:
        """Ready to compute. Raises: Exception of many kinds, when the file is damaged."""


class InTorch:
    """The layers as they are."""

    kind, title, exact, own_weights = "torch", "PyTorch", True, False

    def unfit(self, network: Network) -> str:
        return ""

    def prepare(self, network: Network, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        return None

    def open(self, network: Network, file: Path | None, threads: int) -> Compute:
        return in_torch(threads, network.alone_in_layers)


class HalfTorch(InTorch):
    """The layers in bfloat16, on processors that calculate in it."""

    kind, title, exact = "bf16", "PyTorch in half precision (bfloat16)", False

    def unfit(self, network: Network) -> str:
        import torch

        able = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return "" if able else "this processor does not calculate in bfloat16"

    def open(self, network: Network, file: Path | None, threads: int) -> Compute:
        import torch

        def half(batch: Batch) -> torch.Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return network.alone_in_layers(batch)

        return in_torch(threads, half)


class InOnnx:
    """ONNX Runtime on an exported network."""

    kind, title, exact, own_weights = "onnx", "ONNX Runtime", True, True

    def unfit(self, network: Network) -> str:
        return ""

    def prepare(self, network: Network, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        file = folder / f"{key}-{self.kind}.onnx"
        with atomic.writing(file, shared=True, lasting=False) as part:
            export_features(network, examples, part)
        return file

    def open(self, network: Network, file: Path | None, threads: int) -> Compute:
        assert file is not None
        return session(file, threads)


class InWholeNumbers(InOnnx):
    """ONNX Runtime with weights of 8 bits: for texts the layers' inputs are scaled as they come, for everything else by what
    the examples show (Jacob et al. 2018, arXiv 1712.05877)."""

    kind, title, exact = "int8", "ONNX Runtime in whole numbers (int8)", False

    def prepare(self, network: Network, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process

        full = folder / f"{key}-full.part"
        ready = folder / f"{key}-ready.part"
        file, part = folder / f"{key}-{self.kind}.onnx", folder / f"{key}-{self.kind}.part"
        try:
            export_features(network, examples, full)
            with _silent():
                if network.tokenizer is not None:
                    quantize_dynamic(full, part, weight_type=QuantType.QInt8)
                else:
                    quant_pre_process(str(full), str(ready), skip_symbolic_shape=True)
                    quantize_static(
                        ready, part, _Calibration(examples), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    )  # fmt: skip
            atomic.put(part, file, lasting=False)
        finally:
            for left in (full, ready, part):
                left.unlink(missing_ok=True)
        return file


@contextmanager
def _silent() -> Iterator[None]:
    """onnxruntime's quantisation tells the root logger of every weight."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


class _Calibration:
    """Items one by one, as onnxruntime's calibration reads them."""

    def __init__(self, examples: Sequence[Batch]) -> None:
        self._left = [{name: _array(v) for name, v in batch.items()} for batch in examples[:_MOST_CALIBRATED]]

    def get_next(self) -> dict[str, Any] | None:
        return self._left.pop() if self._left else None


ALL: tuple[Candidate, ...] = (InTorch(), InOnnx(), InWholeNumbers(), HalfTorch())


def candidate(kind: str) -> Candidate | None:
    """The way of this name; None when this version has none."""
    return next((c for c in ALL if c.kind == kind), None)


def opened(network: Network, way: Way, folder: Path, key: str) -> Part:
    """One that was prepared before. Raises: Exception of many kinds, when it is not there or is damaged."""
    found = candidate(way.kind)
    if found is None:
        raise ValueError(f"no engine {way.kind}")
    file = folder / f"{key}-{found.kind}.onnx"
    compute = found.open(network, file if found.own_weights else None, way.threads)
    held = file.stat().st_size if found.own_weights else 0
    return Part(found.kind, compute, found.exact, found.own_weights, held)


def export_features(network: Network, examples: Sequence[Batch], file: Path) -> None:
    """A network without its head as ONNX: any number of items, texts and waves of any length, in; "features" out."""
    from torch import nn

    from workbench.engine.speed.agreement import stacked

    example = stacked([examples[0], examples[-1]])
    names = list(example)

    class Features(nn.Module):
        """Tensors in and features out."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = network.backbone

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            return network.alone_in_layers(dict(zip(names, tensors, strict=True)))

    free = {name: {0: "batch"} | ({1: "length"} if example[name].dim() == 2 else {}) for name in names}
    write_onnx(Features(), list(example.values()), file, names, [_OUTPUT], {**free, _OUTPUT: {0: "batch"}})


def session(file: Path, threads: int) -> Compute:
    """Features by ONNX Runtime. What does not fit its inputs is left to the layers."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait busily take the cores from those that read the next pictures, and from everybody else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    network = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    wanted = {i.name: tuple(i.shape) for i in network.get_inputs()}

    def compute(batch: Batch) -> torch.Tensor | None:
        import torch

        given = {name: _array(batch[name]) for name in wanted if name in batch}
        if not all(name in given and _fits(given[name].shape, shape) for name, shape in wanted.items()):
            return None
        return torch.from_numpy(network.run([_OUTPUT], given)[0])

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
