"""Training end to end, on real starters and small data."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.app_paths import app_paths, resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter, Sample, Split
from workbench.engine import finetune
from workbench.engine.estimate import estimate, measure
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Advice, CheckpointSaved, EpochDone, Finished, How, RunConfig, StepDone
from workbench.engine.export import export_folder, export_onnx, import_folder
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.fit import fit, new_config, read_events, resumable
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.engine.suggest import suggest_labels
from workbench.errors import Cancelled, UserError
from workbench.tasks.registry import get_task

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    """Two columns, 150 real sentences."""
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[:151]
    path = tmp_path / "messages.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def train(project: Project, catalog: Catalog, how: How = How.QUICK, **options: object) -> tuple[list[object], Finished]:
    card, _ = catalog.suggest(project.task_id)
    events = list(fit(new_config(project, card, how, **options), project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return list(events), finished


def reference_accuracy(project: Project, catalog: Catalog) -> float:
    """scikit-learn's LogisticRegression on the very features and splits."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    card, _ = catalog.suggest(project.task_id)
    with shared_pool().use(card, "cpu") as model:
        parts = {}
        for split in (Split.TRAIN, Split.TEST):
            items = project.split_items(split)
            found = compute_features(items, model, get_task(project.task_id))
            parts[split] = (found.matrix.numpy(), [i.class_id for i in items])
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)).fit(*parts[Split.TRAIN])
    return float(classifier.score(*parts[Split.TEST]))


def test_quick_on_pictures_is_as_good_as_logistic_regression(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two", "three", "zero"), 20))
    events, finished = train(project, catalog)
    assert finished.metrics["split"] == "test"
    assert finished.metrics["accuracy"] >= 0.9 * reference_accuracy(project, catalog)
    assert finished.metrics["accuracy"] > finished.metrics["baseline"]
    assert sum(isinstance(e, EpochDone) for e in events) >= 5
    record = project.run(finished.run_id)
    assert record.status == "done"
    assert [type(e) for e in read_events(record)] == [type(e) for e in events]


def test_quick_on_texts_is_as_good_and_the_model_is_used_like_any_other(
    messages: Path, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(messages)
    _, finished = train(project, catalog)
    assert finished.metrics["accuracy"] >= 0.9 * reference_accuracy(project, catalog)
    card = catalog.get(finished.model_id)
    assert card.is_own and set(card.label_names) == {"praise", "complaint", "question"}
    asked = Sample("text", text="Could you tell me when the shop opens?")
    result = next(predict([asked], card, get_task(project.task_id)))
    assert result.prediction is not None and result.prediction.best.name == "question"


def test_the_same_run_twice_gives_the_same_numbers(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 10))
    _, first = train(project, catalog)
    _, second = train(project, catalog)
    assert project.predictions(first.run_id) == project.predictions(second.run_id)
    losses = []
    for _ in range(2):
        events, _finished = train(project, catalog, How.BALANCED, epochs=1)
        losses.append([e.loss for e in events if isinstance(e, StepDone)])
    assert losses[0] == losses[1] and losses[0]


def test_ten_new_pictures_cost_ten_passes(digits_folder: Digits, make_project: MakeProject, catalog: Catalog) -> None:
    from workbench.data.importers import sniff

    project = make_project(digits_folder(("one", "two"), 8))
    card, _ = catalog.suggest(project.task_id)
    cache = FeatureCache(app_paths().cache / "features")
    task = get_task(project.task_id)
    with shared_pool().use(card, "cpu") as model:
        assert compute_features(project.items(project.item_ids()), model, task, cache=cache).computed == 16
        project.add_items(sniff([digits_folder(("one", "two"), 5, first=8)]).read())
        found = compute_features(project.items(project.item_ids()), model, task, cache=cache)
    assert found.computed == 10
    assert found.matrix.shape == (26, model.feature_width)


def test_a_damaged_feature_cache_is_begun_anew(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    cache.put({"a": b"1234"})
    (tmp_path / "features.db").write_bytes(b"this is no database at all" * 100)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"features.db{suffix}").unlink(missing_ok=True)
    assert cache.get(["a"]) == {}
    cache.put({"a": b"5678"})
    assert cache.get(["a"]) == {"a": b"5678"}


_CHILD = """
    import sys
    from pathlib import Path
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine import finetune
    from workbench.engine.events import CheckpointSaved, RunConfig
    from workbench.engine.fit import fit
    import json, time

    finetune.CHECKPOINT_SECONDS = 0.0
    project = Project.open(Path(sys.argv[1]))
    config = RunConfig.from_json(json.loads(sys.argv[2]))
    for event in fit(config, project, Catalog.load()):
        if isinstance(event, CheckpointSaved):
            print("saved", event.step, flush=True)
            time.sleep(0.05)
"""


def test_killed_and_resumed_ends_bit_equal(digits_folder: Digits, make_project: MakeProject, catalog: Catalog) -> None:
    from safetensors.torch import load_file

    project = make_project(digits_folder(("one", "two"), 12))
    card, _ = catalog.suggest(project.task_id)
    options = {"epochs": 2, "batch_size": 4}
    straight = new_config(project, card, How.BALANCED, **options)
    killed = RunConfig.from_json({**straight.to_json(), "run_id": "killed000000"})
    project.ensure_splits()
    folder = project.folder
    project.close()

    def child(config: RunConfig, stop_after: int) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_CHILD), str(folder), json.dumps(config.to_json())],
            stdout=subprocess.PIPE,
            text=True,
            # The number of threads changes the last bits of a sum: all processes get the same.
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        for line in process.stdout:
            if stop_after and line.startswith("saved") and int(line.split()[1]) >= stop_after:
                process.send_signal(signal.SIGKILL)
                break
        process.wait(120)
        process.stdout.close()
        assert process.returncode == (-signal.SIGKILL if stop_after else 0)

    child(straight, 0)
    child(killed, 3)
    with Project.open(folder) as again:
        waiting = resumable(again)
        assert [r.id for r in waiting] == ["killed000000"]
    resumed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_CHILD).replace("Catalog.load())", "Catalog.load(), resume=True)"),
         str(folder), json.dumps(killed.to_json())],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=200,
    )  # fmt: skip
    assert resumed.returncode == 0, resumed.stderr
    with Project.open(folder) as again:
        catalog.refresh()
        models = {r.id: catalog.get(str(r.metrics["model_id"])) for r in again.runs()}
        assert not resumable(again)
    first = load_file(Path(models[straight.run_id].source.ref) / "model.safetensors")
    second = load_file(Path(models["killed000000"].source.ref) / "model.safetensors")
    assert first.keys() == second.keys()
    assert all(first[k].equal(second[k]) for k in first)


