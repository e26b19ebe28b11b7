"""Marking pieces of texts, taught and judged: Quick on the starter, adapters, resuming, and the judge against seqeval."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from workbench.catalog.catalog import Catalog
from workbench.data.annotations import NewAnnotation
from workbench.data.project import Project
from workbench.data.shapes import TextSpan
from workbench.data.types import NewItem, Sample, Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import EpochDone, Finished, How, SamplePredicted
from workbench.engine.fit import fit, new_config
from workbench.engine.predict import predict
from workbench.tasks.predictions import Text
from workbench.tasks.registry import get_task
from workbench.trust.judge_spans import SpanJudgement

PEOPLE = [
    "Anna",
    "Bruno",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Greta",
    "Henry",
    "Iris",
    "Jonas",
    "Karla",
    "Louis",
    "Maria",
    "Nora",
    "Oscar",
    "Paula",
    "Quentin",
    "Rosa",
]
LAST = [
    "Miller",
    "Smith",
    "Baker",
    "Novak",
    "Rossi",
    "Garcia",
    "Weber",
    "Dubois",
    "Jensen",
    "Kowalski",
    "Tanaka",
    "Silva",
]
PLACES = [
    "Paris",
    "Berlin",
    "Oslo",
    "Madrid",
    "Vienna",
    "Prague",
    "Lisbon",
    "Dublin",
    "Athens",
    "Warsaw",
    "Helsinki",
    "Rome",
    "Zurich",
    "Geneva",
    "Lyon",
    "Porto",
]
TEMPLATES = (
    "Yesterday {p} travelled to {o} by train.", "{p} was born in {o} and lives there.", "The shop in {o} belongs to {p}.",
    "In {o} it rained all day.", "We met {p} at the market.", "The weather was fine and nothing happened.",
    "{p} wrote a letter from {o} to {q}.", "Please call {p} before noon.",
)  # fmt: skip


def texts(count: int, seed: int = 0) -> list[NewItem]:
    """Sentences with people and places."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        template = rng.choice(TEMPLATES)
        text, spans = "", []
        for piece in template.replace("{", "|{").replace("}", "}|").split("|"):
            if piece in ("{p}", "{q}"):
                words, label = f"{rng.choice(PEOPLE)} {rng.choice(LAST)}", "person"
            elif piece == "{o}":
                words, label = rng.choice(PLACES), "place"
            else:
                text += piece
                continue
            spans.append(NewAnnotation(TextSpan(len(text), len(text) + len(words)), label))
            text += words
        made.append(NewItem("text", f"{number}", text=f"{text} ({number})", annotations=tuple(spans)))
    return made


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "names", "names", "token-classification")
    made.add_items(texts(90))
    return made


def test_quick_learns_names_on_the_starter(project: Project, catalog: Catalog) -> None:
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    assert card.starter
    events = list(fit(new_config(project, card, How.QUICK, epochs=25), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert epochs[-1].train_loss < epochs[0].train_loss / 3
    assert {e.metric for e in epochs} == {"F1"}
    print(f"F1 {finished.metrics['score']:.2f}, {finished.metrics['low']:.2f} to {finished.metrics['high']:.2f}")
    assert finished.metrics["score"] > 0.7
    assert any(isinstance(e, SamplePredicted) and e.record for e in events)
    own = catalog.get(finished.model_id)
    assert own.label_names == ("person", "place") and own.runtime == "transformers_text"
    said = next(predict([Sample("text", text="Then Maria Silva went to Oslo.")], own, get_task(project.task_id)))
    assert isinstance(said.prediction, Text)
    assert {(w, s.label) for w, s in said.prediction.pieces()} >= {("Maria Silva", "person"), ("Oslo", "place")}
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, SpanJudgement) and judged.headline()["score"] == finished.metrics["score"]


@pytest.mark.parametrize("lora", [False, True])
def test_the_network_itself_learns_and_comes_back_the_same(project: Project, catalog: Catalog, lora: bool) -> None:
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    config = new_config(project, card, How.THOROUGH, epochs=2, options={"lora": lora})
    events = list(fit(config, project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    epochs = [e for e in events if isinstance(e, EpochDone)]
    assert epochs[-1].train_loss < epochs[0].train_loss
    # What was kept with the run and what the model says when it is opened again from its folder are the same.
    kept = {p.item_id: p.record for p in project.predictions(finished.run_id, Split.TEST)}
    items = project.split_items(Split.TEST)
    for result in predict([i.sample() for i in items], catalog.get(finished.model_id), get_task(project.task_id)):
        record = kept[items[result.index].id]
        assert record is not None and result.prediction is not None
        assert [s["label"] for s in record["spans"]] == [s.label for s in result.prediction.spans]  # type: ignore[union-attr]


def test_the_judge_agrees_with_seqeval(project: Project) -> None:
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOB2

    from workbench.data.types import ItemPrediction
    from workbench.tasks.predictions import Span, to_record
    from workbench.trust.judging import Answered, judge

    names = {c.id: c.name for c in project.classes()}
    rng = random.Random(3)
    answers, true_tags, found_tags = [], [], []
    for item in project.items(project.item_ids()):
        state = project.annotation_states([item.id])[item.id]
        text = item.text or ""
        words, at = [], 0
        for word in text.split():
            start = text.index(word, at)
            at = start + len(word)
            words.append((start, at))
        spans = []
        for a in state.annotations:
            assert isinstance(a.shape, TextSpan)
            chance = rng.random()
            label = names[a.class_id or 0]
            if chance < 0.6:
                spans.append(Span(a.shape.start, a.shape.end, label))
            elif chance < 0.75:
                spans.append(Span(a.shape.start, a.shape.end, "place" if label == "person" else "person"))

        def tags(pieces: list[tuple[int, int, str]], words: list[tuple[int, int]] = words) -> list[str]:
            row = []
            for start, _end in words:
                inside = next((p for p in pieces if p[0] <= start < p[1]), None)
                row.append("O" if inside is None else f"{'B' if inside[0] == start else 'I'}-{inside[2]}")
            return row

        true_tags.append(tags([(a.shape.start, a.shape.end, names[a.class_id or 0]) for a in state.annotations]))  # type: ignore[union-attr]
        found_tags.append(tags([(s.start, s.end, s.label) for s in spans]))
        said = ItemPrediction(item.id, Split.TEST, "", "", (), to_record(Text(text, tuple(spans), marked=True)))
        answers.append(
            Answered(item, said, state.annotations, tuple(names[a.class_id or 0] for a in state.annotations))
        )
    judged = judge("spans", ["person", "place"], answers)
    theirs = f1_score(true_tags, found_tags, mode="strict", scheme=IOB2)
    assert judged.headline()["score"] == pytest.approx(theirs, abs=1e-9)
    assert judged.headline()["low"] < theirs < judged.headline()["high"]
    assert "overlap" not in judged.sentence() and "F1" in judged.sentence()
