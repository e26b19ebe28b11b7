"""Facts about a project's data as findings a person can read and act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.data import hidden, personal
from workbench.data.checks.finding import Finding, Place
from workbench.data.checks.fine import Fine
from workbench.data.project import Project
from workbench.engine.health.raw import Facts
from workbench.tasks.registry import get_task


def told(project: Project, facts: Facts, fresh: bool) -> Iterator[Finding]:
    """What facts mean for this project as it is now; what a person has said is fine is left out.

    Args:
        fresh: the facts about labels are of the labels of now.
    """
    fine = Fine(project)
    info = get_task(project.task_id).info
    nouns = info.noun, info.nouns
    here = {i.id: i for i in project.present([*{*facts.pieces, *facts.told, *(o[0] for o in facts.outliers),
                                              *(s[0] for s in facts.suspects)}])}  # fmt: skip
    classes = {c.id: c.name for c in project.classes()}
    # A label that was changed since is no longer under suspicion.
    doubts = {
        i: (given, likely) for i, given, likely, _margin in facts.suspects
        if i in here and here[i].class_id == given and likely in classes and given in classes
    }  # fmt: skip
    if ids := fine.items("suspect-labels", list(doubts)):
        yield Finding(
            "suspect-labels", "warn", f"{_many(len(ids), nouns)} may have the wrong label.",
            "Look at them one by one: many will be right as they are; the most doubtful come first."
            if fresh
            else "Look at them one by one; they are being looked at anew.",
            tuple(ids), suggested={i: doubts[i][1] for i in ids},
            notes={i: f"labelled “{classes[doubts[i][0]]}”, looks like “{classes[doubts[i][1]]}”" for i in ids},
            fixes=("accept-labels",),
        )  # fmt: skip
    odd = [i for i, _score in facts.outliers if i in here]
    if ids := fine.items("outliers", odd):
        verb = "is" if len(ids) == 1 else "are"
        yield Finding(
            "outliers", "info", f"{_many(len(ids), nouns)} {verb} unlike all others.",
            "They may have come in by mistake; rare ones that belong here are worth keeping.", tuple(ids),
            notes=dict.fromkeys(ids, "far from all others"), fixes=("exclude",),
        )  # fmt: skip
    unlike = dict(facts.unlike)
    if ids := fine.items("model-disagrees", [i.id for i in project.present(list(unlike))]):
        yield Finding(
            "model-disagrees", "info",
            f"The last training says something else than the label of {_many(len(ids), nouns)} it did not learn from.",
            "Look at them: something may be marked wrongly, or forgotten.", tuple(ids),
            notes={i: f"the model and the label agree by {unlike[i]:.0%}" for i in ids},
        )  # fmt: skip
    yield from _personal(fine, facts, {i for i in facts.pieces if i in here}, nouns)
    yield from _hidden(fine, {i: ks for i, ks in facts.told.items() if i in here}, nouns)


def _personal(fine: Fine, facts: Facts, here: set[int], nouns: tuple[str, str]) -> Iterator[Finding]:
    ids = fine.items("personal-data", sorted(here))
    if not ids:
        return
    kinds = [kind for i in ids for _s, _e, kind in facts.pieces[i]]
    many = f"{_many(len(ids), nouns)} {'holds' if len(ids) == 1 else 'hold'}"
    yield Finding(
        "personal-data", "warn", f"{many} personal data: {personal.count_words(kinds)}.",
        "Leave it out when you export, or save a copy of the project without it.", tuple(ids),
        notes={i: personal.count_words([k for _s, _e, k in facts.pieces[i]]) for i in ids},
        places={i: tuple(Place(s, e, personal.WORDS[k][0]) for s, e, k in facts.pieces[i]) for i in ids},
        fixes=("clean-copy",),
    )  # fmt: skip


def _hidden(fine: Fine, told: Mapping[int, list[str]], nouns: tuple[str, str]) -> Iterator[Finding]:
    grave = {i: ks for i, ks in told.items() if any(k not in hidden.HARMLESS for k in ks)}
    ids = fine.items("hidden-data", sorted(grave))
    if not ids:
        return
    counts = {k: sum(k in grave[i] for i in ids) for k in hidden.WORDS if k not in hidden.HARMLESS}
    parts = [f"{hidden.WORDS[k]} in {n:,}" for k, n in counts.items() if n]
    verb = "tells" if len(ids) == 1 else "tell"
    yield Finding(
        "hidden-data", "warn", f"{_many(len(ids), nouns)} {verb} more than what is seen: {', '.join(parts)}.",
        "Leave it out when you export, or save a copy of the project without it.", tuple(ids),
        notes={i: ", ".join(hidden.WORDS[k] for k in grave[i]) for i in ids}, fixes=("clean-copy",),
    )  # fmt: skip


def _many(count: int, nouns: tuple[str, str]) -> str:
    return f"{count:,} {nouns[0] if count == 1 else nouns[1]}"
