"""Pictures and whole texts as columns of a table: joined with the others they find what neither finds alone, nothing of a row's own
answer comes into its numbers, and what cannot be read is told beside its row."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from workbench.__main__ import main
from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.columns import TableColumn
from workbench.data.importers import sniff
from workbench.data.importers.rows import RowsPlan, samples_of_table
from workbench.data.project import Project
from workbench.data.project_columns import columns_of, set_columns
from workbench.data.types import Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.estimate import estimate
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, Finished, How
from workbench.engine.explain.drawing import save
from workbench.engine.explain.reasons import explain
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.tasks import seen_columns
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task
from workbench.tasks.seen_columns import Sight, aims_of, principal, scores_of
from workbench.tasks.table_features import Table
from workbench.trust.metrics import Evaluation

Make = Callable[[Path], Project]


def flats(folder: Path, rows: int = 240) -> Path:
    """Flats with a picture each (of a 0 or a 1) and their rooms; dear is a 1 with 3 rooms or more, a 0 with 7."""
    photos = folder / "photos"
    photos.mkdir()
    for name in ("zero", "one"):
        for place, file in enumerate(sorted((resources() / "samples" / "digits" / name).glob("*.png"))[:12]):
            shutil.copy(file, photos / f"{name}{place}.png")
    rng = random.Random(0)
    with (folder / "flats.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["photo", "rooms", "area", "town", "price"])
        for place in range(rows):
            one, rooms = place % 2, rng.randint(1, 8)
            name = f"{('zero', 'one')[one]}{rng.randrange(12)}.png"
            dear = rooms >= (3 if one else 7)
            table.writerow([name, rooms, rng.randint(20, 200), rng.choice(["Oslo", "Bergen"]), ("cheap", "dear")[dear]])
    return folder / "flats.csv"


def taught(project: Project, catalog: Catalog) -> tuple[Finished, list[str]]:
    card, _why = catalog.suggest(project.task_id, to_teach=True)
    events = list(fit(new_config(project, card), project, catalog))
    assert isinstance(events[-1], Finished)
    return events[-1], [e.text for e in events if isinstance(e, Advice)]


def test_pictures_with_columns(tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    file = flats(tmp_path)
    with file.open("a", newline="") as stream:
        csv.writer(stream).writerows([["gone.png", 3, 50, "Oslo", "cheap"], ["broken.png", 3, 51, "Oslo", "cheap"]])
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    plan = sniff([file])
    assert isinstance(plan, RowsPlan) and plan.given[0].kind == "picture" and plan.given[0].role == "feature"
    assert "stay where they are" in plan.copy_words(False)
    project, result = project_from_plan(plan)
    with project:
        assert [p.where for p in result.problems] == ["row 242"] and "gone.png" in result.problems[0].message
        finished, said = taught(project, catalog)
        assert any("2 pictures in “photo” could not be read" in s for s in said)
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, Evaluation) and judged.accuracy > 0.85  # by the rooms alone: 0.75
        own, task = catalog.get(finished.model_id), get_task(project.task_id)
        item = project.split_items(Split.TEST)[0]
        kept = next(p for p in project.predictions(finished.run_id) if p.item_id == item.id)
        answer = next(predict([item.sample()], own, task)).prediction
        assert isinstance(answer, Scores)
        classes = next(r for r in project.runs() if r.id == finished.run_id).config["classes"]
        assert {s.name: s.value for s in answer.top} == pytest.approx(
            dict(zip(classes, kept.scores, strict=True)), abs=1e-3
        )
        told = task.item_words(item, project)  # type: ignore[attr-defined]
        assert f"photo: {Path(json.loads(item.text or '')['photo']).name}\n" in told
    # Why: the picture is one column, and speaks for the answer.
    found = explain(
        Sample("row", text=json.dumps({"photo": str(tmp_path / "photos" / "one3.png"), "rooms": "5"})), own, task
    )
    assert found.row is not None
    part = {p.column: p for p in found.row.parts}
    assert len(part) == 4 and part["photo"].cell == "one3.png"
    assert abs(part["photo"].amount) > 5 * part["photo"].doubt and abs(part["photo"].amount) > 0.1
    assert found.row.usual + sum(p.amount for p in found.row.parts) == pytest.approx(found.row.said)
    save(found, tmp_path / "why.csv", Sample("row"))
    with (tmp_path / "why.csv").open(encoding="utf-8-sig", newline="") as stream:
        amounts = [(line["column"], float(line["amount"])) for line in csv.DictReader(stream)]
    assert {name for name, _ in amounts} >= set(part)
    assert sum(a for _, a in amounts[:-1]) == pytest.approx(amounts[-1][1])
    # A table of new rows: pictures beside it are found; what cannot be read is told beside its row.
    new = tmp_path / "new.csv"
    new.write_text(
        "photo,rooms,area\nphotos/one1.png,5,40\nnot there.png,8,41\nzero2.png,5,42\nbroken.png,2,43\n1,2,3,4,5\n"
    )
    done = run_to_csv(own, [new], tmp_path / "answers.csv")
    answers = list(csv.DictReader((tmp_path / "answers.csv").open(encoding="utf-8-sig")))
    assert [r["answer"] for r in answers][:3:2] == ["dear", "cheap"] and done.answered == 4 and len(answers) == 5
    assert answers[4]["answer"] == "" and "row 6: This row has 5 cells" in answers[4]["problem"]
    samples = list(samples_of_table(new, Control()))
    notes = [getattr(r.prediction, "note", "") for r in predict(samples, own, task)]
    assert not notes[0] and "“not there.png” in “photo” counts as missing" in notes[1]
    assert "counts as missing (This is not a picture" in notes[3]
    # Judged by a table in another place, whose pictures lie in a folder beside it.
    lines = file.read_text().splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join([*lines[:25], lines[241]]))
    assert main(["evaluate", own.id, str(few), "--json"]) == 3  # one picture is not there: said, and the rest judged
    told = capsys.readouterr()
    assert json.loads(told.out)["accuracy"] > 0.9 and "gone.png" in told.err
    # Nothing in its folder can run, and what is damaged is a sentence.
    folder = Path(own.source.ref)
    state = load_file(folder / "model.safetensors")
    assert not list(folder.glob("*.pkl")) and state["lens.0.axes"].shape[1] == 1280
    save_file(
        {k: v[:5].contiguous() if k == "lens.0.mean" else v for k, v in state.items()}, folder / "model.safetensors"
    )
    shared_pool().release(own.id)
    with pytest.raises(UserError, match="damaged"):
        list(predict(samples[:1], own, task))


def test_texts_with_columns(tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    """A complaint is called back when it is about more than 15, praise when about more than 45."""
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8") as stream:
        texts = [r for r in csv.DictReader(stream) if r["label"] in ("complaint", "praise")]
    rng = random.Random(1)
    file = tmp_path / "messages.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["message", "amount", "orders", "shop", "member", "call_back"])
        for r in rng.sample(texts, 130):
            amount, angry = rng.randint(0, 60), r["label"] == "complaint"
            wanted = amount > (15 if angry else 45)
            table.writerow(
                [
                    r["text"],
                    amount,
                    rng.randint(1, 20),
                    rng.choice("AB"),
                    rng.choice(["yes", "no"]),
                    ("no", "call")[wanted],
                ]
            )
    plan = sniff([file], rows=True)
    assert isinstance(plan, RowsPlan) and {c.name: c.kind for c in plan.given}["message"] == "text"
    assert main(["train", str(file), "--rows", "--label-column", "call_back", "--name", "messages"]) == 0
    assert "items it had not seen" in capsys.readouterr().out
    own = next(c for c in Catalog.load().own())
    asked = ["The waiter was rude and my food was cold.", "Lovely evening, we will come again!"]
    rows = [Sample("row", text=json.dumps({"message": t, "amount": a})) for t in asked for a in ("30", "58")]
    task = get_task("tabular-classification")
    answers = [r.prediction.summary().split()[0] for r in predict(rows, own, task) if r.prediction is not None]
    assert answers == ["call", "call", "no", "call"]
    table_fields = {f.name: f.kind for f in task.form(own)}  # type: ignore[attr-defined]
    assert table_fields["message"] == "text" and table_fields["amount"] == ""
    assert Table.from_options(own.options).looked_at()[0][0].name == "message"
    # Another network would see something else, so it is refused.
    changed = {**own.options, "eyes": {"text": "0" * 64}}
    other = replace(own, id="other", options=changed)
    with shared_pool().use(other, "cpu", Control()) as model, pytest.raises(UserError, match="another version"):
        task.prepare(rows[0], model)


def test_nothing_of_its_own_answer_is_in_a_rows_score() -> None:
    """Chance alone: scores that knew their own row's answer would seem to tell it."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 300)).astype(np.float32)
    truth = rng.integers(0, 2, 120).astype(float)
    mean, axes = principal(vectors)
    assert torch.allclose(axes @ axes.T, torch.eye(64), atol=1e-4)
    exact = np.linalg.svd(vectors - vectors.mean(0))[2][:64]
    assert np.abs(np.abs(axes.numpy() @ exact.T) - np.eye(64)).max() < 1e-3
    own = (torch.from_numpy(vectors) - mean) @ axes.T
    # Every vector twice: equal contents would tell each other's answers.
    twice, groups = torch.cat([own, own]), [*range(120), *range(120)]
    weights, bias, apart = scores_of(twice, aims_of(np.tile(truth, 2), 2), groups, Control())

    def tells(score: torch.Tensor) -> float:
        return float(np.corrcoef(score[:, 0].numpy(), np.tile(truth, 2))[0, 1])

    assert tells(apart) < 0.25
    assert scores_of(own, aims_of(truth, 40), list(range(120)), Control())[0].shape == (0, 64)
    assert aims_of(np.array([0.0, 1, 2]), 3).tolist() == torch.eye(3).tolist()
    assert aims_of(np.array([5.0, 7, 9]), 0).mean().abs() < 1e-6
    assert weights.shape == (1, 64) and bias.shape == (1,)


