"""What was expected of a run and what it took, as plain data, and the one file in the run's folder that keeps both."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from workbench import atomic

log = logging.getLogger(__name__)

FILE = "cost.json"
_VERSION = 1
_MAX_BYTES = 4_000_000
# How the power of a part was found.
RAPL, TDP, DEFAULT, NVML, NOT_COUNTED, NONE = "rapl", "tdp", "default", "nvml", "not-counted", ""


@dataclass(frozen=True)
class CostEstimate:
    """What a training is expected to cost, said before it starts.

    Attributes:
        seconds, seconds_low, seconds_high: time, and the interval it is expected in.
        memory_bytes: most memory at a time, of the graphics card where one is used ("cuda"), else of the computer, beside
            what the app takes already; memory_low, memory_high: its interval.
        watts: power while it runs, so that energy is seconds times watts.
        raw_seconds, raw_memory, raw_watts: the same before past trainings on this computer corrected them: what the next
            correction is measured against.
        device: "cpu", "cuda", "mps".
        measured: the model's speed was measured on this computer; else it is guessed from the model's size.
        learnt_from: how many past trainings like this one corrected it.
    """

    seconds: float
    seconds_low: float
    seconds_high: float
    memory_bytes: int
    memory_low: int
    memory_high: int
    watts: float
    raw_seconds: float
    raw_memory: int
    raw_watts: float
    device: str = "cpu"
    measured: bool = False
    learnt_from: int = 0

    @property
    def watt_hours(self) -> float:
        return self.seconds * self.watts / 3600

    @property
    def watt_hours_low(self) -> float:
        return self.seconds_low * self.watts / 3600

    @property
    def watt_hours_high(self) -> float:
        return self.seconds_high * self.watts / 3600


@dataclass(frozen=True)
class CostMeasured:
    """What a training took, or has taken so far. Sessions (a run that was cut off and went on) add up.

    Attributes:
        seconds: by the clock, without pauses.
        cpu_seconds: of all cores together.
        memory_bytes: most memory of the process at a time above what it had when the training began.
        gpu_memory_bytes: most memory of the graphics card taken by tensors; 0 where none is used.
        processor_wh, memory_wh, gpu_wh: energy in watt-hours.
        processor_method: "rapl" (the processor's own counter, of everything that ran meanwhile), "tdp" (modelled by the power
            this processor is built for), "default" (as "tdp", the power assumed).
        gpu_method: "nvml" (the card's own counter), "not-counted" (it gives none), "" (no graphics card was used).
        processor: its name; processor_watts: the power the model uses for all of it.
        sessions: how many times it was started.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    gpu_memory_bytes: int = 0
    processor_wh: float = 0.0
    memory_wh: float = 0.0
    gpu_wh: float = 0.0
    processor_method: str = NONE
    gpu_method: str = NONE
    processor: str = ""
    processor_watts: float = 0.0
    sessions: int = 1

    @property
    def watt_hours(self) -> float:
        return self.processor_wh + self.memory_wh + self.gpu_wh

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.watt_hours * 3600 / self.seconds if self.seconds > 0 else 0.0

    def memory_on(self, device: str) -> int:
        """The memory that counts there: see `CostEstimate.memory_bytes`."""
        return self.gpu_memory_bytes if device == "cuda" else self.memory_bytes

    def __add__(self, other: CostMeasured) -> CostMeasured:
        """Times and energies add up, memory is the larger of the two; the methods are those of the later one."""
        return replace(
            other,
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
            gpu_memory_bytes=max(self.gpu_memory_bytes, other.gpu_memory_bytes),
            processor_wh=self.processor_wh + other.processor_wh,
            memory_wh=self.memory_wh + other.memory_wh,
            gpu_wh=self.gpu_wh + other.gpu_wh,
            sessions=self.sessions + other.sessions,
        )


@dataclass(frozen=True)
class CostRecord:
    """A run's cost as its folder keeps it.

    Attributes:
        estimate: what was said before its first start; None for runs made before costs were kept.
        sessions: one entry for each start; the last one grows while it runs.
        ended: it came to its own end (nobody stopped it), so that the estimate can be compared with it.
    """

    estimate: CostEstimate | None = None
    sessions: tuple[CostMeasured, ...] = ()
    ended: bool = False

    @property
    def measured(self) -> CostMeasured | None:
        """All sessions together; None when there was none."""
        if not self.sessions:
            return None
        total = self.sessions[0]
        for session in self.sessions[1:]:
            total = total + session
        return total

    def error(self) -> dict[str, float] | None:
        """How far off the estimate was, by name ("seconds", "memory", "energy"): measured by estimated, less one (0.2: it
        took a fifth more). None where there is nothing to compare."""
        took, told = self.measured, self.estimate
        if took is None or told is None or not self.ended:
            return None
        pairs = {
            "seconds": (took.seconds, told.seconds),
            "memory": (took.memory_on(told.device), told.memory_bytes),
            "energy": (took.watt_hours, told.watt_hours),
        }
        return {name: real / guess - 1 for name, (real, guess) in pairs.items() if guess > 0}


def read(folder: Path) -> CostRecord | None:
    """The record of a run's folder; None where there is none, or it is damaged (then it is only missed)."""
    file = folder / FILE
    try:
        if file.stat().st_size > _MAX_BYTES:
            raise ValueError("far too large")
        data = json.loads(file.read_text(encoding="utf-8"))
        told = data.get("estimate")
        estimate = None if told is None else CostEstimate(**_known(CostEstimate, told))
        sessions = tuple(CostMeasured(**_known(CostMeasured, s)) for s in data["sessions"])
        return CostRecord(estimate, sessions, bool(data.get("ended", False)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("the cost of %s cannot be read: %s", folder.name, error)
        return None


def write(folder: Path, record: CostRecord) -> None:
    """Put the record into a run's folder, whole or not at all. Raises: OSError."""
    data = {
        "version": _VERSION,
        "estimate": None if record.estimate is None else asdict(record.estimate),
        "sessions": [asdict(s) for s in record.sessions],
        "ended": record.ended,
    }
    atomic.write_text(folder / FILE, json.dumps(data, indent=1))


def _known(kind: type[Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields this version knows, each of the kind it must be. Raises: TypeError, ValueError."""
    found: dict[str, Any] = {}
    for field in fields(kind):
        if field.name not in data:
            continue
        value = data[field.name]
        wanted = {"float": float, "int": int, "str": str, "bool": bool}[str(field.type)]
        found[field.name] = wanted(value)
        if wanted in (float, int) and not 0 <= found[field.name] < 1e18:
            raise ValueError(f"{field.name} is {value}")
    return found
