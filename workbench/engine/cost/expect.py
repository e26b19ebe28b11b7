"""What a training is expected to cost, said before it starts."""

from __future__ import annotations

from workbench.catalog.card import ModelCard
from workbench.data.project import Project
from workbench.engine.cost.past import correction
from workbench.engine.cost.power import memory_watts, open_nvml, processor
from workbench.engine.estimate import estimate
from workbench.engine.events import How
from workbench.trust.cost.records import CostEstimate

# When the driver does not say what a card may take.
_CARD_WATTS = 200.0


def expected(project: Project, card: ModelCard, how: How, epochs: int = 0, device: str = "") -> CostEstimate:
    """Time, memory and power of a training. No model is loaded, but the project's items are looked at: call it in a job.

    Args:
        epochs: at most so many rounds; 0 for as many as usual.
        device: where it will run; "" for the best there is (this imports torch).
    """
    from workbench.runtimes.devices import best_device

    device = device or best_device()
    raw = estimate(project, card, how, epochs)
    watts = _watts(device, raw.memory_bytes)
    known = correction(project.task_id, how.value, card.id, device, raw.measured)
    seconds, size = raw.seconds * known.seconds, raw.memory_bytes * known.memory
    return CostEstimate(
        seconds=seconds,
        seconds_low=seconds / known.seconds_spread,
        seconds_high=seconds * known.seconds_spread,
        memory_bytes=round(size),
        memory_low=round(size / known.memory_spread),
        memory_high=round(size * known.memory_spread),
        watts=watts * known.watts,
        raw_seconds=raw.seconds,
        raw_memory=raw.memory_bytes,
        raw_watts=watts,
        device=device,
        measured=raw.measured,
        learnt_from=known.runs,
    )


def free_memory(device: str) -> int:
    """Bytes that are free now where a training takes them; 0 when that is not known."""
    import psutil

    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    return int(psutil.virtual_memory().available)


def _watts(device: str, size: int) -> float:
    """Power while it runs: the share of the processor that the training may use, the memory, and the graphics card."""
    chip = processor()
    if device == "cuda":
        found = open_nvml()
        card = found.limit() if found is not None else 0.0
        return (card or _CARD_WATTS) + chip.watts / chip.threads + memory_watts(size)
    return chip.watts * _threads(chip.threads) / chip.threads + memory_watts(size)


def _threads(there: int) -> int:
    """As `engine.fit` sets it: one core stays free for the window where there are more than two."""
    import psutil

    cores = psutil.cpu_count(logical=False) or there
    return max(1, min(there, cores - 1 if there > 2 else cores))
