"""Checks that need only counting: too few, uneven, one class, broken, names that look alike."""

from __future__ import annotations

import os
from collections.abc import Iterator

from workbench.data import labels
from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.data.types import ClassLabel, Counts, ItemFilter

FEW_PER_CLASS = 10
UNEVEN = 5.0
_SHORT_TEXT = 2


def check(project: Project) -> Iterator[Finding]:
    """All findings that need no look at the items' content."""
    counts = project.counts()
    classes = project.classes()
    used = [c for c in classes if counts.per_class.get(c.id)]
    yield from _labels(project, counts, used)
    yield from _sizes(project, counts, used)
    yield from _names(classes)
    yield from _unusable(project, counts)


def _labels(project: Project, counts: Counts, used: list[ClassLabel]) -> Iterator[Finding]:
    if counts.total == 0:
        yield Finding(
            "empty", "bad", "There is nothing in the project yet.", "Drop a folder or a table on the Data page."
        )
    elif counts.labelled == 0:
        yield Finding("unlabelled", "bad", "Nothing has a label yet.", "Label some items first.")
    elif len(used) == 1 and project.item_ids(ItemFilter(whole_classes=True)):
        yield Finding(
            "one-class", "bad", f"Everything labelled is “{used[0].name}”; there is nothing to tell apart.",
            "Label examples of at least one more class.",
        )  # fmt: skip


def _sizes(project: Project, counts: Counts, used: list[ClassLabel]) -> Iterator[Finding]:
    if len(used) < 2:
        return
    for label in used:
        n = counts.per_class[label.id]
        if n < FEW_PER_CLASS:
            many = "only 1 example" if n == 1 else f"only {n} examples"
            ids = tuple(project.item_ids(ItemFilter(class_ids=(label.id,))))
            yield Finding(
                "few",
                "bad" if n < 2 else "warn",
                f"“{label.name}” has {many}.",
                "Ten or more make the result dependable.",
                ids,
            )
    sizes = {label.name: counts.per_class[label.id] for label in used}
    most, least = max(sizes, key=lambda n: sizes[n]), min(sizes, key=lambda n: sizes[n])
    if sizes[most] >= UNEVEN * sizes[least]:
        yield Finding(
            "uneven", "warn",
            f"“{most}” has {sizes[most]} examples, “{least}” only {sizes[least]}; the model will lean towards “{most}”.",
            f"Add examples of “{least}”, or switch on “Count rare classes more” when training.",
        )  # fmt: skip


def _names(classes: list[ClassLabel]) -> Iterator[Finding]:
    plain: dict[str, ClassLabel] = {}
    for label in classes:
        key = "".join(ch for ch in labels.key(label.name) if ch.isalnum()) or label.name
        other = plain.setdefault(key, label)
        if other is not label:
            yield Finding(
                "alike-names",
                "warn",
                f"The classes “{other.name}” and “{label.name}” may be the same.",
                "Merge them if they are.",
            )


def _unusable(project: Project, counts: Counts) -> Iterator[Finding]:
    if counts.broken:
        ids = tuple(project.item_ids(ItemFilter(problems=True)))
        many = "1 item cannot" if len(ids) == 1 else f"{len(ids)} items cannot"
        yield Finding(
            "broken", "warn", f"{many} be read and will be left out.", "Replace the files, or remove them.", ids,
            fixes=("exclude",),
        )  # fmt: skip
    short, gone = [], []
    for some in project.usable_contents():
        for item in some:
            if item.kind == "text" and item.text is not None and len(item.text.split()) < _SHORT_TEXT:
                short.append(item.id)
            elif item.path is not None and not os.path.exists(item.path):  # noqa: PTH110 - a hundred thousand of them
                gone.append(item.id)
    if gone:
        many = "1 picture is" if len(gone) == 1 else f"{len(gone)} pictures are"
        yield Finding(
            "missing", "warn", f"{many} no longer where it was.", "Put the files back, or remove them.", tuple(gone),
            fixes=("exclude",),
        )  # fmt: skip
    if short:
        many = "1 text has" if len(short) == 1 else f"{len(short)} texts have"
        yield Finding(
            "short",
            "info",
            f"{many} only one word.",
            "Check that nothing is missing.",
            tuple(short),
            fixes=("exclude",),
        )
