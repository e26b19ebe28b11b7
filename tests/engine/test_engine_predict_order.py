"""Items of several lengths: those of like lengths are computed together, and answers come in the order in which they were asked for."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.usual_threads import usual_threads
from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine import predict as module
from workbench.engine.pool import ModelPool
from workbench.engine.predict import PredictResult, predict
from workbench.errors import Cancelled, Problem, UserError
from workbench.runtimes import torch_threads
from workbench.runtimes.base import Loaded
from workbench.runtimes.devices import best_device, describe_devices
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.predictions import Prediction, Score, Scores
from workbench.tasks.registry import get_task

TEXTS = get_task("text-classification")


class Lengths(BaseTask):
    """Answers with the length of a text; remembers what was computed together."""

    info = TaskInfo("lengths", "Lengths", "", "text", "text", "texts", "text")

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.prepared = 0

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        self.prepared += 1
        if not sample.text:
            raise UserError("This text is empty.", "")
        return {"length": len(sample.text)}

    def length(self, prepared: Mapping[str, Any]) -> int:
        return int(prepared["length"])

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        self.batches.append([self.length(s) for s in samples])
        return [Scores((Score(str(self.length(s)), 1.0),)) for s in samples]


class Pool:
    """One model that does nothing."""

    def use(self, *_: object) -> Any:
        return nullcontext(Loaded(Catalog.load().get("picture-starter")))


def ask(task: Lengths, texts: Sequence[str], control: Control | None = None, at_once: int = 0) -> Any:
    card = Catalog.load().get("picture-starter")
    samples = [Sample("text", text=t, broken=Problem("", "It was lost.") if t == "lost" else None) for t in texts]
    return predict(samples, card, task, pool=Pool(), control=control, at_once=at_once)  # type: ignore[arg-type]


def words(result: PredictResult) -> str:
    return result.prediction.best.name if isinstance(result.prediction, Scores) else str(result.problem)


@pytest.fixture
def texts() -> list[str]:
    draw = random.Random(0)
    return ["x" * draw.randint(5, 300) for _ in range(400)]


def test_like_lengths_together_answers_in_order_and_broken_ones_in_their_places(texts: list[str]) -> None:
    texts[150], texts[151], texts[260] = "", "lost", ""
    task = Lengths()
    found = list(ask(task, texts))
    assert [r.index for r in found] == list(range(400))
    assert [r.sample.text for r in found] == texts
    for result, text in zip(found, texts, strict=True):
        if text in ("", "lost"):
            assert result.prediction is None and ("lost" if text else "empty") in words(result)
        else:
            assert result.problem is None and words(result) == str(len(text))
    # The first answer waits for nobody; what is filled up is a fraction of what it would be in the order given.
    assert len(task.batches[0]) == 1 and max(map(len, task.batches)) == 16
    filled = sum(max(b) * len(b) - sum(b) for b in task.batches)
    given = [len(t) for t in texts if t and t != "lost"]
    plain = [given[i : i + 16] for i in range(0, len(given), 16)]
    assert filled < 0.5 * sum(max(b) * len(b) - sum(b) for b in plain)


def test_answers_of_long_items_do_not_wait_for_a_whole_window(
    texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PART_SECONDS", 0.0)
    task = Lengths()
    assert max(sum(map(len, task.batches)) - result.index for result in ask(task, texts)) <= 16


def test_those_who_wait_together_are_computed_together(texts: list[str]) -> None:
    task = Lengths()
    assert [words(r) for r in ask(task, texts[:7], at_once=7)] == [str(len(t)) for t in texts[:7]]
    assert task.batches == [[len(t) for t in texts[:7]]]


def test_a_stop_in_the_midst_of_a_window(texts: list[str]) -> None:
    control, task = Control(), Lengths()
    answered = task.predict_batch

    def stopping(*given: Any) -> list[Prediction]:
        if sum(map(len, task.batches)) > 150:
            control.cancel()
        return answered(*given)

    task.predict_batch = stopping  # type: ignore[method-assign]
    got: list[str] = []
    with pytest.raises(Cancelled):
        got.extend(words(result) for result in ask(task, texts * 100, control))
    assert got == [str(len(t)) for t in texts[: len(got)]]
    # No batch was begun after it.
    assert sum(map(len, task.batches)) < 200 and task.prepared < 300


def reviews(count: int) -> list[str]:
    import csv

    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8") as stream:
        return [row[0] for row in list(csv.reader(stream))[1 : count + 1]]


def test_many_texts_get_the_answers_of_each_alone(catalog: Catalog) -> None:
    card, options = catalog.get("text-starter"), TryOptions(("praise", "complaint", "question"))
    given = reviews(40)
    given[30] = "word " * 400  # read in windows
    given[31] = " "
    pool = ModelPool()
    samples = [Sample("text", text=t) for t in given]
    found = list(predict(samples, card, TEXTS, options, pool))
    assert [r.sample.text for r in found] == given
    assert found[31].problem is not None and "empty" in str(found[31].problem)
    assert found[30].prediction is not None and "overlapping parts" in found[30].prediction.note
    for number in (1, 17, 30, 39):
        alone = next(predict([samples[number]], card, TEXTS, options, pool)).prediction
        together = found[number].prediction
        assert isinstance(alone, Scores) and isinstance(together, Scores)
        assert [s.name for s in together.top] == [s.name for s in alone.top]
        assert max(abs(a.value - b.value) for a, b in zip(alone.top, together.top, strict=True)) < 1e-3


def test_texts_are_prepared_together_as_each_alone(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.tasks.text_classification._LETTERS_AT_ONCE", 400)
    given = [*reviews(20), "", "word " * 700, "Ein Satz mit Umlauten: äöü \U0001f600."]
    with ModelPool().use(catalog.get("text-starter"), "cpu") as model:
        samples = [Sample("text", text=t) for t in given]
        together = TEXTS.prepare_several(samples, model, Control())
        for sample, found in zip(samples, together, strict=True):
            if not sample.text:
                assert isinstance(found, UserError)
            else:
                assert found == TEXTS.prepare(sample, model)
        good = [one for one in together if not isinstance(one, UserError)]
        for side in ("right", "left"):
            model.tokenizer.padding_side = side
            padded = TEXTS.collate(good, model)  # type: ignore[attr-defined]
            rows = [{k: one[k] for k in ("input_ids", "attention_mask")} for one in good]
            wanted = model.tokenizer.pad(rows, return_tensors="pt")
            assert all(torch.equal(padded[name], wanted[name]) for name in ("input_ids", "attention_mask"))
        stopped = Control()
        stopped.cancel()
        with pytest.raises(Cancelled):
            TEXTS.prepare_several(samples, model, stopped)


def test_a_thread_that_begins_while_another_has_one_thread_computes_with_the_usual_number() -> None:
    found: dict[str, int] = {}

    def begins() -> None:
        torch_threads.begin()
        found["new"] = torch.get_num_threads()
        with torch_threads.torch_threads(3):
            found["inside"] = torch.get_num_threads()
            with torch_threads.torch_threads(1):
                found["nested"] = torch.get_num_threads()
        found["after"] = torch.get_num_threads()

    with usual_threads(2):
        with torch_threads.torch_threads(1):
            assert torch.get_num_threads() == 1
            thread = threading.Thread(target=begins)
            thread.start()
            thread.join()
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        later: list[int] = []
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
    assert found == {"new": 2, "inside": 3, "nested": 1, "after": 2} and later == [2]


def test_the_best_device_is_the_first_of_all(tmp_path: Path) -> None:
    assert best_device() == describe_devices()[0].id and best_device("cpu") == "cpu"
    assert best_device("nothing of the kind") == "cpu"
