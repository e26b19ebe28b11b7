"""Does a model fit this computer, and how long will it take? Asked of the card alone, before anything is downloaded.

All of it is an estimate from the work a model does (counted once for the catalogue, see packaging/make_operations.py,
else guessed from its number of weights) and from how fast this computer was measured to calculate
(`workbench.engine.machine`). `benchmarks/seconds_per_item.py` compares it with real runs: within a factor of two where
the work was counted, up to ten times off where it is guessed (AlexNet). The numbers are there to choose between "at once", "a few seconds"
and "go and fetch a coffee".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Literal

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard

Level = Literal["runs well", "slow here", "too large"]

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
# Python, torch and the libraries around it, before any model is loaded.
_LIBRARIES = 350_000_000
# Multiplications per weight of a picture network that looks at 224 x 224 points: the median of the usual ones is 150.
# Networks that do less work per weight do it less efficiently, so that in time the number holds for them too.
_PER_WEIGHT = 150
_SIDE = 224
# The share of the measured speed that whole picture networks reach: some of their layers are smaller.
_REACHED = 0.7
# Opening and shrinking a picture, splitting a text into tokens.
_PICTURE_SECONDS = 0.006
_TEXT_SECONDS = 0.002
_TOKEN_SECONDS = 0.003
_USUAL_TOKENS = 64
# An answer of such length, where a text goes in whole and another comes out.
_WRITTEN_TOKENS = 60
_TOKENS_PER_WORD = 1.3
# Speech and sound networks look at about this many pieces of a second of sound.
_PIECES_PER_SECOND = 50
_FORECAST_TOKENS = 512 + 24 * 20
# Chronos-Bolt reads patches of 16 numbers once, and says all steps at once.
_BOLT_PATCHES = 2048 // 16 + 1
# What a picture network sees when its card does not say: detectors and others work on larger pictures.
_SIDES = {"object-detection": 800, "semantic-segmentation": 520, "text-in-pictures": 960, "super-resolution": 256}
# Waiting longer than this many seconds for one item is called slow.
_SLOW = {"picture": 3.0, "text": 5.0, "word": 0.5, "second of sound": 1.0, "forecast": 20.0}


@dataclass(frozen=True)
class Speeds:
    """How fast this computer calculates on one device, as measured.

    Attributes:
        device: "cpu", "cuda" or "mps"; `name` is what people call it.
        convolution, matmul: float32 floating point operations per second that were reached (a multiplication and an
            addition count as two).
        bandwidth: bytes per second copied from memory to memory.
    """

    device: str
    name: str
    convolution: float
    matmul: float
    bandwidth: float


@dataclass(frozen=True)
class Fit:
    """Whether and how a model runs here.

    Attributes:
        ok: False when the model needs more memory than there is.
        sentence: that in plain words.
        level: the same as one of three labels.
        seconds: expected for one `unit` ("picture", "text", "word", "second of sound", "forecast"); 0 when not known.
        memory_bytes: expected while it is used.
        cost: "About 0.3 s per picture, 0.9 GB of memory."
    """

    ok: bool
    sentence: str
    level: Level = "runs well"
    seconds: float = 0.0
    unit: str = ""
    memory_bytes: int = 0
    cost: str = ""


def weight_bytes(card: ModelCard) -> int:
    """Bytes of the weights in memory."""
    return card.parameters * _BYTES.get(card.dtype, 4) or card.source.size


def needed_memory(card: ModelCard) -> int:
    """Bytes of free memory needed to use a model: what its card says, else its weights, what it calculates with
    (larger the more it has to look at) and the libraries."""
    if card.is_remote:
        return 0
    return card.minimum_memory or _LIBRARIES + round(weight_bytes(card) * 1.2) + _activations(card)


def _activations(card: ModelCard) -> int:
    """Bytes of what flows between the layers: a picture takes about 400 numbers per point in the usual networks."""
    side = _side(card) if card.main_task in _SIDES or unit_of(card) == "picture" else 0
    return 400 * 4 * side * side or 50_000_000


def runs_here(card: ModelCard, memory_bytes: int, machine: Speeds | None = None) -> Fit:
    """Compare with `memory_bytes`, the computer's memory, and with its speed when that was measured."""
    if card.is_remote:
        return Fit(True, "Runs on another computer; what you give it is sent there.")
    need = needed_memory(card)
    unit = unit_of(card)
    seconds = expected_seconds(card, machine) if machine is not None else 0.0
    cost = _cost(seconds, unit, need)
    if need > memory_bytes:
        words = f"Needs about {_gigabytes(need)} of memory; this computer has {_gigabytes(memory_bytes)}."
        return Fit(False, words, "too large", seconds, unit, need, cost)
    if need > memory_bytes / 2:
        words = f"Runs here, but takes about {_gigabytes(need)} of the {_gigabytes(memory_bytes)} of memory."
        return Fit(True, words, "slow here", seconds, unit, need, cost)
    if seconds > _SLOW.get(unit, 3.0):
        return Fit(
            True, f"Runs here, but slowly: about {_time(seconds)} per {unit}.", "slow here", seconds, unit, need, cost
        )
    return Fit(True, "Runs well on this computer.", "runs well", seconds, unit, need, cost)