def test_stopping_is_answered_within_a_second_and_keeps_the_best(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 14))
    card, _ = catalog.suggest(project.task_id)
    control = Control()
    events: list[object] = []
    asked = 0.0
    for event in fit(new_config(project, card, How.BALANCED, epochs=50), project, catalog, control):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 5:
            control.cancel()
            asked = time.monotonic()
    finished = events[-1]
    assert isinstance(finished, Finished) and finished.reason == "cancelled"
    assert not any(isinstance(e, StepDone) and e.step > 5 for e in events), "it went on after the stop"
    assert asked > 0
    assert project.run(finished.run_id).status == "cancelled"
    # The Results page tests it now.
    assert evaluate(project, finished.run_id, Split.TEST, catalog).n == len(project.split_items(Split.TEST))


def test_stopping_before_anything_is_learnt_keeps_nothing(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 6))
    card, _ = catalog.suggest(project.task_id)
    control = Control()
    config = new_config(project, card)
    with pytest.raises(Cancelled):
        for _event in fit(config, project, catalog, control):
            control.cancel()
    assert project.run(config.run_id).status == "cancelled"
    assert catalog.own() == []


def test_out_of_memory_halves_and_goes_on(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    real = finetune.forward

    def cramped(training: finetune.Training, part: finetune.Prepared) -> object:
        if len(part) > 3:
            raise torch.OutOfMemoryError("out of memory")
        return real(training, part)

    monkeypatch.setattr(finetune, "forward", cramped)
    project = make_project(digits_folder(("one", "two"), 10))
    events, finished = train(project, catalog, How.BALANCED, epochs=1, batch_size=8)
    halved = [e for e in events if isinstance(e, Advice) and e.code == "memory-halved"]
    assert len(halved) == 2  # 8 to 4 to 2
    assert finished.reason == "done"
    assert any(isinstance(e, CheckpointSaved) for e in events)


def test_no_memory_at_all_is_one_sentence(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def none_left(*_args: object) -> object:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(finetune, "forward", none_left)
    project = make_project(digits_folder(("one", "two"), 6))
    with pytest.raises(UserError, match="not enough memory"):
        train(project, catalog, How.BALANCED, epochs=1)
    assert project.runs()[0].status == "failed"


def test_a_picture_that_goes_away_is_left_out_with_a_sentence(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    folder = digits_folder(("one", "two"), 8)
    project = make_project(folder)
    gone = min((folder / "one").iterdir())
    gone.write_bytes(b"no picture any more")
    events, _ = train(project, catalog)
    advice = [e for e in events if isinstance(e, Advice) and e.code == "skipped-items"]
    assert len(advice) == 1 and gone.name in advice[0].text
    assert project.counts().broken == 1


@pytest.mark.parametrize(("names", "message"), [(("one",), "nothing to tell apart"), ((), "has a label")])
def test_too_little_to_learn_from_is_one_sentence(
    names: tuple[str, ...], message: str, digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(names or ("one",), 4))
    if not names:
        project.set_label(project.item_ids(), None)
    card, _ = catalog.suggest(project.task_id)
    with pytest.raises(UserError, match=message):
        next(iter(fit(new_config(project, card), project, catalog)))


def test_suggestions_come_for_the_unlabelled(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "zero"), 12))
    items = project.items(project.item_ids())
    truth = {i.id: i.class_id for i in items}
    hidden = [i.id for n, i in enumerate(items) if n % 12 >= 6]
    project.set_label(hidden, None)
    card, _ = catalog.suggest(project.task_id)
    assert suggest_labels(project, card) == len(hidden)
    suggested = project.items(hidden)
    right = sum(i.suggestion == truth[i.id] for i in suggested)
    assert right >= 0.8 * len(hidden)
    order = project.items(project.item_ids(ItemFilter(labelled=False, order="uncertain")))
    assert [i.suggestion_score for i in order] == sorted(i.suggestion_score for i in order)


def test_suggestions_need_something_to_go_by(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 4))
    project.set_label(project.item_ids()[1:], None)
    card, _ = catalog.suggest(project.task_id)
    with pytest.raises(UserError, match="Too little is labelled"):
        suggest_labels(project, card)


