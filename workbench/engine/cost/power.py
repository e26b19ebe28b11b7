"""Where the numbers of energy come from: the processor's counter, the graphics card's, or the model codecarbon documents.

RAPL (Intel's and AMD's "running average power limit") counts microjoules of the whole processor; Linux shows them under
/sys/class/powercap, since 2020 to administrators only. NVML is what NVIDIA's driver answers with. Where neither can be read,
power is modelled as codecarbon (https://github.com/mlco2/codecarbon, version 3, tracking of one process) does: the power the
processor is built for, times the share of its time that the process took; and so many watts for each memory module.
"""

from __future__ import annotations

import csv
import ctypes
import logging
import math
import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.trust.cost.records import DEFAULT, TDP

log = logging.getLogger(__name__)

POWERCAP = Path("/sys/class/powercap")
# codecarbon's power of a processor that is in no list: this much for each thread.
WATTS_PER_THREAD = 4.0
_SLOT_WATTS, _SLOT_WATTS_ARM = 5.0, 1.5
_LEAST_ARM = 3.0
# Modules beyond the first four, eight and sixteen are taken to need less.
_SLOT_SHARES = ((4, 1.0), (4, 0.9), (8, 0.8), (16, 0.7))
_MODULES_GIB = (128, 64, 32, 16, 8, 4)
_MOST_MODULES = 32


class Rapl:
    """The energy counters of all processors of this computer, and of their memory where it has one.

    Args:
        folder: where Linux shows them.
    """

    def __init__(self, folder: Path = POWERCAP) -> None:
        self._zones = [(zone, _number(zone / "max_energy_range_uj")) for zone in _zones(folder)]
        self._last = [_number(zone / "energy_uj") for zone, _ in self._zones]

    @property
    def readable(self) -> bool:
        return bool(self._zones) and all(value is not None for value in self._last)

    @property
    def counts_memory(self) -> bool:
        return any(_name(zone) == "dram" for zone, _ in self._zones)

    def joules(self) -> float:
        """Since the call before (or since this was made). A counter that came to its end began again at zero."""
        total = 0.0
        for place, (zone, most) in enumerate(self._zones):
            now, before = _number(zone / "energy_uj"), self._last[place]
            if now is None:
                continue  # once more next time
            if before is not None:
                step = now - before if now >= before else now - before + (most or 0)
                total += max(0, step)
            self._last[place] = now
        return total / 1e6


def _zones(folder: Path) -> Iterator[Path]:
    """Whole processors, and memory beside them; not parts of a processor, which are counted in it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return
    for name in names:
        if not re.fullmatch(r"intel-rapl:\d+(:\d+)?", name):
            continue
        kind = _name(folder / name)
        if kind.startswith("package") or kind == "dram":
            yield folder / name


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


class Nvml:
    """The energy of one NVIDIA card, asked of its driver's library.

    Args:
        library: the loaded library.
        uuid: of the card, as torch gives it; "" for the first.
    """

    def __init__(self, library: Any, uuid: str = "") -> None:
        self._library = library
        self._device = ctypes.c_void_p()
        self.works = library.nvmlInit_v2() == 0 and self._find(uuid)
        self._last = self._counter() if self.works else None

    def _find(self, uuid: str) -> bool:
        target = ctypes.byref(self._device)
        if uuid:
            name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
            return bool(self._library.nvmlDeviceGetHandleByUUID(name.encode("ascii", "replace"), target) == 0)
        return bool(self._library.nvmlDeviceGetHandleByIndex_v2(0, target) == 0)

    def joules(self, seconds: float) -> float | None:
        """Since the call before, which was `seconds` ago. Cards without a counter tell their power of now. None when the
        driver gives neither."""
        now, before = self._counter(), self._last
        self._last = now
        if now is not None and before is not None:
            return max(0.0, now - before)
        power = self._asked("nvmlDeviceGetPowerUsage", ctypes.c_uint)  # milliwatts
        return None if power is None else power / 1000 * seconds

    def limit(self) -> float:
        """The most watts it may take; 0 when that is not known."""
        return (self._asked("nvmlDeviceGetEnforcedPowerLimit", ctypes.c_uint) or 0.0) / 1000

    def _counter(self) -> float | None:
        millijoules = self._asked("nvmlDeviceGetTotalEnergyConsumption", ctypes.c_ulonglong)
        return None if millijoules is None else millijoules / 1000

    def _asked(self, name: str, kind: Any) -> float | None:
        value = kind()
        function = getattr(self._library, name, None)
        if function is None or function(self._device, ctypes.byref(value)) != 0:
            return None
        return float(value.value)


def open_nvml(uuid: str = "") -> Nvml | None:
    """The card's energy; None where NVIDIA's driver is not there or does not answer."""
    try:
        library = ctypes.CDLL("nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1")
    except OSError:
        return None
    found = Nvml(library, uuid)
    return found if found.works else None


@dataclass(frozen=True)
class Processor:
    """`watts`: what all of it takes at full load. `method`: `TDP` (its maker says so) or `DEFAULT` (assumed)."""

    name: str
    watts: float
    threads: int
    method: str


@lru_cache(maxsize=1)
def processor() -> Processor:
    """This computer's."""
    import psutil

    name = _processor_name()
    threads = psutil.cpu_count() or os.cpu_count() or 1
    known = built_for(name)
    if known is not None:
        return Processor(name, known * _sockets(), threads, TDP)
    return Processor(name, threads * WATTS_PER_THREAD, threads, DEFAULT)


