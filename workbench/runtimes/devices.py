"""What this computer can compute on."""

from __future__ import annotations

from dataclasses import dataclass

from workbench import safe_mode


@dataclass(frozen=True)
class DeviceInfo:
    """`id` is torch's name ("cuda"), `name` what people call it, `memory` its bytes."""

    id: str
    name: str
    memory: int


def describe_devices() -> list[DeviceInfo]:
    """All devices, best first. Imports torch."""
    import platform

    import psutil
    import torch

    memory = int(psutil.virtual_memory().total)
    found = []
    if safe_mode.is_on():
        return [DeviceInfo("cpu", platform.processor() or platform.machine() or "Processor", memory)]
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        found.append(DeviceInfo("cuda", properties.name, int(properties.total_memory)))
    if torch.backends.mps.is_available():
        found.append(DeviceInfo("mps", "Apple graphics", memory))
    found.append(DeviceInfo("cpu", platform.processor() or platform.machine() or "Processor", memory))
    return found


def best_device(wanted: str = "auto") -> str:
    """The id of the device to use: `wanted` when it is there, else CUDA, then MPS, then the processor."""
    ids = _ids()
    return wanted if wanted in ids else ids[0] if wanted == "auto" else "cpu"


def _ids() -> list[str]:
    """Of `describe_devices`, without asking for what else is said of them: it is done for every answer."""
    import torch

    if safe_mode.is_on():
        return ["cpu"]
    found = ["cuda"] if torch.cuda.is_available() else []
    return [*found, "mps", "cpu"] if torch.backends.mps.is_available() else [*found, "cpu"]
