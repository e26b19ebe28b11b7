"""A taught model says what is unlike all it learnt from, and whether the data has changed since."""

from __future__ import annotations

import csv
import html
import json
import random
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import skimage.data
import soundfile
from PIL import Image

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.cli import app as cli
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.drift import look_for_drift
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, Finished, How
from workbench.engine.export import export_folder, export_onnx, import_folder, model_page
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.engine.video import Looker
from workbench.errors import UserError
from workbench.runtimes.familiar import FAMILIAR_FILE
from workbench.tasks.predictions import Scores, from_record, to_record
from workbench.tasks.registry import get_pooled, get_task
from workbench.trust.report import render

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import messages

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]
DIGITS = resources() / "samples" / "digits"


def taught(project: Project, catalog: Catalog, how: How = How.QUICK, **more: object) -> tuple[ModelCard, list[object]]:
    events = list(
        fit(new_config(project, catalog.suggest(project.task_id, to_teach=True)[0], how, **more), project, catalog)
    )
    finished = events[-1]
    assert isinstance(finished, Finished)
    return catalog.get(finished.model_id), events


def faces(folder: Path, count: int = 24) -> Path:
    folder.mkdir(parents=True)
    for n, face in enumerate(skimage.data.lfw_subset()[:count]):
        Image.fromarray((face * 255).astype(np.uint8)).resize((64, 64)).save(folder / f"face {n}.png")
    return folder


def digits(folder: Path, names: Sequence[str], each: int) -> tuple[Path, Path]:
    """Some of the sample digits, a folder per class; and the rest, all together. Drawn at random: they lie by writer."""
    rest = folder / "rest"
    rest.mkdir(parents=True)
    for name in names:
        files = sorted((DIGITS / name).glob("*.png"))
        random.Random(5).shuffle(files)
        (folder / "taught" / name).mkdir(parents=True)
        for number, file in enumerate(files):
            to = folder / "taught" / name / file.name if number < each else rest / f"{name} {file.name}"
            to.write_bytes(file.read_bytes())
    return folder / "taught", rest


class Still:
    """A picture of a video."""

    index, time, size = 0, 0.0, (64, 64)

    def __init__(self, path: Path) -> None:
        self._path = path

    def sample(self, name: str = "", max_side: int = 0) -> Sample:
        return Sample("picture", name, path=self._path)


