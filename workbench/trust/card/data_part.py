"""The data in a card: how much of what, where it comes from, and what is known to be wrong with it."""

from __future__ import annotations

from workbench.data.project import Project
from workbench.data.types import Split
from workbench.tasks.apart import how_split
from workbench.trust.card.given import Given
from workbench.trust.card.parts import Bullets, Facts, Heading, Paragraph, Part, Section, Table, Words, table

_COLUMNS = ((Split.TRAIN, "learnt from"), (Split.VALIDATION, "steering"), (Split.TEST, "tested on"), (None, "not used"))


def data(given: Given) -> Section | None:
    """None where the project is not known."""
    project = given.project
    if project is None:
        if not given.model.trained_on:
            return None
        return Section("data", "Data", f"Taught with {given.model.trained_on}", ())
    counts = project.counts()
    per = counts.per_split
    sentence = (
        f"{counts.labelled:,} of {counts.total:,} {given.nouns} are labelled: it learnt from {per.get(Split.TRAIN, 0):,}, was"
        f" steered by {per.get(Split.VALIDATION, 0):,} and was tested on {per.get(Split.TEST, 0):,} that it never saw."
    )
    parts: list[Part] = []
    classes = _by_class(project)
    if classes is not None:
        parts.append(classes)
    terms = given.data_terms
    said = terms.origin or "Nobody has said where it comes from."
    parts.append(Facts((("Where it comes from", said), ("Terms of use", terms.terms or "Not stated."), *_dates(given))))
    groups = project.groups()
    if groups:
        parts += [Heading("Groups"), *_groups(groups)]
    return Section("data", "Data", sentence, (*parts, *_health(given)), tuple(_for_experts(given)))


def _by_class(project: Project) -> Table | None:
    tally = project.class_tally()
    names = {c.id: c.name for c in project.classes()}
    rows = []
    for class_id, name in names.items():
        numbers = tally.get(class_id, {})
        if numbers:
            rows.append((name, *(f"{numbers.get(split, 0):,}" for split, _ in _COLUMNS)))
    if not rows:
        return None
    return table(["class", *(words for _, words in _COLUMNS)], rows, of="classes")


def _dates(given: Given) -> list[tuple[str, str]]:
    rows = []
    if given.project is not None and given.project.created:
        rows.append(("Collection begun", given.project.created[:10]))
    if given.run is not None and given.run.created:
        rows.append(("As it stood on", given.run.created[:10]))
    return rows


def _groups(groups: dict[str, dict[str, int]]) -> list[Part]:
    found: list[Part] = []
    for name, values in list(groups.items())[:8]:
        shown = ", ".join(f"{value} ({count:,})" for value, count in list(values.items())[:20])
        more = f" and {len(values) - 20} more" if len(values) > 20 else ""
        found.append(Paragraph((Words(f"{name}: ", "strong"), Words(f"{shown}{more}."))))
    return found


def _health(given: Given) -> list[Part]:
    """What was found and not mended."""
    if given.findings is None:
        return []
    serious = [f for f in given.findings if f.severity != "info"]
    if not serious:
        return [Heading("Health"), Paragraph("Nothing that stands against it was found when the data was checked.")]
    lines = tuple(f.message for f in serious[:20])
    return [Heading("Health: found and not mended"), Bullets(lines)]


def _for_experts(given: Given) -> list[Part]:
    lines = [
        "The test items were drawn once, class by class, and frozen; items that are nearly the same stay on the same side."
    ]
    if given.project is not None:
        lines += [how] if (how := how_split(given.project)) else []
    if given.alike >= 0:
        many = f"{given.alike:,} {given.nouns} are" if given.alike else f"No {given.nouns} are"
        lines.append(f"{many} nearly the same as another one{' and kept together with it' if given.alike else ''}.")
    return [Paragraph(line) for line in lines]