def built_for(name: str) -> float | None:
    """The thermal design power of a processor by its name as the system gives it; None when it is in no list."""
    return _table().get(_plain(name)) if name else None


def _sockets(file: Path = Path("/proc/cpuinfo")) -> int:
    """How many such processors there are; 1 where the system does not say."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 1
    return max(1, len({line for line in lines if line.startswith("physical id")}))


@cache
def _table() -> dict[str, float]:
    with (resources() / "energy" / "processors.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    table: dict[str, float] = {}
    for row in rows:
        table.setdefault(_plain(row["name"]), float(row["watts"]))
    return table


def _plain(name: str) -> str:
    """A name without what systems add to it: marks, the clock's speed, the number of cores, the graphics part."""
    text = re.sub(r"\((r|tm|c)\)|[®™]", " ", name.lower())
    text = re.split(r"\s@\s|\bwith\b|\bw/", text)[0]
    text = re.sub(r"\b(\d+th gen|\d+-core|(dual|quad|six|eight|twelve|sixteen)-core|cpu|processor)\b", " ", text)
    return " ".join(text.split())


def _processor_name() -> str:
    from workbench.engine.machine import processor_name

    if sys.platform == "darwin":
        return _mac_name() or processor_name()
    return _windows_name() or processor_name() if sys.platform == "win32" else processor_name()


def _mac_name() -> str:
    """ "Apple M2"."""
    library = ctypes.CDLL(None)
    size = ctypes.c_size_t(256)
    found = ctypes.create_string_buffer(size.value)
    failed = library.sysctlbyname(b"machdep.cpu.brand_string", found, ctypes.byref(size), None, 0)
    return "" if failed else found.value.decode("utf-8", "replace")


def _windows_name() -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).strip()
    except OSError:
        return ""


def processor_joules(cpu_seconds: float, chip: Processor) -> float:
    """Modelled: `chip.watts` times the time it was used, one thread of it being its share.

    codecarbon's power of a process is tdp x (its CPU seconds / seconds gone) / threads; over those seconds, this.
    """
    return chip.watts * cpu_seconds / chip.threads


def memory_watts(size: float, arm: bool | None = None) -> float:
    """Modelled: power of the modules that hold `size` bytes.

    Args:
        arm: an ARM computer; by default this one's kind.
    """
    if arm is None:
        arm = platform.machine().lower().startswith(("arm", "aarch"))
    each = _SLOT_WATTS_ARM if arm else _SLOT_WATTS
    left, watts = _modules(size / 2**30), 0.0
    for most, share in _SLOT_SHARES:
        used = min(left, most)
        watts += each * share * used
        left -= used
    return max(_LEAST_ARM if arm else 2 * each, watts)


def _modules(gib: float) -> int:
    """How many modules a computer with so much memory usually has."""
    for limit, usual in ((2, 1), (16, 2), (64, 4), (128, 8)):
        if gib <= limit:
            return usual
    size = next((s for s in _MODULES_GIB if s <= gib / 8), _MODULES_GIB[-1])
    return min(_MOST_MODULES, math.ceil(gib / size))