def test_what_was_seen_is_kept_and_looking_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = [TableColumn("said", "text"), TableColumn("y", "category", "target")]
    rows = [{"said": f"number {i % 10} of them"} for i in range(20)] + [{"said": ""}, {}]
    truth = np.arange(22) % 2.0
    first = Sight(tmp_path, Control())
    learnt = first.learn(columns, rows, truth, 2, 0)
    assert len(learnt[0]["said"]) == first.lenses["said"].width == 1 + 9 and not learnt[20] and not learnt[21]
    monkeypatch.setattr(seen_columns.Eyes, "vectors", lambda *_: pytest.fail("it was looked at before"))
    again = Sight(tmp_path, Control())
    assert [r.keys() for r in again.learn(columns, rows, truth, 2, 0)] == [r.keys() for r in learnt]
    assert np.array_equal(again.of(rows[:3])[2]["said"], first.of(rows[:3])[2]["said"])
    few = Sight(tmp_path, Control())
    assert few.learn(columns, rows[:5], truth[:5], 2, 0) == [{}] * 5 and "“said” is left out" in few.remarks()[0]
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        Sight(tmp_path / "new", control).learn(columns, rows, truth, 2, 0)


def test_pictures_with_a_label_alone_stay_pictures(tmp_path: Path, make_project: Make) -> None:
    file = flats(tmp_path, 40)
    labels = tmp_path / "labels.csv"
    labels.write_text("\n".join(",".join(line.split(",")[i] for i in (0, 4)) for line in file.read_text().splitlines()))
    assert sniff([labels]).media == "picture"
    project = make_project(file)
    assert columns_of(project)[0].kind == "picture" and project.counts().total == 40
    photo = json.loads(project.items(project.item_ids())[0].text or "")["photo"]
    assert Path(photo).is_file() and Path(photo).is_absolute()
    # That every picture is looked at once is in what is expected of time and memory.
    card, _why = Catalog.load().suggest(project.task_id, to_teach=True)
    whole = estimate(project, card, How.QUICK)
    set_columns(project, [replace(c, role="ignored") if c.kind == "picture" else c for c in columns_of(project)])
    less = estimate(project, card, How.QUICK)
    assert whole.seconds > less.seconds + 0.1 and whole.memory_bytes > less.memory_bytes
