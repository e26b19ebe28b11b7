"""Finding sounds in recordings, taught on the starter: calls of made-up birds in wind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile
from bird_mixtures import BIRDS, RATE, mixture, recordings

from workbench.__main__ import main
from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.types import ItemFilter, NewItem, Sample, Split
from workbench.engine.bulk import run_to_csv
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, CheckpointSaved, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.predict import predict, predict_live
from workbench.engine.propose import propose
from workbench.errors import UserError
from workbench.tasks.event_lesson import HOP
from workbench.tasks.predictions import Events, from_record, to_record
from workbench.tasks.registry import get_task
from workbench.trust.judge_clips import ClipsJudgement, judge


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project.create(tmp_path / "birds", "birds", "sound-events")
    made.add_items(recordings(tmp_path / "files", 12, 5.0))
    return made


def test_quick_finds_birds_and_says_when(
    project: Project, catalog: Catalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    assert card.id == "sound-starter"
    # One more, of which only a stretch is marked: it teaches, and judges nothing.
    sound, heard = mixture(77)
    soundfile.write(tmp_path / "partly.wav", sound, RATE)
    partly = project.add_items([NewItem("sound", "partly", path=tmp_path / "partly.wav")]).added[0]
    begins, ends, name = heard[0]
    mark = Annotation(Clip(begins, ends), project.class_by_name(name).id)  # type: ignore[union-attr]
    project.set_annotations({partly: AnnotationState((mark,), False)})

    events = list(fit(new_config(project, card, How.QUICK), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    numbers = finished.metrics
    print(
        f"F1 {numbers['score']:.2f} of sounds, {numbers['seconds']:.2f} by second; baseline {numbers['seconds_baseline']:.2f}"
    )
    assert numbers["score"] >= 0.5 > 3 * numbers["baseline"]
    assert numbers["seconds"] >= numbers["seconds_baseline"] + 0.15
    assert any(isinstance(e, Advice) and "not done" in e.text for e in events)
    item = project.item(partly)
    assert item is not None and item.split is Split.TRAIN and not item.marked

    # A model of one's own, opened anew, with the limits it was given.
    own = Catalog.load().get(finished.model_id)
    kept = own.options["events"]
    assert len(kept["limits"]) == len(BIRDS) and 0 < kept["limits"][0][0] < 1
    sound, heard = mixture(500, 4.0, 4)
    file = tmp_path / "new.flac"
    soundfile.write(file, sound, RATE)
    said = next(predict([Sample("sound", "new", path=file)], own, get_task(project.task_id))).prediction
    assert isinstance(said, Events) and said.seconds == pytest.approx(4.0, abs=0.01)
    assert from_record(json.loads(json.dumps(to_record(said)))) == said
    assert {e.label for e in said.events} & {name for *_, name in heard}
    # The same while it is listened to, growing to the same end.
    growing = [r.prediction for r in predict_live(Sample("sound", "new", path=file), own, get_task(project.task_id))]
    assert growing[-1] == said

    judgement = evaluate(project, project.runs()[0].id, Split.TEST, Catalog.load())
    assert isinstance(judgement, ClipsJudgement) and judgement.headline()["score"] == numbers["score"]
    # On the command line: found, written as Audacity reads it, and judged on labels from a file.
    assert main(["predict", str(file), "--model", own.id, "--output", str(tmp_path / "new.txt")]) == 0
    lines = (tmp_path / "new.txt").read_text().splitlines()
    assert [line.split("\t")[2] for line in lines] == [e.label for e in said.events]
    assert main(["evaluate", own.id, str(tmp_path / "new.txt"), "--json"]) == 0
    told = capsys.readouterr().out
    assert json.loads(told[told.index("{") :])["score"] == 1.0
    # Over a folder: a row for each sound, which comes in again as marks.
    folder = tmp_path / "walks"
    folder.mkdir()
    (folder / "new.flac").write_bytes(file.read_bytes())
    assert run_to_csv(own, [folder], folder / "heard.csv").answered == 1
    plan = sniff([folder])
    assert plan.marks == "clips" and sum(plan.label_counts.values()) == len(said.events)
    # Proposals for the one that is not done; nothing of a person's is lost.
    assert propose(project, own, Control()) >= 1
    state = project.annotation_states([partly])[partly]
    assert mark in state.annotations and any(a.is_proposal and isinstance(a.shape, Clip) for a in state.annotations)


def test_what_is_missing_is_said(project: Project, catalog: Catalog, tmp_path: Path) -> None:
    task = get_task("sound-events")
    with pytest.raises(UserError, match="has not been taught"):
        sample = project.items(project.item_ids(ItemFilter()))[0].sample()
        list(predict_live(sample, catalog.get("sound-starter"), task))
    with Project.create(tmp_path / "few", "few", "sound-events") as few:
        with pytest.raises(UserError, match="No sound is marked"):
            task.check(few)  # type: ignore[attr-defined]
        few.add_items(recordings(tmp_path / "two", 2))
        with pytest.raises(UserError, match="Only 2 of the recordings are done"):
            task.check(few)  # type: ignore[attr-defined]
    assert judge([], [], "test").sentence() == "There was nothing to test on."


def test_a_killed_training_goes_on_to_the_same_end(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Balanced: the network itself learns, on pieces drawn anew each round."""
    monkeypatch.setattr("workbench.tasks.event_lesson._PIECES", 1)
    monkeypatch.setattr("workbench.tasks.event_lesson._PIECE_STEPS", 4)
    weights = []
    for name in ("whole", "cut"):
        with Project.create(tmp_path / name, name, "sound-events") as project:
            project.add_items(recordings(tmp_path / f"{name}-files", 4, 2.5, first=15))
            config = new_config(project, catalog.get("sound-starter"), How.BALANCED, epochs=2, seed=3, run_id="r1")
            stream = fit(config, project, catalog)
            if name == "cut":
                for event in stream:
                    if isinstance(event, CheckpointSaved):
                        break
                stream.close()  # type: ignore[attr-defined]
                stream = fit(config, project, catalog, resume=True)
            finished = list(stream)[-1]
            assert isinstance(finished, Finished)
            folder = app_paths().models / finished.model_id
            weights.append((folder / "model.safetensors").read_bytes())
            assert Catalog.load().get(finished.model_id).options["events"]["hop"] == HOP
    assert weights[0] == weights[1]
