"""Several labels per item: taught, judged, used, exported. With the real text starter."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from workbench.catalog.catalog import Catalog
from workbench.data.annotations import NewAnnotation
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import ItemFilter, NewItem, Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.evaluate import compare, evaluate, evaluate_items
from workbench.engine.events import CheckpointSaved, Finished, How
from workbench.engine.export import export_folder, export_onnx, import_folder
from workbench.engine.fit import fit, new_config, resumable
from workbench.engine.head import fit_path
from workbench.engine.predict import predict
from workbench.engine.propose import propose, proposers
from workbench.errors import UserError
from workbench.tasks.predictions import Scores, from_record, to_record
from workbench.tasks.registry import get_task, get_trainable
from workbench.tasks.several import best_thresholds
from workbench.trust.judge_tags import TagJudgement

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import PIECES, messages

TASK = "text-tags"


@pytest.fixture
def project(tmp_path: Path, workbench_home: Path) -> Project:
    made = Project.create(tmp_path / "p", "Messages", TASK)
    made.add_items(messages(170))
    return made


def run(project: Project, catalog: Catalog, how: How = How.QUICK, **options: object) -> Finished:
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    *_, finished = fit(new_config(project, card, how, **options), project, catalog)
    assert isinstance(finished, Finished)
    return finished


def test_a_model_learns_several_labels_and_is_used_like_any_other(
    project: Project, catalog: Catalog, tmp_path: Path
) -> None:
    finished = run(project, catalog)
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, TagJudgement) and judged.n >= 20
    assert judged.headline()["score"] > 0.75 > judged.baseline + 0.1 and judged.low > judged.baseline
    assert finished.metrics["score"] == judged.headline()["score"]
    # The thresholds are on the card, and are those of the kept answers.
    card = catalog.get(finished.model_id)
    assert card.options["multi_label"] and len(card.options["thresholds"]) == len(card.label_names) == 4
    assert "threshold" in card.limits
    # Nothing but the validation examples chose them.
    steering = evaluate(project, finished.run_id, Split.VALIDATION, catalog)
    assert isinstance(steering, TagJudgement)
    place = {name: i for i, name in enumerate(card.label_names)}
    values = [[c.scores[name] for name in card.label_names] for c in steering.cases]
    truth = [frozenset(place[n] for n in c.truth) for c in steering.cases]
    assert best_thresholds(values, truth, 4) == pytest.approx(card.options["thresholds"], abs=1e-4)
    task = get_task(TASK)
    texts = {
        "The courier lost my parcel, and the soup was cold.": {"delivery", "food"},
        "We come from the north, and it was a grey afternoon.": set(),
    }
    for text, wanted in texts.items():
        (answer,) = predict([Sample("text", text=text)], card, task)
        said = answer.prediction
        assert isinstance(said, Scores) and said.several and {s.name for s in said.chosen} == wanted
        assert said.summary() == (", ".join(s.name for s in said.chosen) or "none of them")
        assert from_record(json.loads(json.dumps(to_record(said)))) == said
        assert [s.threshold for s in sorted(said.top, key=lambda s: s.index)] == pytest.approx(
            card.options["thresholds"]
        )
    # A whole table at once: a column per class.
    table = tmp_path / "new.csv"
    table.write_text("text\n" + "".join(f'"{text}"\n' for text in texts), encoding="utf-8")
    out = tmp_path / "answers.csv"
    run_to_csv(card, [table], out)
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig")))
    assert rows[0]["label: delivery"] == rows[0]["label: food"] == "1" and rows[0]["label: price"] == "0"
    assert rows[1]["answer"] == "none of them" and {rows[1][f"label: {name}"] for name in PIECES} == {"0"}
    # Elsewhere: as a folder of ours, and as ONNX.
    folder = export_folder(card, tmp_path / "out")
    again = import_folder(folder, catalog)
    assert again.options["thresholds"] == card.options["thresholds"]
    samples = [Sample("text", text=i.text) for i in messages(12, seed=5)]
    check = export_onnx(card, tmp_path / "onnx", samples)
    note = json.loads(check.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert check.passed and check.samples == 12
    assert note["activation"] == "sigmoid" and note["thresholds"] == card.options["thresholds"]
    # It proposes labels for what is not done, those that count and no others.
    project.add_items([NewItem("text", "new", text=text) for text in texts])
    assert proposers(project, catalog)[0].id in (card.id, again.id)
    propose(project, card)
    names = {c.id: c.name for c in project.classes()}
    new = project.items(project.item_ids(ItemFilter(labelled=False)))
    found = {i.text: {names[a.class_id or 0] for a in project.annotations(i.id) if a.is_proposal} for i in new}
    assert found == texts
    # New labelled data judges it too, without a project.
    judgement, problems = evaluate_items(card, messages(20, seed=9), TASK)
    assert not problems and judgement.n == 20 and judgement.headline()["score"] > 0.7


def test_models_are_measured_on_several_labels_too(project: Project, catalog: Catalog) -> None:
    from workbench.engine.select import examples_of, rank

    project.remove_items(project.item_ids()[80:])
    examples = examples_of(project)
    train = {i.id for i in project.split_items(Split.TRAIN)}
    assert {i.id for i in examples.items} <= train and 0 < len(examples.held_out) < len(examples.items)
    (row,) = list(rank(examples, [catalog.get("text-starter")]))
    assert row.problem is None and row.metric == "F1" and row.accuracy > 0.6 and "F1" in row.sentence()


def test_labels_are_proposed_before_there_is_a_model(project: Project, catalog: Catalog) -> None:
    from workbench.data.annotations import AnnotationState
    from workbench.data.tags import proposed_tags, tags_of
    from workbench.engine.suggest import propose_from_labels, proposes_from_labels

    ids = project.item_ids()
    truth = project.annotation_states(ids)
    names = {c.id: c.name for c in project.classes()}
    project.set_annotations({i: AnnotationState() for i in ids[60:]})
    has = next(i for i in ids[60:] if len(truth[i].annotations) > 1)
    project.set_annotations({has: AnnotationState(truth[has].annotations[:1])})
    card, _ = catalog.suggest(TASK, to_teach=True)
    assert proposes_from_labels(project)
    count = propose_from_labels(project, card)
    said = {i: proposed_tags(s.annotations) for i, s in project.annotation_states(ids[60:]).items()}
    assert count == sum(map(len, said.values())) > 60
    right = sum(a.class_id in {t.class_id for t in truth[i].annotations} for i, marks in said.items() for a in marks)
    assert right / count > 0.75 and names
    # What is there already is not proposed again.
    state = project.annotation_states([has])[has]
    assert not {a.class_id for a in proposed_tags(state.annotations)} & {a.class_id for a in tags_of(state.annotations)}
    project.set_annotations({i: AnnotationState() for i in ids[2:]})
    with pytest.raises(UserError, match="Too little"):
        propose_from_labels(project, card)


def test_heads_are_those_of_one_against_the_rest() -> None:
    """The same weights as scikit-learn's logistic regression for each class alone."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(3)
    features = rng.normal(size=(120, 6)).astype(np.float32) * [1, 2, 3, 1, 1, 1]
    truth = (features @ rng.normal(size=(6, 3)) + rng.normal(size=(120, 3)) > 0.7).astype(np.float32)
    task = get_task(TASK)
    empty = torch.zeros(0, 6), torch.zeros(0, 3)
    given = torch.from_numpy(features.astype(np.float32)), torch.from_numpy(truth)
    steps = list(fit_path(*given, *empty, 3, None, None, (0.1, 0.01), objective=task))  # type: ignore[arg-type]
    scaled = StandardScaler().fit(features)
    for step in steps:
        for c in range(3):
            other = LogisticRegression(C=1 / (120 * step.strength), tol=1e-8, max_iter=5000)
            other.fit(scaled.transform(features), truth[:, c])
            assert step.weight[c].numpy() * scaled.scale_ == pytest.approx(other.coef_[0], abs=2e-3)


