"""How fast this computer calculates: measured once in a second or two when asked for, and kept.

Three numbers say most of it: convolutions (pictures), matrix products (texts, sounds), and how fast memory is read
(what holds up a language model that writes one token after another).
"""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.fit import Speeds
from workbench.control import Control

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_FILE = "machine.json"
# Each load runs for about this long; its quickest round counts, as others may use the computer at the same time.
_SECONDS = 0.8
_ROUNDS = 400
_COPY_BYTES = 256_000_000


def known(device: str = "cpu", paths: AppPaths | None = None) -> Speeds | None:
    """What was measured on this machine with this version of torch; None when it was not measured yet.

    Imports nothing heavy.
    """
    try:
        entry = json.loads(_file(paths).read_text(encoding="utf-8"))[_key(device)]
        found = Speeds(
            str(entry["device"]), str(entry["name"]),
            *(float(entry[name]) for name in ("convolution", "matmul", "bandwidth")),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if min(found.convolution, found.matmul, found.bandwidth) > 0 else None


def measure(device: str = "cpu", control: Control | None = None, paths: AppPaths | None = None) -> Speeds:
    """Measure (a second or two) and keep the result for `known`.

    Args:
        device: "cpu", "cuda" or "mps".

    Raises:
        Cancelled: when asked to stop; nothing is kept.
    """
    import torch

    control = control or Control()
    control.progress(0, 3, "Measuring this computer")
    with torch.inference_mode():
        convolution = _CONVOLUTION_WORK / _round_seconds(_convolutions(device), device, control)
        control.progress(1, 3, "Measuring this computer")
        matmul = _PRODUCT_WORK / _round_seconds(_products(device), device, control)
        control.progress(2, 3, "Measuring this computer")
        source = torch.ones(_COPY_BYTES // 4, device=device)  # zeros nobody wrote yet are not in memory at all
        target = torch.zeros_like(source)
        bandwidth = _COPY_BYTES / _round_seconds(lambda: target.copy_(source), device, control)
    found = Speeds(device, _device_name(device), convolution, matmul, bandwidth)
    _keep(found, paths)
    control.progress(3, 3, "Measuring this computer")
    return found


def known_or_measured(device: str = "cpu", control: Control | None = None, paths: AppPaths | None = None) -> Speeds:
    """As `known`, measured first when needed. Raises: Cancelled."""
    return known(device, paths) or measure(device, control, paths)


# Channels and side of the stages below: the usual halving and doubling.
_STAGES = ((64, 56), (128, 28), (256, 14), (512, 7))
_CONVOLUTION_WORK = sum(2 * 2 * c * c * 9 * side * side for c, side in _STAGES)
_ROWS, _WIDTH = 64, 768
_PRODUCT_WORK = 2 * 2 * _ROWS * _WIDTH * 4 * _WIDTH


def _convolutions(device: str) -> Callable[[], torch.Tensor]:
    """Two layers of each stage of a picture network, with what stands between them. One layer alone, its numbers in
    the processor's own memory, would run several times faster than any whole network does."""
    import torch
    from torch import nn

    stages = []
    for channels, side in _STAGES:
        layers = [
            part
            for _ in range(2)
            for part in (nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())
        ]
        network = nn.Sequential(*layers).eval().to(device).to(memory_format=torch.channels_last)
        pixels = torch.randn(1, channels, side, side, device=device).to(memory_format=torch.channels_last)
        stages.append((network, pixels))

    def run() -> torch.Tensor:
        answers: list[torch.Tensor] = [network(pixels) for network, pixels in stages]
        return answers[-1]

    return run


def _products(device: str) -> Callable[[], torch.Tensor]:
    """The larger half of a transformer's layer, for a text of 64 tokens."""
    import torch
    from torch import nn

    block = nn.Sequential(nn.LayerNorm(_WIDTH), nn.Linear(_WIDTH, 4 * _WIDTH), nn.GELU(), nn.Linear(4 * _WIDTH, _WIDTH))
    block.eval().to(device)
    rows = torch.randn(_ROWS, _WIDTH, device=device)

    def run() -> torch.Tensor:
        answer: torch.Tensor = block(rows)
        return answer

    return run


def _round_seconds(load: Callable[[], torch.Tensor], device: str, control: Control) -> float:
    """Seconds of one round."""
    for _ in range(3):  # the first rounds also set things up
        control.check()
        load()
    _wait(device)
    times: list[float] = []
    until = time.perf_counter() + _SECONDS
    while len(times) < _ROUNDS and (not times or time.perf_counter() < until):
        control.check()
        began = time.perf_counter()
        load()
        _wait(device)
        times.append(time.perf_counter() - began)
    return max(1e-9, min(times))


def _wait(device: str) -> None:
    """Graphics cards answer before they are done."""
    import torch

    if device == "cuda":
        torch.cuda.synchronize()
    elif device == "mps":
        torch.mps.synchronize()


def _keep(found: Speeds, paths: AppPaths | None) -> None:
    file = _file(paths)
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values = {}
    try:
        known_before = values if isinstance(values, dict) else {}
        known = json.dumps(known_before | {_key(found.device): asdict(found)}, indent=1)
        atomic.write_text(file, known, shared=True, lasting=False)
    except OSError as error:
        log.warning("the measured speed is not kept: %s", error)


def _file(paths: AppPaths | None) -> Path:
    return (paths or app_paths()).cache / _FILE


def _key(device: str) -> str:
    """Another processor or another torch is another machine."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        torch_version = version("torch")
    except PackageNotFoundError:
        torch_version = "?"
    return f"{device} / {processor_name()} / torch {torch_version}"


@cache
def processor_name() -> str:
    """The processor's name; Linux keeps it apart from `platform`."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine() or "processor"


def _device_name(device: str) -> str:
    from workbench.runtimes.devices import describe_devices

    if device == "cpu":
        return processor_name()
    return next((d.name for d in describe_devices() if d.id == device), device)
