"""What was found quickest for a model on this computer, as JSON in the cache; lost without loss, mended when damaged."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.data.lock import FileLock
from workbench.engine.machine import processor_name
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    from workbench.runtimes.base import Loaded
    from workbench.runtimes.fast_body import Core

log = logging.getLogger(__name__)

FILE = "choices.json"
_VERSION = 2
_PATIENCE = 5.0
_MOST_BYTES = 5_000_000


@dataclass(frozen=True)
class Way:
    """An engine with so many threads."""

    kind: str = "torch"
    threads: int = 0


@dataclass(frozen=True)
class Row:
    """One way that was tried.

    Attributes:
        way: which.
        reason: why it is not to be had (cannot be exported, other answers), or "".
        one, many: how many times quicker than before for one item, and for many: median, lower and upper quartile of
            rounds in turn; (0, 0, 0) where it was not measured.
        seconds, many_seconds: per item.
        batch: items at once with which `many` was measured.
        samples, same: on how many items it was checked, and how many got the same first answer.
        score, number: the largest difference of a score (0..1), and of any other number (a feature, a place) as a share of
            the largest one.
    """

    way: Way
    reason: str = ""
    one: tuple[float, float, float] = (0.0, 0.0, 0.0)
    many: tuple[float, float, float] = (0.0, 0.0, 0.0)
    seconds: float = 0.0
    many_seconds: float = 0.0
    batch: int = 0
    samples: int = 0
    same: int = 0
    score: float = 0.0
    number: float = 0.0


@dataclass(frozen=True)
class Choice:
    """What a model runs with.

    Attributes:
        one, many: for one item and for many.
        batch: how many items are best given at once.
        rows: everything that was tried.
        files: sha256 (hex) of the files beside, by name.
        cards: ids of the models that run with it: those that were taught on one backbone share it.
    """

    one: Way
    many: Way
    batch: int
    rows: tuple[Row, ...]
    files: dict[str, str] = field(default_factory=dict)
    cards: tuple[str, ...] = ()
    made: str = ""

    def row(self, way: Way) -> Row | None:
        return next((row for row in self.rows if row.way == way), None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Choice:
        """Raises: ValueError, TypeError, KeyError when it is none."""

        def way(value: Mapping[str, Any]) -> Way:
            return Way(str(value["kind"]), int(value["threads"]))

        def three(values: Any) -> tuple[float, float, float]:
            middle, low, high = (float(v) for v in values)
            return middle, low, high

        rows = tuple(
            Row(
                way(r["way"]), str(r["reason"]), three(r["one"]), three(r["many"]), float(r["seconds"]),
                float(r["many_seconds"]), int(r["batch"]), int(r["samples"]), int(r["same"]), float(r["score"]),
                float(r["number"]),
            )
            for r in data["rows"]
        )  # fmt: skip
        files = {str(k): str(v) for k, v in dict(data["files"]).items()}
        return cls(
            way(data["one"]), way(data["many"]), max(1, int(data["batch"])), rows, files, tuple(map(str, data["cards"])),
            str(data["made"]),
        )  # fmt: skip


def folder(paths: AppPaths | None = None) -> Path:
    """Where choices and exported networks lie."""
    return (paths or app_paths()).cache / "speed"


def machine() -> str:
    """Another processor, another number of cores, another library: another machine."""
    return f"{processor_name()} / {cores()} cores / torch {_version('torch')} / onnxruntime {_version('onnxruntime')}"


def cores() -> int:
    """How many of them this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def key_of(model: Loaded, core: Core) -> str:
    """Hash of the core's weights, of what else decides its answers, and of what goes in and comes out."""
    shapes = {
        name: [
            str(value.dtype),
            *(side for axis, side in enumerate(value.shape) if axis and axis not in core.free.get(name, ())),
        ]
        for name, value in sorted(core.example.items())
    }
    weights = model.weights_hash if isinstance(model, Network) else _hash(core)
    text = f"{_VERSION}/{weights}/{core.identity}/{shapes}/{sorted(core.outputs)}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _hash(core: Core) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(core.module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def recall(key: str, paths: AppPaths | None = None) -> Choice | None:
    """What was found on this machine; None when nothing was, or it cannot be read."""
    found = _read(paths).get(machine(), {}).get(key)
    try:
        return Choice.from_json(found) if found is not None else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("a remembered engine cannot be read: %s", error)
        return None


def recall_by_card(card_id: str, paths: AppPaths | None = None) -> Choice | None:
    """The newest that was found with this model. Imports nothing heavy."""
    newest: Choice | None = None
    for key, entry in _read(paths).get(machine(), {}).items():
        if isinstance(entry, dict) and card_id in (entry.get("cards") or ()):
            found = recall(key, paths)
            if found is not None and (newest is None or found.made >= newest.made):
                newest = found
    return newest


def all_choices(paths: AppPaths | None = None) -> dict[str, Choice]:
    """All that were found on this machine, by key."""
    found = {key: recall(key, paths) for key in _read(paths).get(machine(), {})}
    return {key: choice for key, choice in found.items() if choice is not None}


def remember(key: str, choice: Choice | None, paths: AppPaths | None = None) -> None:
    """Keep a choice (None: forget it), atomically, beside those of other machines and processes."""
    place = folder(paths)
    lock = FileLock(place / ".lock")
    try:
        place.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + _PATIENCE
        while not lock.acquire():
            if time.monotonic() > until:
                log.warning("the remembered engines are in use; this one is not kept")
                return
            time.sleep(0.02)
        try:
            everything = _read(paths)
            here = everything.setdefault(machine(), {})
            here.pop(key, None)
            if choice is not None:
                here[key] = choice.to_json()
            atomic.write_text(place / FILE, json.dumps(everything, indent=1), lasting=False)
        finally:
            lock.release()
    except OSError as error:
        log.warning("a measured engine is not kept: %s", error)


def _read(paths: AppPaths | None) -> dict[str, dict[str, Any]]:
    file = folder(paths) / FILE
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        data = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("the remembered engines are begun anew: %s", error)
        return {}
    if not isinstance(data, dict):
        return {}
    return {str(name): value for name, value in data.items() if isinstance(value, dict)}


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