def unit_of(card: ModelCard) -> str:
    """What one answer is counted by."""
    task = card.main_task
    if task in ("chat", "text-generation"):
        return "word"
    if task in ("speech-recognition", "sound-classification", "sound-events"):
        return "second of sound"
    if task == "forecasting":
        return "forecast"
    if task in ("image-classification", "style-transfer", *_SIDES):
        return "picture"
    return "text"


def operations(card: ModelCard) -> float:
    """Floating point operations for one `unit_of` the card; 0 when they cannot be told from the card.

    `options["gflops"]` (thousand millions of multiplications, as papers count) goes first where a card gives it for
    the pictures the network sees, then what was counted for the catalogue.
    """
    if "gflops" in card.options:
        return float(card.options["gflops"]) * 2e9
    # What was trained further has the network it came from.
    known = card.base if card.is_own else card.id
    if known in _counted():
        return _counted()[known]
    unit, weights = unit_of(card), card.parameters or card.source.size // 4
    if card.main_task == "style-transfer":
        return 0.0  # hundreds of rounds, as many as the person asks for
    if card.main_task == "super-resolution":
        return 2.0 * weights * _side(card) ** 2  # every weight works at every point of the small picture
    if unit == "picture":
        return 2.0 * _PER_WEIGHT * weights * (_side(card) / _SIDE) ** 2
    if unit == "word":
        return 2.0 * weights * _TOKENS_PER_WORD
    if unit == "second of sound":
        return 2.0 * weights * _PIECES_PER_SECOND
    if unit == "forecast":
        return 2.0 * weights * (_BOLT_PATCHES if card.runtime == "chronos_bolt" else _FORECAST_TOKENS)
    return 2.0 * weights * min(card.preparation.max_tokens or _USUAL_TOKENS, _USUAL_TOKENS)


@cache
def _counted() -> dict[str, float]:
    """Operations by card id, counted on the real architectures; texts of 64 tokens."""
    try:
        values = json.loads((resources() / "catalog" / "operations.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): float(v) for k, v in values.items()}


def expected_seconds(card: ModelCard, machine: Speeds) -> float:
    """Seconds for one `unit_of` the card on a measured machine; 0 when that cannot be told."""
    work = operations(card)
    if not work:
        return 0.0
    unit = unit_of(card)
    rate = machine.convolution * _REACHED if unit == "picture" else machine.matmul
    # A pass reads all weights once: for a single token that, not the calculation, takes the time.
    reading = weight_bytes(card) / machine.bandwidth
    passes = 1.0
    if unit == "word":
        passes = _TOKENS_PER_WORD
    elif card.main_task in ("translation", "summarisation"):
        passes = float(_WRITTEN_TOKENS)
    fixed = {"picture": _PICTURE_SECONDS, "text": _TEXT_SECONDS, "word": _TOKEN_SECONDS * _TOKENS_PER_WORD}.get(
        unit, 0.0
    )
    return max(work / rate, reading * passes) + fixed


def _side(card: ModelCard) -> int:
    usual = _SIDES.get(card.main_task, 0)
    # Cards of larger-picture tasks that say nothing of it carry the size of a classifier.
    return card.preparation.size if card.preparation.size not in (0, _SIDE) else usual or _SIDE


def _cost(seconds: float, unit: str, memory: int) -> str:
    if not seconds:
        return f"About {_gigabytes(memory)} of memory."
    return f"About {_time(seconds)} per {unit}, {_gigabytes(memory)} of memory."


def _time(seconds: float) -> str:
    if seconds < 0.095:
        return f"{max(0.01, round(seconds, 2)):.2f} s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
