"""What the tasks that recommend share: understanding what a person likes, and learning from who liked what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.media import read_text_file
from workbench.data.people import Case, case_of, is_case
from workbench.data.types import Item, ItemFilter, Sample, Split
from workbench.errors import UserError
from workbench.tasks.base import BaseTask, Option, TryOptions
from workbench.tasks.lesson import Course, How, Lesson, Material
from workbench.tasks.predictions import Pick, Prediction, Ranking

if TYPE_CHECKING:
    from workbench.catalog.card import ModelCard
    from workbench.data.project import Project
    from workbench.runtimes.base import Floats, Loaded
    from workbench.runtimes.network import Network
    from workbench.runtimes.recommender_runtime import Recommender

COUNT = Option("count", "How many", "number", 10, "How long the list is (k)", 1, 1000, 1)
WAYS = {
    "quick": "Tries a few usual settings and keeps the one with the best lists. Right for nearly everything.",
    "balanced": "Tries twice as many settings, also finer ones. For some thousand likes and more.",
    "thorough": "Tries sixteen settings. Takes longest, and is seldom much better.",
}
# Lists are kept so long with a run, and judged to this place.
KEPT = 10
MOST_STEERING, MOST_JUDGED = 2000, 5000
_FEWEST_PEOPLE, _FEWEST_THINGS = 10, 5
_MOST_LINES = 1000
# Of an estimate: what a training takes anyway, and how many numbers are kept of a thing.
_MEMORY, _DIMENSIONS = 120_000_000, 1500
_PEOPLE_KNOWN = 3  # likes of a person, so that some can be kept aside to judge on


class Recommending(BaseTask):
    """See `workbench.tasks.base.Task`, `TrainableTask`, `CourseTask` and `CasesTask`."""

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        text = sample.text
        if text is None and sample.path is not None:
            if self.info.media != "text":
                return {"picture": sample, "note": ""}
            text = read_text_file(sample.path)
        if text is None and sample.data is not None:
            return {"picture": sample, "note": ""}
        text = text or ""
        if is_case(text):
            return {"case": case_of(text), "note": ""}
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        note = f"Only the first {_MOST_LINES:,} lines were read." if len(lines) > _MOST_LINES else ""
        return {"lines": lines[:_MOST_LINES], "note": note}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        control = control or Control()
        found: list[Prediction] = []
        for sample in samples:
            control.check()
            found.append(recommend(sample, as_recommender(model), int(options.number(COUNT)), control))
        return found

    def check(self, project: Project) -> None:
        counts = project.interaction_counts()
        if not counts.liked:
            raise UserError(
                "Nothing says yet who liked what.",
                "Import a table with a column of people and a column of things, for example ratings or purchases.",
            )
        if counts.things < _FEWEST_THINGS:
            raise UserError(
                f"Only {counts.things} things were liked by anybody.",
                f"At least {_FEWEST_THINGS} are needed, better hundreds.",
            )
        if counts.rich < _FEWEST_PEOPLE:
            many = "1 person has" if counts.rich == 1 else f"{counts.rich} people have"
            raise UserError(
                f"Only {many} liked {_PEOPLE_KNOWN} or more things.",
                f"At least {_FEWEST_PEOPLE} are needed: some of what each liked is kept aside to judge on.",
            )

    def cases(self, project: Project, seed: int, control: Control | None = None) -> dict[Split, list[Item]]:
        """The things and everybody's likes to learn from; people and what they liked next to steer by and to judge on, of many
        as many as are drawn at random."""
        control = control or Control()
        control.progress(0, 0, "Sharing out who liked what")
        project.ensure_interaction_splits(control)
        things = project.items(project.item_ids(ItemFilter(problems=False)))
        return {
            Split.TRAIN: [*things, *project.cases(Split.TRAIN, control=control)],
            Split.VALIDATION: project.cases(Split.VALIDATION, MOST_STEERING, seed, control),
            Split.TEST: project.cases(Split.TEST, MOST_JUDGED, seed, control),
            Split.NEW: [],
        }

    def course(self, material: Material) -> Course | None:
        from workbench.tasks.recommend_course import RecommendCourse

        return RecommendCourse(self, material)

    def lesson(self, material: Material) -> Lesson:
        raise UserError(f"“{material.model.card.name}” does not learn from who liked what.", "Choose another model.")

    def describe(self, classes: Sequence[str]) -> tuple[str, str]:
        return (
            "Recommends things by what somebody likes.",
            "It repeats what was liked before: what few people know is seldom recommended, and what is recommended gets liked more."
            " Who was never asked is not in it. It holds the things and how they are liked, and nobody's name or history.",
        )

    def learns_from(self, project: Project) -> str:
        counts = project.interaction_counts()
        return f"{counts.liked:,} likes by {counts.people:,} people of {counts.things:,} things"

    def parts_words(self, project: Project) -> str:
        split = project.likes_split()
        if split.by == "date":
            since = "" if split.since is None else datetime.fromtimestamp(split.since, UTC).strftime("%Y-%m-%d")
            newest = f"What was liked from {since} on" if since else f"The newest {split.share:.0%} of all likes"
            steering = "a stretch just before it" if since else "a stretch just before them"
            return f"{newest} tests the model, {steering} steers the training, and all that is older is learnt from."
        if project.interaction_counts().timed:
            return (
                "Of each person the last tenth of their likes (at least one) tests the model, the tenth before it steers the training, and"
                " what is older is learnt from."
            )
        return (
            "Of each person a tenth of their likes (at least one), drawn at random, tests the model, a tenth steers the training, and the"
            " rest is learnt from."
        )

    # What a training costs --------------------------------------------------------------------------------------------

    def passes(self, card: ModelCard, how: How, epochs: int, items: int) -> float:
        """In looks at a thing alone: in batches, as they are looked at, one costs half of that; `more_seconds` has the rest."""
        return -0.5 * items

    def more_seconds(self, project: Project, card: ModelCard, how: How) -> float:
        """Of a training, beside looking at things: the work of alternating least squares and of judging lists, counted."""
        from workbench.tasks.recommend_course import work_seconds

        return work_seconds(project.interaction_counts(), card.arch, how)

    def memory(self, card: ModelCard, items: int) -> int:
        """Bytes: a number per thing and dimension of its vectors and factors, a few times over."""
        return _MEMORY + items * _DIMENSIONS * 4 * 3

    def once(self, prepared: Mapping[str, Any], model: Loaded) -> None:
        """One look at a thing, by models that look at things."""
        from workbench.runtimes.taste import BOTH, CONTENT
        from workbench.tasks.recommend_content import vectors_of

        sample = prepared.get("picture") or Sample("text", "a thing", text="\n".join(prepared.get("lines", ())) or "?")
        options = model.card.options
        looker = str(options.get(f"looks_with_{sample.kind}", options.get("looks_with", "")))
        if model.card.arch in (BOTH, CONTENT) and looker:
            vectors_of([sample], _looker(as_recommender(model), looker), Control())


def as_recommender(model: Loaded) -> Recommender:
    """Raises: UserError when it is none."""
    from workbench.runtimes.recommender_runtime import Recommender

    if not isinstance(model, Recommender):
        raise UserError(f"“{model.card.name}” does not recommend.", "Choose another model.")
    return model


def recommend(asked: Mapping[str, Any], model: Recommender, count: int, control: Control) -> Ranking:
    """A list for what was prepared. Raises: UserError when nothing of it can be used."""
    taste = model.taught()
    extra: Floats | None = None
    case: Case
    others: Sequence[str]
    notes = [str(asked.get("note", ""))]
    if "case" in asked:
        case, others = asked["case"], ()
    else:
        case, extra, others, note = _understood(asked, model, control)
        notes.append(note)
    places = model.place_of_id
    liked = [(places[i], s) for i, s in case.liked if i in places]
    found, strengths = [p for p, _ in liked], [s for _, s in liked]
    leave_out = [*found, *(places[i] for i in case.seen if i in places)]
    if not taste.knows(found, extra):
        scores = taste.popularity.astype("float64")
        notes.append("Nothing is known of what is liked, so this is what most people like.")
        why = False
    else:
        scores, why = taste.scores(found, strengths, extra), not asked.get("plain")
    best = taste.best(scores, leave_out, count)
    usual = taste.best(taste.popularity.astype("float64"), leave_out, min(count, KEPT))
    reasons = taste.because(best, found, strengths, extra) if why else [[] for _ in best]
    speakers = [*(model.names[p] for p in found), *others]
    picks = tuple(
        Pick(model.names[p], float(scores[p]), tuple(speakers[i] for i in speaking), model.ids[p])
        for p, speaking in zip(best, reasons, strict=True)
    )
    return Ranking(picks, tuple(model.ids[p] for p in usual), len(taste), " ".join(n for n in notes if n))


def _understood(
    asked: Mapping[str, Any], model: Recommender, control: Control
) -> tuple[Case, Floats | None, Sequence[str], str]:
    """What was typed, a thing a line: things the model knows by name, and where it looks at content others, too: their vectors
    and what they are called."""
    from workbench.runtimes.recommender_runtime import plain

    if "picture" in asked:
        return Case(), _seen(model, [asked["picture"]], control), (asked["picture"].name or "this picture",), ""
    known: list[tuple[int, float]] = []
    unknown: list[str] = []
    for line in asked["lines"]:
        place = model.place_of_name.get(plain(line))
        if place is None:
            # "Alien" for "Alien (1979)": where only one thing begins so.
            begins = [p for n, p in model.place_of_name.items() if n.startswith(plain(line))] if len(line) > 2 else []
            place = begins[0] if len(set(begins)) == 1 else None
        if place is None:
            unknown.append(line)
        else:
            known.append((model.ids[place], 1.0))
    extra = None
    note = ""
    if unknown and model.taught().content is not None and model.card.options.get("looked_at") == "text":
        extra = _seen(model, [Sample("text", line[:80], text=line) for line in unknown], control)
        note = f"Not among the things, so gone by what it says: {_some(unknown)}."
    elif unknown and not known:
        raise UserError(
            f"None of these is among the things this model knows: {_some(unknown)}.",
            f"Write them as they are called there, a thing a line, for example “{model.names[0]}”."
            if model.names
            else "",
        )
    elif unknown:
        note = f"Not known, and left out: {_some(unknown)}."
    return Case(tuple(dict(known).items())), extra, tuple(unknown) if extra is not None else (), note


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{n[:40]}”" for n in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _seen(model: Recommender, samples: Sequence[Sample], control: Control) -> Floats | None:
    """Vectors of things from outside, by the model that looked at the others. Raises: UserError."""
    from workbench.tasks.recommend_content import vectors_of

    taste = model.taught()
    if taste.content is None:
        raise UserError(
            f"“{model.card.name}” does not look at pictures or texts.", "Type the names of things it knows."
        )
    found = vectors_of(samples, _looker(model, str(model.card.options.get("looks_with", ""))), control)
    if found.shape[1] != taste.content.shape[1]:
        raise UserError(f"“{model.card.name}” cannot look at this.", "Type the names of things it knows.")
    return found


def _looker(model: Recommender, looks_with: str) -> Network:
    """The network that looks at things for this model; opened once, and let go with it. Raises: UserError when it is not there."""
    from workbench.tasks.recommend_content import open_looker

    if model.looker is None or model.looker.card.id != looks_with:
        model.looker = open_looker(looks_with)
    return model.looker


def people_of(project: Project, person: str) -> Sample:
    """A person of a project as a model is asked about them. Raises: UserError when the project does not know them."""
    return Sample("text", "a person", text=project.history_of(person).to_text())


def everybody(project: Project, control: Control | None = None) -> Iterator[tuple[str, Sample]]:
    """Everybody of a project, likewise, with their names."""
    for name, case in project.histories(control):
        yield name, Sample("text", "a person", text=case.to_text())