def test_the_estimate_grows_with_the_way_and_is_measured(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog
) -> None:
    project = make_project(digits_folder(("one", "two"), 6))
    card, _ = catalog.suggest(project.task_id)
    assert not estimate(project, card, How.QUICK).measured
    assert measure(project, card) > 0
    quick, balanced, thorough = (estimate(project, card, how) for how in How)
    assert quick.measured and quick.seconds < balanced.seconds < thorough.seconds


def test_a_model_travels_as_a_folder(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, tmp_path: Path
) -> None:
    project = make_project(digits_folder(("one", "two"), 10))
    _, finished = train(project, catalog)
    card = catalog.get(finished.model_id)
    folder = export_folder(card, tmp_path / "out")
    assert {"card.json", "model.safetensors", "labels.txt", "README.md"} <= {f.name for f in folder.iterdir()}
    twin = import_folder(folder, catalog)
    assert twin.id != card.id
    samples = [i.sample() for i in project.items(project.item_ids()[:4])]
    task = get_task(project.task_id)
    answers = [[r.prediction for r in predict(samples, c, task)] for c in (card, twin)]
    assert answers[0] == answers[1]
    catalog.remove_own(twin.id)
    assert [c.id for c in catalog.own()] == [card.id]


def test_a_damaged_model_folder_is_refused(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, tmp_path: Path
) -> None:
    project = make_project(digits_folder(("one", "two"), 6))
    _, finished = train(project, catalog)
    folder = export_folder(catalog.get(finished.model_id), tmp_path / "out")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(UserError, match="missing or damaged"):
        import_folder(folder, catalog)
    assert len(catalog.own()) == 1
    with pytest.raises(UserError, match="not a model"):
        import_folder(tmp_path, catalog)


def test_onnx_is_checked_against_the_original(
    digits_folder: Digits, messages: Path, make_project: MakeProject, catalog: Catalog, tmp_path: Path
) -> None:
    for source in (digits_folder(("one", "two"), 8), messages):
        project = make_project(source)
        _, finished = train(project, catalog)
        samples = [i.sample() for i in project.items(project.item_ids()[:6])]
        check = export_onnx(catalog.get(finished.model_id), tmp_path / "onnx", samples)
        assert check.passed and check.samples == 6 and check.agreement == 1.0, check
        assert check.path.is_file() and check.path.with_suffix(".json").is_file()