def test_pictures(
    make_project: MakeProject, catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learnt, usual = digits(tmp_path / "digits", ("one", "two", "three", "zero"), 25)
    project = make_project(learnt)
    card, events = taught(project, catalog)
    folder = Path(card.source.ref)
    told = next(e for e in events if isinstance(e, Advice) and e.code == "familiar")
    assert "unlike" in told.text and "test pictures" in told.text and told.text in model_page(card)
    assert project.runs()[0].metrics["unlike"] == told.text
    judged = evaluate(project, project.runs()[0].id, Split.TEST, catalog)
    assert html.escape(told.text) in render(project, project.runs()[0], judged)
    tested = len(project.split_items(Split.TEST))
    assert card.metrics["unlike_tested"] == tested and card.metrics["unlike_alarms"] <= 3
    strange = faces(tmp_path / "faces")
    found = run_to_csv(card, [strange, usual], tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    recall = np.mean([int(r["unlike"]) for r in rows if r["item"].startswith("face")])
    alarms = np.mean([int(r["unlike"]) for r in rows if not r["item"].startswith("face")])
    with capsys.disabled():
        print(f"recall {recall:.0%}, false alarms {alarms:.0%} of {len(rows) - 24}")
    assert recall > 0.95 and alarms <= 0.2
    assert found.unlike == sum(int(r["unlike"]) for r in rows) and "unlike" in found.sentence()

    # The prediction carries the sentence, and its record keeps it.
    task = get_task(card.main_task)
    said = next(predict([Sample("picture", path=min(strange.iterdir()))], card, task)).prediction
    assert isinstance(said, Scores) and said.unlike and said.note.startswith("This picture is unlike those it learnt")
    assert from_record(json.loads(json.dumps(to_record(said)))) == said

    # So do a video's pictures.
    (looked,) = Looker(card, task).look([Still(min(strange.iterdir()))], Control())
    assert isinstance(looked.prediction, Scores) and looked.prediction.unlike

    # The command line: JSON and a table.
    plain_ones = [r["path"] for r in rows if r["unlike"] == "0"]
    some = [*(str(p) for p in sorted(strange.iterdir())[:2]), *plain_ones[:2]]
    capsys.readouterr()
    assert cli.run(["predict", *some, "--model", card.id, "--json"]) == 0
    assert [row["unlike"] for row in json.loads(capsys.readouterr().out)] == [True, True, False, False]
    assert cli.run(["predict", *some, "--model", card.id, "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "input,answer,certainty,unlike"

    # Exported and taken in again it says exactly the same.
    again = import_folder(export_folder(card, tmp_path / "out"), catalog)
    samples = [Sample("picture", path=Path(p)) for p in some]
    answers = [[r.prediction for r in predict(samples, c, task)] for c in (card, again)]
    assert answers[0] == answers[1]
    assert (Path(again.source.ref) / FAMILIAR_FILE).read_bytes() == (folder / FAMILIAR_FILE).read_bytes()

    # As ONNX for other programs it warns of the same pictures, by a second output.
    check = export_onnx(card, tmp_path / "onnx", samples)
    assert check.passed and check.warns and "the same warnings" in check.sentence()
    note = json.loads(check.path.with_suffix(".json").read_text("utf-8"))
    assert note["strangeness"]["unlike_above"] == 1.0 and note["strangeness"]["test_items"] == tested
    with shared_pool().use_network(card) as model:
        batch = get_pooled(card.main_task).collate(
            [get_pooled(card.main_task).prepare(s, model) for s in samples], model
        )
    session = onnxruntime.InferenceSession(str(check.path))
    assert [o.name for o in session.get_outputs()] == ["logits", "strangeness"]
    (far,) = session.run(["strangeness"], {"pixels": batch["pixels"].cpu().numpy()})
    assert far.tolist() == pytest.approx([p.strangeness for p in answers[0] if isinstance(p, Scores)], rel=1e-3)
    assert (far > 1).tolist() == [True, True, False, False]

    # Without the file it works as before; a damaged one is told.
    shared_pool().release(again.id)
    (Path(again.source.ref) / FAMILIAR_FILE).write_bytes(b"no tensors")
    with pytest.raises(UserError, match="damaged"):
        list(predict(samples, again, task))
    (Path(again.source.ref) / FAMILIAR_FILE).unlink()
    plain = [r.prediction for r in predict(samples, again, task)]
    for before, after in zip(answers[0], plain, strict=True):
        assert isinstance(before, Scores) and isinstance(after, Scores)
        assert after.strangeness == -1 and after.note == "" and after.top == before.top
        assert "unlike" not in after.to_json()

    # Drift: other digits of the same kinds, other kinds, other things.
    same = look_for_drift(card, [usual])
    assert not same.drift.found and "No change" in same.headline() and same.items == len(rows) - 24
    changed = look_for_drift(card, [strange])
    assert changed.drift.features_moved and "differ" in changed.headline() and changed.unlike > 20
    assert cli.run(["drift", card.id, str(strange), "--json"]) == 0
    said_so = json.loads(capsys.readouterr().out)
    assert said_so["changed"] is True and said_so["features"]["p"] <= 0.025 and said_so["items"] == 24
    (strange / "broken.png").write_bytes(b"nothing")
    assert cli.run(["drift", card.id, str(strange)]) == 3
    assert "could not be read" in capsys.readouterr().out
    with pytest.raises(UserError, match="keeps nothing"):
        look_for_drift(again, [usual])
    with pytest.raises(UserError, match="too few"):
        look_for_drift(card, some)


def test_a_network_that_learnt_whole(digits_folder: Digits, make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:  # fmt: skip
    """Its features are others than the starter's: what is kept is of the network as it ends. Taught further, it is new."""
    project = make_project(digits_folder(("one", "zero"), 30))
    first, _ = taught(project, catalog)
    config = new_config(project, first, How.BALANCED, epochs=1)
    finished = list(fit(config, project, catalog))[-1]
    assert isinstance(finished, Finished)
    card = catalog.get(finished.model_id)
    old, new = ((Path(c.source.ref) / FAMILIAR_FILE).read_bytes() for c in (first, card))
    assert old != new
    with shared_pool().use_network(card) as model:
        assert model.familiar is not None and not model.familiar.frozen
    samples = [Sample("picture", path=p) for p in sorted(faces(tmp_path / "faces", 12).iterdir())]
    said = [r.prediction for r in predict(samples, card, get_task(card.main_task))]
    assert sum(isinstance(p, Scores) and p.unlike for p in said) >= 11


def test_texts(make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:181]
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text", "label"], *rows])
    card, _ = taught(make_project(path), catalog)
    code = [
        Sample("text", text=t) for t in ("def add(a, b):\n    return a + b", "SELECT name FROM users WHERE id = 4;")
    ]
    said = [r.prediction for r in predict(code, card, get_task(card.main_task))]
    assert all(isinstance(p, Scores) and p.note.startswith("This text is unlike") for p in said)
    assert not (app_paths().models / card.id / "texts.csv").exists()
    kept = (Path(card.source.ref) / FAMILIAR_FILE).read_bytes()
    assert not any(text.encode() in kept for text, _ in rows)


def test_too_few_to_tell(digits_folder: Digits, make_project: MakeProject, catalog: Catalog) -> None:
    card, events = taught(make_project(digits_folder(("one", "two"), 8)), catalog)
    assert not any(isinstance(e, Advice) and e.code == "familiar" for e in events)
    assert not (Path(card.source.ref) / FAMILIAR_FILE).exists() and "unlike_rate" not in card.metrics


def test_several_labels(catalog: Catalog, tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "Messages", "text-tags")
    with project:
        project.add_items(messages(150))
        card, _ = taught(project, catalog)
    asked = [
        Sample("text", text="for (int i = 0; i < n; i++) { sum += a[i]; }"),
        Sample("text", text=str(messages(151)[150].text)),
    ]
    found = run_to_csv(card, [_table(tmp_path, asked)], tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["unlike"] for row in rows] == ["1", "0"] and found.unlike == 1
    assert list(rows[0])[:6] == ["item", "answer", "certainty", "problem", "path", "unlike"]


def _table(folder: Path, samples: Sequence[Sample]) -> Path:
    path = folder / "asked.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["text"], *([s.text] for s in samples)])
    return path


def test_recordings(make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    t = np.arange(16_000) / 16_000
    for name, pitch in (("low", 400), ("high", 1600)):
        (tmp_path / "calls" / name).mkdir(parents=True)
        for n in range(34):
            wave = 0.4 * np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * t) * (np.sin(2 * np.pi * 3 * t + n) > 0)
            soundfile.write(tmp_path / "calls" / name / f"{n}.wav", wave + rng.normal(size=t.size) * 0.01, 16_000)
    card, _ = taught(make_project(tmp_path / "calls"), catalog)
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, rng.normal(size=t.size) * 0.2, 16_000)
    said = next(predict([Sample("sound", path=noise)], card, get_task(card.main_task))).prediction
    assert isinstance(said, Scores) and said.note.startswith("This recording is unlike those it learnt from")