def test_stopped_at_any_round_it_goes_on_to_the_very_same_end(
    project: Project, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.remove_items(project.item_ids()[36:])
    card, _ = catalog.suggest(TASK, to_teach=True)
    config = new_config(project, card, How.BALANCED, epochs=2, balance_classes=True)
    *_, whole = fit(config, project, catalog)
    other = replace(config, run_id="cutoff12")
    events = fit(other, project, catalog)
    for event in events:
        if isinstance(event, CheckpointSaved):
            break
    events.close()  # type: ignore[attr-defined]
    assert [r.id for r in resumable(project)] == [other.run_id]
    *_, resumed = fit(other, project, catalog, resume=True)
    assert isinstance(whole, Finished) and isinstance(resumed, Finished)
    first, second = project.predictions(whole.run_id), project.predictions(resumed.run_id)
    assert [p.record for p in first] == [p.record for p in second] and first
    cards = [catalog.get(f.model_id) for f in (whole, resumed)]
    assert cards[0].options == cards[1].options and cards[0].options["multi_label"]
    # Two runs are compared on the same items.
    said = compare(*(evaluate(project, f.run_id, Split.TEST, catalog) for f in (whole, resumed)))
    assert "may well be chance" in said.sentence()


def test_what_is_missing_is_said_before_anything_is_learnt(tmp_path: Path, workbench_home: Path) -> None:
    project = Project.create(tmp_path / "p", "Few", TASK)
    check = get_trainable(TASK).check
    with pytest.raises(UserError, match="None of the texts is done"):
        check(project)
    plain = [NewItem("text", str(i), text=f"text number {i}", annotations=()) for i in range(3)]
    project.add_items(plain)
    with pytest.raises(UserError, match="has a label"):
        check(project)
    made = messages(150)
    by_topic = [i for i in made if i.annotations and {a.label for a in i.annotations} == {"food"}]
    project.add_items(by_topic[:1])
    with pytest.raises(UserError, match="only one example of “food”"):
        check(project)
    project.add_items(by_topic[1:3])
    check(project)


def test_a_published_model_with_independent_classes_gives_several_labels(tmp_path: Path) -> None:
    """By the options of its card; and a classifier made from it is an ordinary one again."""
    card = Catalog.load().get("go-emotions")
    assert card.tasks[0] == TASK and "text-classification" in card.tasks and TASK in card.trainable_for
    task = get_task("text-classification")

    class Model:
        labels = ("joy", "anger", "fear")
        card = replace(Catalog.load().get("go-emotions"), label_names=("joy", "anger", "fear"))

        def class_logits(self, _batch: object) -> torch.Tensor:
            return torch.tensor([[2.0, 1.0, -3.0], [-1.0, -2.0, -3.0]])

    task.collate = lambda *_: {}  # type: ignore[attr-defined]
    try:
        from workbench.tasks.classification import Classification

        found = Classification.predict_batch(task, [{}, {}], Model(), None)  # type: ignore[arg-type]
    finally:
        del task.collate  # type: ignore[attr-defined]
    assert [p.summary() for p in found] == ["joy, anger", "none of them"]
    settled = task.settle(card.options, (), (), 3)  # type: ignore[attr-defined]
    assert "multi_label" not in settled
    lines = found[0].lines()
    assert lines[0].endswith("[x] joy") and lines[2].endswith("[ ] fear")


def test_labels_of_a_video_begin_and_end_each_for_itself() -> None:
    from workbench.engine.save import label_cells, label_columns
    from workbench.engine.timeline import events, main_label, rows
    from workbench.engine.video import Looked
    from workbench.tasks.predictions import Score

    def look(place: int, **values: float) -> Looked:
        scores = sorted((Score(n, v, i, 0.5) for i, (n, v) in enumerate(values.items())), key=lambda s: -s.value)
        return Looked(place, float(place), Scores(tuple(scores), several=True), 0.1)

    looks = [look(0, a=0.9, b=0.2), look(1, a=0.8, b=0.7), look(2, a=0.1, b=0.9), look(3, a=0.9, b=0.1)]
    found = {(e.label, e.begins, e.ends) for e in events(looks, 4.0)}
    # "a" blinked for one look and counts as there all the while.
    assert found == {("a", 0.0, 4.0), ("b", 1.0, 3.0)}
    assert [r["label"] for r in rows([looks[1]])] == ["a", "b"]
    nothing = look(4, a=0.1, b=0.2)
    assert main_label(nothing.prediction) is None and rows([nothing])[0]["label"] == ""
    cells = label_cells(looks[1].prediction)
    assert cells == {"label: a": 1, "label: b": 1} and label_columns([cells]) == ["label: a", "label: b"]


def drawn(folder: Path, count: int) -> list[NewItem]:
    """Pictures of none, one or two kinds of shapes."""
    import random

    from PIL import Image, ImageDraw

    rng, made = random.Random(2), []
    for number in range(count):
        picture = Image.new("RGB", (96, 96), tuple(rng.randrange(200, 256) for _ in range(3)))
        draw, x, y = ImageDraw.Draw(picture), rng.randrange(4, 12), rng.randrange(4, 12)
        names = [n for n in ("ball", "stripes") if rng.random() < 0.5]
        if "ball" in names:
            draw.ellipse((x, y, x + 36, y + 36), fill=(200, 40, 30))
        if "stripes" in names:
            for step in range(5):
                draw.line((40, 56 + step * 8, 94, 50 + step * 8), fill=(20, 40, 160), width=3)
        path = folder / f"{number}.png"
        picture.save(path)
        made.append(
            NewItem("picture", path.name, path=path, annotations=tuple(NewAnnotation(Whole(), n) for n in names))
        )
    return made


def sounding(folder: Path, count: int) -> list[NewItem]:
    """Recordings in which a tone, clicks, both or nothing but noise is heard."""
    import random
    import wave

    rng, noise, made = random.Random(3), np.random.default_rng(3), []
    time = np.arange(16_000) / 16_000
    for number in range(count):
        sound = 0.01 * noise.standard_normal(16_000)
        names = [n for n in ("tone", "clicks") if rng.random() < 0.5]
        if "tone" in names:
            sound += 0.3 * np.sin(2 * np.pi * rng.uniform(500, 900) * time)
        if "clicks" in names:
            sound[rng.randrange(800) :: 1600] += 0.9
        path = folder / f"{number}.wav"
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(16_000)
            stream.writeframes((np.clip(sound, -1, 1) * 32_000).astype("<i2").tobytes())
        made.append(NewItem("sound", path.name, path=path, annotations=tuple(NewAnnotation(Whole(), n) for n in names)))
    return made


@pytest.mark.parametrize(("task_id", "make"), [("image-tags", drawn), ("sound-tags", sounding)])
def test_pictures_and_recordings_learn_by_the_same_steps(
    task_id: str, make: object, tmp_path: Path, catalog: Catalog
) -> None:
    folder = tmp_path / "items"
    folder.mkdir()
    with Project.create(tmp_path / "p", "P", task_id) as project:
        project.add_items(make(folder, 44))  # type: ignore[operator]
        finished = run(project, catalog)
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, TagJudgement) and judged.headline()["score"] >= 0.85 > judged.baseline
        card = catalog.get(finished.model_id)
        item = next(i for i in project.split_items(Split.TEST) if len(project.annotations(i.id)) == 2)
        (answer,) = predict([item.sample()], card, get_task(task_id))
        assert isinstance(answer.prediction, Scores) and len(answer.prediction.chosen) == 2
