"""What makes trainings quicker gives the same results, and goes on bit-equal after a stop."""

from __future__ import annotations

import csv
import os
import random
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from workbench.app_paths import app_paths, resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, Split
from workbench.engine import finetune
from workbench.engine.buckets import by_length, drawn_batches
from workbench.engine.checkpoint import Position
from workbench.engine.events import Advice, EpochDone, Finished, How, RunConfig, StageChanged, StepDone
from workbench.engine.fit import fit, new_config
from workbench.engine.reading import read_batches, readers_for
from workbench.engine.together import Together
from workbench.engine.waiting import Waiting
from workbench.errors import Cancelled, UserError
from workbench.tasks import kept_features
from workbench.tasks.image_classification import ImageClassification
from workbench.tasks.lesson import Example, Step

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """24 texts of one to four sentences."""
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row[1] in ("praise", "complaint")]
    rng = random.Random(0)
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        for label in ("praise", "complaint"):
            mine = [text for text, kind in rows if kind == label]
            for n in range(12):
                writer.writerow([" ".join(mine[n * 4 : n * 4 + rng.choice((1, 1, 2, 4))]), label])
    return path


def run_of(project: Project, catalog: Catalog, how: How, **options: Any) -> RunConfig:
    card, _ = catalog.suggest(project.task_id)
    return new_config(project, card, how, epochs=1, batch_size=2, **options)


def again(config: RunConfig) -> RunConfig:
    return replace(config, run_id=f"{random.randrange(16**12):012x}")


def weights_of(events: list[Any], catalog: Catalog) -> dict[str, torch.Tensor]:
    finished = events[-1]
    assert isinstance(finished, Finished)
    catalog.refresh()
    return load_file(Path(catalog.get(finished.model_id).source.ref) / "model.safetensors")


def losses_of(events: list[Any]) -> list[float]:
    return [e.loss for e in events if isinstance(e, StepDone)]


def kept_files() -> list[Path]:
    return sorted((app_paths().cache / "lessons" / "frozen").rglob("*.safetensors"))


def stopped_and_gone_on(
    config: RunConfig, project: Project, catalog: Catalog, after: int, meanwhile: Callable[[], None] = lambda: None
) -> list[Any]:
    """As when the app is closed after so many steps, and the training is gone on with."""
    control = Control()
    with pytest.raises(Cancelled):
        for event in fit(config, project, catalog, control):
            if isinstance(event, StepDone) and event.step == after:
                control.leave()
    meanwhile()
    return list(fit(config, project, catalog, resume=True))


# What stays as it is -------------------------------------------------------------------------------------------------


def test_texts_are_kept_and_a_stop_changes_nothing(texts: Path, make_project: MakeProject, catalog: Catalog) -> None:
    project = make_project(texts)
    config = run_of(project, catalog, How.BALANCED)
    first = list(fit(config, project, catalog))
    learnt = len(project.split_items(Split.TRAIN))
    assert learnt >= 16, "there are enough for batches of like lengths"
    assert len(kept_files()) == learnt + len(project.split_items(Split.VALIDATION))
    assert any(isinstance(e, StageChanged) and "stays as it is" in e.text for e in first)
    # A second run finds all of it; one that is stopped in the midst of a round ends with the same bits.
    resumed = stopped_and_gone_on(again(config), project, catalog, 5)
    assert not any(isinstance(e, StageChanged) and "stays as it is" in e.text for e in resumed)
    one, other = weights_of(first, catalog), weights_of(resumed, catalog)
    assert all(one[name].equal(other[name]) for name in one)


