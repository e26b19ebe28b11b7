"""What was found, in plain words."""

from __future__ import annotations

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.engine.speed import settings
from workbench.engine.speed.candidates import candidate
from workbench.engine.speed.remembered import Choice, Row, Way, recall_by_card


def title(way: Way) -> str:
    """ "ONNX Runtime"."""
    found = candidate(way.kind)
    return found.title if found is not None else way.kind


def sentence(choice: Choice) -> str:
    """What a model runs with, how much quicker that is, and whether the answers stay."""
    row = choice.row(choice.one)
    if row is None or row.one[0] <= 0 or (choice.one.kind == "torch" and row.one[0] < 1.05):
        return "Runs with: PyTorch; nothing else was quicker on this computer."
    times = f"{row.one[0]:.1f}× faster than before"
    return f"Runs with: {title(choice.one)}, {times}; answers the same (checked on {samples(row)})."


def samples(row: Row) -> str:
    """ "12 samples"."""
    return "1 sample" if row.samples == 1 else f"{row.samples} samples"


def tip(choice: Choice) -> str:
    """The technical side, for a tooltip: every way that was tried."""
    lines = ["Inference engines measured on this computer, times are per item, in turns with PyTorch:"]
    lines += [line(row) for row in best_rows(choice)]
    if any(row.batch for row in choice.rows):
        lines.append(f"{choice.batch} at once in a folder.")
    return "\n".join(lines)


def line(row: Row) -> str:
    """One way: how quick, how equal, or why not."""
    name = f"{title(row.way)}, {row.way.threads} thread{'s' if row.way.threads != 1 else ''}"
    if row.reason:
        return f"{title(row.way)}: not used, {row.reason}."
    parts = [f"{row.seconds * 1000:,.1f} ms ({row.one[0]:.1f}×, {row.one[1]:.1f} to {row.one[2]:.1f})"]
    if row.batch:
        parts.append(f"many {row.many_seconds * 1000:,.1f} ms ({row.many[0]:.1f}×, {row.batch} at once)")
    parts.append(f"{row.same} of {row.samples} the same, scores differ by up to {row.score:.1g}")
    return f"{name}: {'; '.join(parts)}."


def best_rows(choice: Choice) -> list[Row]:
    """Of each kind the quickest number of threads, or why there is none."""
    found: dict[str, Row] = {}
    for row in choice.rows:
        old = found.get(row.way.kind)
        if old is None or (row.seconds and row.seconds < old.seconds):
            found[row.way.kind] = row
    return list(found.values())


def known_about(card: ModelCard, paths: AppPaths | None = None) -> tuple[str, str]:
    """Sentence and tooltip about a model; two empty strings while nothing is known or it is switched off. Imports nothing
    heavy; reads one small file."""
    choice = recall_by_card(card.id, paths) if settings.load(paths).on else None
    return (sentence(choice), tip(choice)) if choice is not None else ("", "")
