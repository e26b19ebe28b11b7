"""Before anything is learnt: do a model and a person's examples fit? Only what can be measured is said.

How small pictures are for what the network sees; in which language texts are, and whether the model's card names it; what
its tokenizer does not know (`engine.token_check`); how well its features, as they are, tell the labelled classes apart (a
Quick head, cross-validated, against always giving the most frequent answer); and how much of the examples is really different
(`engine.spread`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.checks.twins import joined
from workbench.data.documents.words import stop_words, words_of
from workbench.data.project import Project
from workbench.data.types import Item, ItemFilter, Split
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.health.cross import FOLDS, out_of_sample
from workbench.engine.health.raw import known_alike
from workbench.engine.pool import shared_pool
from workbench.engine.spread import spread_of
from workbench.engine.token_check import check_project
from workbench.errors import UserError
from workbench.runtimes.network import Network
from workbench.tasks.base import PooledTask
from workbench.tasks.registry import get_task
from workbench.trust.metrics import wilson

# So many, drawn at random, say enough.
_MOST_ITEMS, _MOST_TEXTS = 600, 500
# With fewer in all or of a class, cross-validation says nothing.
_FEWEST, _FEWEST_OF_CLASS = 20, 5
# A picture whose shorter side is below half of what is seen is enlarged more than twice.
_SMALL, _MANY_SMALL = 0.5, 0.1
# Of running text, a quarter to a half of the words are stop words of its language, and some are of others, too.
_LEAST_SHARE, _LEAD, _FEWEST_WORDS = 0.15, 1.4, 50
_LANGUAGES = {
    "da": "Danish", "de": "German", "en": "English", "es": "Spanish", "fi": "Finnish", "fr": "French", "hu": "Hungarian",
    "it": "Italian", "nl": "Dutch", "no": "Norwegian", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish",
}  # fmt: skip


@dataclass(frozen=True)
class Remark:
    """One thing that was measured. `kind`: "good", "warn", or "info" for what could not be told. `about`: "size",
    "language", "tokens", "classes" or "spread"; `figures` are the numbers in it."""

    kind: Literal["good", "warn", "info"]
    about: str
    text: str
    figures: tuple[tuple[str, float], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "about": self.about, "text": self.text, **dict(self.figures)}


def how_it_fits(project: Project, card: ModelCard, control: Control | None = None) -> list[Remark]:
    """What can be said of a project's items and a model it might start from, warnings first.

    Raises:
        UserError: when the model is not there or damaged.
        Cancelled: when asked to stop.
    """
    control = control or Control()
    info = get_task(project.task_id).info
    found: list[Remark] = []
    if info.media == "picture":
        found += sizes(project.items(project.item_ids(ItemFilter(problems=False))), card)
    if info.media == "text":
        ids = project.item_ids(ItemFilter(problems=False))
        chosen = random.Random(0).sample(ids, _MOST_TEXTS) if len(ids) > _MOST_TEXTS else ids
        found += language([i.text or "" for i in project.items(chosen)], card)
        tokens = check_project(project, card, control)
        if tokens.worry:
            found.append(Remark("warn", "tokens", " ".join([*tokens.lines()[1:], tokens.advice()])))
    found += _classes(project, card, control)
    return sorted(found, key=lambda r: r.kind != "warn")


def sizes(items: Sequence[Item], card: ModelCard) -> list[Remark]:
    """How many pictures are far smaller than what the network sees."""
    known = [i for i in items if i.width and i.height]
    side = card.preparation.size
    small = sum(min(i.width, i.height) < _SMALL * side for i in known)
    if not known:
        return []
    share, figures = small / len(known), (("small", float(small)), ("pictures", float(len(known))))
    if share < _MANY_SMALL:
        return [
            Remark(
                "good", "size", f"Your pictures are large enough for what the network sees ({side} pixels).", figures
            )
        ]
    return [
        Remark(
            "warn",
            "size",
            f"{small:,} of {len(known):,} pictures are less than half as large as what the network sees ({side} pixels): they"
            " are enlarged, and the fine detail it was made to look for is not in them.",
            figures,
        )
    ]


def language(texts: Sequence[str], card: ModelCard) -> list[Remark]:
    """The language of texts by their most common words, and whether the card names it."""
    counts = Counter(word.folded for text in texts for word in words_of(text[:20_000]))
    total = counts.total()
    if total < _FEWEST_WORDS or not card.languages:
        return []
    shares = {code: sum(counts[w] for w in listed) / total for code, listed in stop_words().items()}
    (best, share), (_, second) = sorted(shares.items(), key=lambda pair: -pair[1])[:2]
    figures = tuple((code, round(value, 4)) for code, value in shares.items() if value >= 0.5 * share)
    if share < _LEAST_SHARE or share < _LEAD * second:
        return [
            Remark("info", "language", "In which language your texts are cannot be told from their words.", figures)
        ]
    name = _LANGUAGES.get(best, best)
    words = f"Your texts look {name}: {share:.0%} of their words are among its most common ones"
    if best in card.languages or "multilingual" in card.languages:
        return [Remark("good", "language", f"{words}. The model was made for it.", figures)]
    made = ", ".join(_LANGUAGES.get(code, code) for code in card.languages[:4])
    return [
        Remark(
            "warn",
            "language",
            f"{words}. The model was made for {made}: choose one that was made for {name}, or a multilingual one.",
            figures,
        )
    ]


def _classes(project: Project, card: ModelCard, control: Control) -> list[Remark]:
    """How well the features tell the classes apart. Items kept aside for the test are left out."""
    task = get_task(project.task_id)
    if not isinstance(task, PooledTask) or task.info.editor != "classes":
        return []
    items = [i for i in project.items(project.item_ids(ItemFilter(labelled=True, problems=False))) if i.class_id]
    items = [i for i in items if i.split is not Split.TEST]
    if len(items) > _MOST_ITEMS:
        items = random.Random(0).sample(items, _MOST_ITEMS)
    with shared_pool().use(card, "auto", control) as model:
        if not isinstance(model, Network):
            raise UserError(f"“{card.name}” cannot be taught.", "Choose another model.")
        features = compute_features(items, model, task, control, FeatureCache(app_paths().cache / "features"))
    by_id = {i.id: i for i in items}
    counts = Counter(by_id[i].class_id for i in features.ids)
    classes = [c for c in project.classes() if counts[c.id] >= _FEWEST_OF_CLASS]
    place = {c.id: n for n, c in enumerate(classes)}
    rows = [n for n, i in enumerate(features.ids) if by_id[i].class_id in place]
    nouns = task.info.nouns
    if len(classes) < 2 or len(rows) < _FEWEST:
        return [Remark("info", "classes", f"There are too few labelled {nouns} to try how well it tells them apart.")]
    ids = [features.ids[n] for n in rows]
    labels = [place[by_id[i].class_id or 0] for i in ids]
    near = project.near_groups(ids, control)
    together = joined([*known_alike(project), *((i, first) for i, first in near.items() if i != first)])
    group = {i: g[0] for g in together for i in g}
    control.progress(0, 0, "Trying how well it tells them apart")
    said = out_of_sample(features.matrix[rows], labels, [group.get(i, i) for i in ids], len(classes), control).argmax(1)
    right = sum(int(a) == b for a, b in zip(said, labels, strict=True))
    often, most = Counter(labels).most_common(1)[0]
    found = [separation(right, len(rows), most, classes[often].name, nouns)]
    # What is copied is named by the first of its group.
    spread = spread_of(features.matrix[rows], labels, [group.get(i, i) for i in ids], [c.name for c in classes])
    if spread is not None:
        kind: Literal["good", "warn"] = "warn" if spread.worry else "good"
        found.append(Remark(kind, "spread", spread.sentence(nouns), spread.figures()))
    return found


def separation(right: int, count: int, most: int, name: str, nouns: str) -> Remark:
    """What it means that so many of `count` items were answered rightly, `most` of them being of the most frequent class."""
    low, high = wilson(right, count)
    words = (
        f"Tried on {count:,} {nouns} in {FOLDS} parts, each answered by what was learnt from the others: {right / count:.0%} right"
        f" (95 % interval {low:.0%} to {high:.0%}); always saying “{name}” would be right for {most / count:.0%}."
    )
    figures = (("right", float(right)), ("items", float(count)), ("most_frequent", float(most)))
    if low <= most / count:
        hint = (
            "What this model sees does not tell your classes apart: look at the labels, try another model, or let it learn"
            " deeper (Balanced, Thorough) with more examples."
        )
        return Remark("warn", "classes", f"{words} {hint}", figures)
    return Remark("good", "classes", words, figures)