def test_pictures_that_are_varied_are_not_kept_but_those_that_check_are(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(digits_folder(("one", "two"), 8))
    varied = list(fit(config := run_of(project, catalog, How.BALANCED), project, catalog))
    learnt, checked = (len(project.split_items(split)) for split in (Split.TRAIN, Split.VALIDATION))
    assert len(kept_files()) == checked > 0
    (round_,) = [e for e in varied if isinstance(e, EpochDone)]
    assert 0 <= round_.waiting <= 1
    assert "the processor waited" in str(project.run(config.run_id).metrics["waited"])
    learning = False
    read: list[int] = []
    real = ImageClassification.prepare

    def counted(*given: Any, **more: Any) -> dict[str, Any]:
        read.append(learning)
        return real(*given, **more)

    monkeypatch.setattr(ImageClassification, "prepare", counted)
    kept = []
    for event in fit(as_is := replace(again(config), augment=False), project, catalog):
        kept.append(event)
        learning = isinstance(event, StepDone | EpochDone)
    assert len(kept_files()) == checked + learnt
    assert losses_of(kept) != losses_of(varied)
    assert read and not any(read), "no picture is read any more while it learns"
    monkeypatch.setattr(finetune, "keep_frozen", lambda *_: iter(()))
    assert losses_of(kept) == pytest.approx(losses_of(list(fit(again(as_is), project, catalog))), abs=1e-5)


def test_other_weights_another_preparation_or_content_are_other_keys(
    texts: Path, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.engine.pool import shared_pool
    from workbench.tasks.lesson import Material
    from workbench.tasks.pooled_lesson import PooledLesson
    from workbench.tasks.registry import get_pooled

    project = make_project(texts)
    task = get_pooled(project.task_id)
    card, _ = catalog.suggest(project.task_id)
    examples = [Example(item, 0) for item in project.items(project.item_ids()[:2])]
    with shared_pool().use_network(card) as shared:
        model = shared.with_head(("a", "b"), torch.randn(2, shared.feature_width), torch.zeros(2))

    def material() -> Material:
        place = app_paths().cache / "lessons"
        return Material(model, ("a", "b"), How.BALANCED, "cpu", Control(), tuple(examples), place)

    def lesson() -> PooledLesson:
        found = PooledLesson(task, material())
        assert found.begin_keeping([found.prepare(examples[0])], 2)
        return found

    try:
        first = lesson()
        first.keep([first.prepare(examples[0])])
        again_ = lesson()
        assert not again_.lacks(examples[0]) and again_.lacks(examples[1])
        # What is lost, or never was there, is computed anew.
        plain = again_.check([again_.prepare(e) for e in examples])
        again_.use_kept()
        prepared = [again_.prepare(e) for e in examples]
        assert ["kept" in p for p in prepared] == [True, False]
        assert again_.check(prepared).losses == pytest.approx(plain.losses, abs=1e-5)
        changed = replace(examples[0], item=replace(examples[0].item, content_hash="0" * 64))
        assert lesson().lacks(changed)
        before = model.card
        model.card = replace(before, preparation=replace(before.preparation, max_tokens=64))
        assert lesson().lacks(examples[0])
        model.card = before
        weight = next(model.backbone.parameters())
        with torch.no_grad():
            weight += 1e-3
        model.weights_changed()
        assert lesson().lacks(examples[0])
        # And there is a bound.
        monkeypatch.setattr(kept_features, "MAX_BYTES", 1_000_000)
        found = PooledLesson(task, material())
        assert not found.begin_keeping([found.prepare(examples[0])], 1000) and found.lacks(examples[0])
        assert found.begin_keeping([found.prepare(examples[0])], 2)
        for _ in range(60):
            found.keep([found.prepare(e) for e in examples])
        assert sum(f.stat().st_size for f in kept_files()) <= 1_000_000
    finally:
        shared_pool().clear()


def test_an_engine_that_was_found_says_nothing_of_weights_that_learn(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.engine import quick
    from workbench.runtimes.fast_body import FastBody, Part, put_fast_body
    from workbench.runtimes.network import FEATURES, Network

    asked: list[int] = []
    learning = False

    def engine_of_run(_folder: Path, network: Network) -> str:
        def compute(batch: Any) -> dict[str, torch.Tensor]:
            assert not learning, "the engine knows the weights of before"
            asked.append(len(batch["pixels"]))
            return {FEATURES: network.in_layers(batch)}

        put_fast_body(network.body, FastBody(Part("onnx", compute), Part("onnx", compute)))
        return "exact"

    monkeypatch.setattr(quick, "engine_of_run", engine_of_run)
    project = make_project(digits_folder(("one", "two"), 6))
    for event in fit(run_of(project, catalog, How.THOROUGH), project, catalog):
        learning = learning or (isinstance(event, StageChanged) and event.text == "Learning")
    assert learning and asked


# Lengths ---------------------------------------------------------------------------------------------------------------


def items_of(lengths: list[int]) -> list[Item]:
    return [Item(n, "text", f"{n}", text="x" * length) for n, length in enumerate(lengths)]


def size_of(item: Item) -> float:
    return float(len(item.text or ""))


def drawn(items: list[Item], seed: int, size: int = 8) -> list[list[int]]:
    found = drawn_batches(items, size, torch.Generator().manual_seed(seed), size_of)
    return [[i.id for i in batch] for batch in found]


def test_batches_are_of_like_lengths_and_decided_by_the_seed_alone() -> None:
    rng = random.Random(1)
    items = items_of([rng.randint(1, 1000) for _ in range(403)])
    one, same, other = drawn(items, 5), drawn(items, 5), drawn(items, 6)
    assert one == same != other
    assert sorted(i for batch in one for i in batch) == list(range(403))
    assert sorted(map(len, one)) == [3, *[8] * 50]

    def filled(batches: list[list[int]]) -> float:
        """How many times the characters that are there are computed."""
        whole = sum(len(b) * max(size_of(items[i]) for i in b) for b in batches)
        return whole / sum(size_of(i) for i in items)

    order = [i for batch in one for i in batch]
    chance = torch.randperm(403, generator=torch.Generator().manual_seed(5)).tolist()
    plain = [chance[i : i + 8] for i in range(0, 403, 8)]
    assert filled(one) < 1.15 < 1.5 < filled(plain)
    # Neither the order of the batches nor who meets whom is by length alone.
    assert order != sorted(order, key=lambda i: size_of(items[i]))
    assert {frozenset(b) for b in one}.isdisjoint({frozenset(b) for b in other})
    assert [i.id for b in by_length(items, 8, size_of) for i in b] == sorted(
        range(403), key=lambda i: size_of(items[i])
    )


def test_items_of_one_length_come_as_they_always_did() -> None:
    items = items_of([7] * 50)
    chance = torch.randperm(50, generator=torch.Generator().manual_seed(3)).tolist()
    assert drawn(items, 3) == [chance[i : i + 8] for i in range(0, 50, 8)]


# Thorough, and memory ----------------------------------------------------------------------------------------------------


def test_thorough_on_texts_goes_on_bit_equal_and_sparing_memory_changes_nothing(
    texts: Path, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(texts)
    config = run_of(project, catalog, How.THOROUGH)
    whole = list(fit(config, project, catalog))
    assert not kept_files()  # everything learns
    one = weights_of(whole, catalog)
    # Gone on with too little memory for what is remembered on the way, as it is expected before.
    resumed = stopped_and_gone_on(
        again(config), project, catalog, 3, lambda: monkeypatch.setattr(finetune, "_short_of_memory", lambda _run: True)
    )
    assert [e.code for e in resumed if isinstance(e, Advice) and e.code.startswith("memory")] == ["memory-spared"]
    other = weights_of(resumed, catalog)
    assert all(one[name].equal(other[name]) for name in one)


class Cramped:
    """A lesson that has room for nothing until it spares memory."""

    clip_norm = 0.0

    def __init__(self, gains: bool) -> None:
        self.weight = torch.ones(1, requires_grad=True)
        self.gains, self.spared = gains, False

    def spare_memory(self) -> bool:
        self.spared, before = self.gains, self.spared
        return self.spared and not before

    def step(self, prepared: list[Any]) -> Step:
        if not self.spared:
            raise torch.OutOfMemoryError("out of memory")
        return Step((self.weight * torch.tensor([p["x"] for p in prepared])).mean())


def test_when_halving_does_no_more_memory_is_spared() -> None:
    def gradients(lesson: Cramped) -> list[str]:
        run: Any = SimpleNamespace(together=Together(), control=Control())
        optimiser = torch.optim.AdamW([lesson.weight])
        given: Any = lesson
        training = finetune.Training(
            run, given, optimiser, [1.0], 1, 4, Position(micro_batch=4), 0.0, 0.0, Waiting(run.control)
        )
        items: Any = [(None, {"x": float(n)}) for n in range(4)]
        return [a.code for a in finetune._gradients(training, items, 4.0)[1]]

    lesson = Cramped(gains=True)
    assert gradients(lesson) == ["memory-halved", "memory-halved", "memory-spared"]
    assert lesson.weight.grad is not None and float(lesson.weight.grad) == 1.5
    with pytest.raises(UserError, match="not enough memory"):
        gradients(Cramped(gains=False))


def test_by_the_estimate_memory_is_short_only_when_it_is(
    digits_folder: Digits, make_project: MakeProject, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workbench.engine.cost import expect
    from workbench.engine.run import prepare

    project = make_project(digits_folder(("one", "two"), 6))
    run = prepare(run_of(project, catalog, How.THOROUGH), project, catalog, Control())
    for free, short in ((0, False), (50_000_000, True), (50_000_000_000, False)):
        monkeypatch.setattr(expect, "free_memory", lambda _device, free=free: free)
        assert finetune._short_of_memory(run) is short


# Waiting -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slow", ["reading", "learning"])
def test_what_is_slow_decides_how_long_is_waited(slow: str) -> None:
    def prepare(example: Example, _seed: int | None) -> dict[str, Any]:
        time.sleep(0.2 if slow == "reading" else 0.0)
        return {"example": example}

    items = items_of([1] * 8)
    examples = {i.id: Example(i, 0) for i in items}
    run: Any = SimpleNamespace(config=SimpleNamespace(seed=0), examples=examples, device="cpu")
    lesson: Any = SimpleNamespace(prepare=prepare)
    waiting = Waiting(Control())
    waiting.begin_round()
    for _, prepared in read_batches(run, lesson, [items[i : i + 2] for i in range(0, 8, 2)], 1, True, waiting=waiting):
        assert len(prepared) == 2
        time.sleep(0.2 if slow == "learning" else 0.0)
    waiting.end_round()
    assert 0 <= waiting.of_round <= 1 and (waiting.of_round > 0.5) is (slow == "reading")


def test_more_read_beside_a_graphics_card(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, wanted in ((1, 2), (4, 3), (64, 8)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert readers_for("cuda") == wanted and readers_for("cpu") == 2


def test_pauses_are_no_waiting() -> None:
    control = Control()
    waiting = Waiting(control)
    assert waiting.share == waiting.of_round == -1 and waiting.sentence("cpu", "texts") == ""
    waiting.begin_round()
    waiting.waited(0.0)
    time.sleep(0.01)
    waiting.end_round()
    assert waiting.share == 0 and not waiting.much
    assert waiting.sentence("cuda", "texts").startswith("While it learnt, the graphics card waited 0% of the time")
    waiting.begin_round()
    waiting.waited(1e9)
    waiting.end_round()
    assert waiting.of_round == waiting.share == 1.0 and waiting.much
    assert waiting.advice("cpu", "pictures").endswith("it would take less time.")


def test_the_command_line_says_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from workbench.cli import training

    said: list[str] = []
    finished = Finished("run", "done", "model", 1, {}, 1.0)
    record = SimpleNamespace(metrics={"waited": "While it learnt, it waited."}, folder=tmp_path)
    project: Any = SimpleNamespace(run=lambda _id: record)
    nothing: Any = None
    monkeypatch.setattr(training, "fit", lambda *_: iter([finished]))
    monkeypatch.setattr(training, "note", said.append)
    assert training.watch(RunConfig("image-classification", "m"), project, nothing, resume=True) is finished
    assert said == ["While it learnt, it waited."]
