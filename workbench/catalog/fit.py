"""Does a model fit this computer? Asked of the card alone, before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.catalog.card import ModelCard


@dataclass(frozen=True)
class Fit:
    """`ok` is False when the model needs more memory than there is; `sentence` says it in plain words."""

    ok: bool
    sentence: str


def needed_memory(card: ModelCard) -> int:
    """Bytes of free memory needed to use a model: what its card says, else four times its float32 weights
    (weights, activations and the libraries' own buffers)."""
    return card.minimum_memory or card.parameters * 4 * 4 or card.source.size * 4


def runs_here(card: ModelCard, memory_bytes: int) -> Fit:
    """Compare with `memory_bytes`, the computer's memory."""
    need = needed_memory(card)
    if need > memory_bytes:
        return Fit(False, f"Needs about {_gigabytes(need)} of memory; this computer has {_gigabytes(memory_bytes)}.")
    if need > memory_bytes / 2:
        return Fit(True, f"Runs here, but takes about {_gigabytes(need)} of the {_gigabytes(memory_bytes)} of memory.")
    return Fit(True, "Runs well on this computer.")


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
