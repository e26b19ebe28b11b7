"""The results in a card: the numbers, by class and by group, where it fails and why it answers as it does."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from workbench.trust.card.about import numbers_of
from workbench.trust.card.given import Given, Reason
from workbench.trust.card.parts import Example, Facts, Gallery, Heading, Paragraph, Part, Section, Words, table
from workbench.trust.judging import Judgement

LEFT_OUT = "No item is shown, so that this card can be passed on."
# Numbers of a headline that are told in other words elsewhere.
_TOLD = ("split", "n", "score", "metric", "words", "low", "high", "baseline", "baseline_words", "accuracy")
_SHOWN_NUMBERS = 20


def module_of(judgement: Judgement) -> ModuleType | None:
    """`workbench.trust.report_KIND`: `sections(project, judgement)` and `failures(project, judgement, show)` give parts,
    `decided(judgement, model)` (may be left out) what was decided about its answers."""
    name = f"workbench.trust.report_{judgement.kind}"
    return import_module(name) if judgement.kind.isidentifier() and find_spec(name) is not None else None


def metrics(given: Given) -> Section | None:
    """The numbers, with what they mean."""
    judgement = given.judgement
    if judgement is None:
        return None
    headings, rows = judgement.table()
    parts: list[Part] = []
    # A table of the person's own texts is not passed on without them.
    if given.examples or not getattr(judgement, "tells_items", False):
        parts += [
            Heading(getattr(judgement, "table_title", "Class by class")),
            table(headings, rows),
        ]
    module = module_of(judgement)
    expert: list[Part] = []
    if module is not None and given.project is not None:
        parts += module.sections(given.project, judgement)
        if hasattr(module, "decided"):
            parts += module.decided(judgement, given.model)
    numbers = [
        (name.replace("_", " "), f"{value:.4f}")
        for name, value in judgement.headline().items()
        if name not in _TOLD and isinstance(value, float)
    ][:_SHOWN_NUMBERS]
    numbers_now = numbers_of(given)
    if numbers_now.get("n"):
        interval = f"{float(numbers_now.get('low', 0)):.4f} to {float(numbers_now.get('high', 1)):.4f}"
        expert.append(
            Facts(
                (
                    ("score", f"{numbers_now.get('metric', 'score')} = {float(numbers_now.get('score', 0.0)):.4f}"),
                    ("95 % interval", interval),
                    ("judged on", f"{judgement.n:,} {given.nouns} ({judgement.split})"),
                    *numbers,
                )
            )
        )
    return Section("metrics", "How good it is", "", tuple(parts), tuple(expert))


def groups(given: Given) -> Section | None:
    """How it does on each group of items, for every property by which the person told groups apart."""
    if not given.by_groups:
        return None
    parts: list[Part] = []
    for by in given.by_groups:
        parts += [Heading(f"By {by.name}"), Paragraph(by.sentence())]
        if by.groups:
            headings, rows = by.table()
            parts.append(table(headings, rows, of="groups"))
        headings, rows = by.rates_table()
        if rows:
            parts.append(table(headings, rows))
            spreads = "; ".join(
                f"{r.name}: called so {r.parity or 0:.1%}, missed or false alarms {r.odds or 0:.1%}"
                for r in by.rates[:40]
            )
            words = "The largest difference between groups (demographic parity, equalised odds)"
            parts.append(Paragraph(f"{words}: {spreads}.", soft=True))
        if by.groups:
            parts.append(Paragraph(by.note(), soft=True))
    tested = [(by, by.largest) for by in given.by_groups if by.largest is not None]
    sentence = "The groups are too small to say whether they differ."
    if tested:
        by, gap = max(tested, key=lambda pair: (pair[1].real, abs(pair[1].difference)))
        assert gap is not None
        sure = "unlikely to be chance" if gap.real else "which may be chance"
        sentence = (
            f"The largest gap: {by.name} “{gap.group}” against the others, {abs(gap.difference) * 100:.0f} points"
            f" {'worse' if gap.difference < 0 else 'better'}, {sure}."
        )
    return Section("groups", "How good it is for each group", sentence, tuple(parts))


def failures(given: Given) -> Section | None:
    """Examples of what it gets wrong."""
    judgement = given.judgement
    module = module_of(judgement) if judgement is not None else None
    if judgement is None or module is None or given.project is None:
        return None
    if not given.examples:
        return Section("failures", "Where it fails", LEFT_OUT, ())
    parts = module.failures(given.project, judgement, given.show)
    return Section(
        "failures", "Where it fails", "What it got wrong, the most certain or the worst first.", tuple(parts)
    )


def reasons(given: Given) -> Section | None:
    """What spoke for a few of its answers."""
    if not given.reasons:
        return Section("reasons", "Why it answers so", given.reasons_note, ()) if given.reasons_note else None
    checked = [r for r in given.reasons if r.depends is not None]
    relied = sum(1 for r in checked if r.depends)
    sentence = "What mattered for a few right and a few wrong answers."
    if checked:
        sentence += (
            f" Each was made once more with the model's knowledge shuffled: {relied} of {len(checked)} change as they"
            " should and show what it has learnt" + (
                "." if relied == len(checked) else "; the others show what is in the item, and must not be relied on."
            )
        )  # fmt: skip
    parts: list[Part] = []
    for title, wanted in (("Right answers", True), ("Wrong answers", False)):
        found = tuple(_reason(r) for r in given.reasons if r.right is wanted)
        if found:
            parts += [Heading(title), Gallery(found)]
    methods = sorted({r.method for r in given.reasons})
    note = (
        f"{', '.join(methods)}; the check after Adebayo et al. 2018 (“Sanity checks for saliency maps”). Warm colours or green"
        " words spoke for the answer, red words against it."
    )
    return Section("reasons", "Why it answers so", sentence, tuple(parts), (Paragraph(note, soft=True),))


def _reason(reason: Reason) -> Example:
    caption = [Words("said "), Words(reason.said, "strong", "good" if reason.right else "bad")]
    if reason.check:
        caption.append(Words(f". {reason.check}", "soft"))
    return Example(tuple(caption), reason.name, reason.picture, reason.text)
