"""The beginning of a card: what the model does and how well, and what it is for."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from workbench.trust.card.given import Given
from workbench.trust.card.parts import Bullets, Gauge, Paragraph, Part, Section
from workbench.trust.metrics import wilson

_FEW = 30
_UNTAUGHT = "workbench.trust.untaught"


def headline(given: Given) -> Section:
    """One sentence a lay person understands, and the score with its interval."""
    numbers = numbers_of(given)
    parts: list[Part] = []
    if not numbers.get("n") or "score" not in numbers:
        return Section(
            "headline", "In short", f"{given.model.summary} How good it is was not measured.".strip(), tuple(parts)
        )
    score, n = float(numbers["score"]), int(numbers["n"])
    low, high = float(numbers.get("low", 0.0)), float(numbers.get("high", 1.0))
    metric = str(numbers.get("metric", "accuracy"))
    unseen = "it had never seen" if numbers.get("split", "test") == "test" else "that steered its training"
    baseline = float(numbers.get("baseline", -1.0))
    beside = str(numbers.get("baseline_words", "always the most frequent answer"))
    if metric == "accuracy":
        words = f"right on {n:,} {given.nouns} {unseen}"
        told = (
            f"It was right on {_of_ten(score)} of {n:,} {given.nouns} {unseen}; on more of the same kind expect"
            f" {low:.0%} to {high:.0%}."
        )
        if baseline >= 0:
            told += f" Always guessing the most frequent answer would be right {baseline:.0%} of the time."
    else:
        words = f"{metric} on {n:,} {given.nouns} {unseen}"
        told = str(numbers.get("words", ""))
    parts.append(Gauge(score, low, high, f"{words}; 95 % interval {low:.1%} to {high:.1%}", baseline, beside))
    if given.judgement is not None:
        parts.append(Paragraph(given.judgement.sentence()))
        parts += _untaught(given)
    if given.run is not None and given.run.metrics.get("as_before"):
        parts.append(Paragraph(str(given.run.metrics["as_before"])))
    return Section("headline", "In short", f"{given.model.summary} {told}".strip(), tuple(parts))


def _untaught(given: Given) -> list[Part]:
    """What the teaching was worth, where what the untaught model said was kept with the run."""
    if given.run is None or given.judgement is None or find_spec(_UNTAUGHT) is None:
        return []
    module: Any = import_module(_UNTAUGHT)
    found = module.beside(given.run.folder, given.judgement, given.nouns)
    return [] if found is None else [Paragraph(found.sentence())]


def numbers_of(given: Given) -> dict[str, Any]:
    """The headline's numbers: of the judgement of now, else those on the model's card."""
    if given.judgement is not None:
        return given.judgement.headline()
    metrics = dict(given.model.metrics)
    if "score" not in metrics and "accuracy" in metrics:
        metrics["score"] = metrics["accuracy"]
    return metrics


def purpose(given: Given) -> Section:
    """What it is for, and what not."""
    model, nouns = given.model, given.nouns
    for_it = [f"For {nouns} like those it was taught with. {model.trained_on}".strip()]
    if model.label_names:
        names = ", ".join(model.label_names[:40]) + (" …" if len(model.label_names) > 40 else "")
        for_it.append(f"It knows {len(model.label_names)} kinds: {names}.")
    not_for = [
        f"Not for {nouns} of another kind, from other places or devices, without testing it on them first.",
        "Not for decisions about people, their health, money or rights unless a person looks at each answer and answers for it.",
    ]
    return Section(
        "purpose",
        "What it is for, and what not",
        model.summary,
        (Paragraph("For:"), Bullets(tuple(for_it)), Paragraph("Not for:"), Bullets(tuple(not_for))),
    )


def limits(given: Given) -> Section:
    """What stands on the cards, and what was measured."""
    numbers = numbers_of(given)
    lines = [given.model.limits] if given.model.limits else []
    n = int(numbers.get("n", 0) or 0)
    if numbers.get("split", "test") != "test":
        lines.append(f"It was judged on {given.nouns} that steered its training: that flatters it.")
    if not n:
        lines.append("How good it is was not measured: do not rely on it before you have tested it.")
    elif n < _FEW:
        lines.append(f"Only {n} {given.nouns} were tested: its true quality may be quite different.")
    low, baseline = float(numbers.get("low", 0.0)), float(numbers.get("baseline", -1.0))
    if n and baseline >= 0 and low <= baseline:
        lines.append("It is not clearly better than the simplest answer.")
    lines += _few_of_class(given)
    for by in given.by_groups:
        small = [g.name for g in by.groups if g.n < _fewest()]
        if small:
            names = ", ".join(f"“{name}”" for name in small[:8]) + (" and others" if len(small) > 8 else "")
            lines.append(f"Too few tested {given.nouns} to say how good it is by {by.name}: {names}.")
    if not given.by_groups:
        lines.append(
            "Whether it is equally good for every group (device, place, age …) was not looked at: no groups are named."
        )
    if given.unlike:
        lines.append(given.unlike)
    else:
        lines.append(f"It does not notice when a {given.noun} is unlike everything it was taught with.")
    for base in given.bases:
        if base.limits and base.limits not in given.model.limits:
            lines.append(f"From “{base.name}”, which it was taught on from: {base.limits}")
    return Section("limits", "Limits", "What to keep in mind before relying on it.", (Bullets(tuple(lines)),))


def _few_of_class(given: Given) -> list[str]:
    """Classes with so few test items that their numbers say little."""
    support = {
        c.name: int(c.support) for c in getattr(given.judgement, "per_class", ()) if hasattr(c, "support")
    }  # fmt: skip
    few = [name for name, count in support.items() if count < _fewest()]
    if not few:
        return []
    names = ", ".join(f"“{name}” ({support[name]})" for name in few[:12]) + (" and others" if len(few) > 12 else "")
    width = wilson(5, 10)
    return [
        f"Fewer than {_fewest()} tested examples of: {names}. With so few, a share of one half could be anything from"
        f" {width[0]:.0%} to {width[1]:.0%}."
    ]


def _fewest() -> int:
    from workbench.trust.groups import FEWEST

    return FEWEST


def _of_ten(share: float) -> str:
    """ "9 of 10" beside the exact share, as people can picture it."""
    return f"{share:.0%} (about {share * 10:.0f} of 10)" if 0.05 < share < 0.95 else f"{share:.0%}"
