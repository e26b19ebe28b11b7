"""The quickest engine per model: held against the layers, remembered, swapped in, switched off; and wrong ones are not taken."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.events import EpochDone, How
from workbench.engine.features import FeatureCache, compute_features
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import ModelPool, restore
from workbench.engine.predict import collect_samples, predict
from workbench.engine.speed import background, remembered, settings
from workbench.engine.speed.agreement import agreement, made_up, stacked
from workbench.engine.speed.background import Searcher, do_job
from workbench.engine.speed.candidates import InOnnx, InTorch, candidate, digest
from workbench.engine.speed.measuring import in_turns, spread
from workbench.engine.speed.of_run import engine_of_run
from workbench.engine.speed.remembered import Choice, Row, Way
from workbench.engine.speed.search import search, thread_counts
from workbench.engine.speed.settings import SpeedSettings
from workbench.engine.speed.standing import attach, attached, best_batch, detach, rest
from workbench.engine.speed.words import known_about, sentence
from workbench.errors import Cancelled, UserError
from workbench.hub.store import files
from workbench.runtimes.fast_body import Compute, Core, FastBody, Outputs, Part, engines, fast_body, put_fast_body
from workbench.runtimes.network import Network
from workbench.runtimes.registry import open_network
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_pooled, get_task

PICTURES = get_task("image-classification")
Batch = Mapping[str, torch.Tensor]


class Wrong(InTorch):
    """Answers something else, and very quickly."""

    kind, title, own_weights = "wrong", "A planted wrong engine", False

    def __init__(self, spoil: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.spoil = spoil

    def open(self, core: Core, file: Path | None, threads: int) -> Compute:
        right = super().open(core, file, threads)

        def compute(batch: Batch) -> Outputs | None:
            found = right(batch)
            return None if found is None else {name: self.spoil(value) for name, value in found.items()}

        return compute


class Failing(InOnnx):
    """Cannot be exported."""

    kind, title = "failing", "A planted failing export"

    def prepare(self, core: Core, examples: Sequence[Batch], folder: Path, key: str) -> Path | None:
        raise RuntimeError("aten::strange is not supported\nand much more")


def measure_briefly(patch: pytest.MonkeyPatch) -> None:
    """One thread, small batches, a moment each."""
    patch.setattr("workbench.engine.speed.search._SECONDS_ONE", 0.1)
    patch.setattr("workbench.engine.speed.search._SECONDS_MANY", 0.1)
    patch.setattr("workbench.engine.speed.search._BATCHES", (1, 2))
    patch.setattr("workbench.engine.speed.search._USUAL_BATCH", 2)
    patch.setattr("workbench.engine.speed.measuring._MOST_ROUNDS", 3)
    patch.setattr("workbench.engine.speed.remembered.cores", lambda: 1)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    measure_briefly(monkeypatch)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The picture starter, exported once; tests copy it."""
    folder = tmp_path_factory.mktemp("made")
    network = starter(Catalog.load())
    file = InOnnx().prepare(network.core(), items(network, 2), folder, remembered.key_of(network, network.core()))
    assert file is not None
    return file


@pytest.fixture
def found(made: Path) -> Choice:
    """ONNX Runtime is what was found quickest for the picture starter."""
    place = remembered.folder()
    place.mkdir(parents=True)
    shutil.copy(made, place / made.name)
    onnx = Way("onnx", 1)
    row = Row(onnx, "", (3.0, 2.8, 3.2), (3.0, 2.8, 3.2), 0.01, 0.01, 4, 4, 4)
    choice = Choice(onnx, onnx, 4, (row,), {made.name: digest(made)}, ("picture-starter",), "2026-11-25")
    remembered.remember(made.name.split("-")[0], choice)
    return choice


def small(seed: int = 0) -> Network:
    """A network of three layers that takes pictures of 32 points and knows five classes."""
    from torch import nn

    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
    card = ModelCard(
        "small", "Small", ("image-classification",), "timm", "small", Source("folder", ""),
        label_names=tuple("abcde"), preparation=Preparation(size=32),
    )  # fmt: skip
    network = Network(card, card.label_names, layers, lambda body, b: body(b["pixels"]), nn.Linear(32, 5), 32)
    network.evaluating()
    return network


def noise(count: int) -> list[Batch]:
    generator = torch.Generator().manual_seed(1)
    return [{"pixels": torch.randn(1, 3, 32, 32, generator=generator)} for _ in range(count)]


def starter(catalog: Catalog) -> Network:
    card = catalog.get("picture-starter")
    return open_network(card, files(card))


def items(network: Network, count: int) -> list[Batch]:
    task = get_pooled("image-classification")
    samples = collect_samples([resources() / "samples"], task)[:count]
    return [dict(task.collate([task.prepare(s, network)], network)) for s in samples]


def digits(count: int) -> list[Sample]:
    return collect_samples([resources() / "samples" / "digits"], PICTURES)[:count]


def scores_of(prediction: object) -> dict[str, float]:
    assert isinstance(prediction, Scores)
    return {s.name: s.value for s in prediction.top}


def test_onnx_runtime_gives_the_layers_answers_on_real_pictures(catalog: Catalog, made: Path) -> None:
    network = starter(catalog)
    examples = items(network, 5)
    core = network.core()
    with torch.inference_mode():
        reference = [core.layers(b) for b in examples]
    for threads in (1, 2):
        seen = agreement(network, core, reference, InOnnx().open(core, made, threads), examples)
        assert seen.samples == seen.same == 5 and seen.score <= 1e-3 and seen.number <= 1e-4
        assert seen.holds()


def test_a_search_tries_checks_and_measures_every_way(brief: None) -> None:
    network = small()
    choice = search(network, noise(3))
    assert {row.way.kind for row in choice.rows} == {"torch", "onnx"}
    for row in choice.rows:
        assert row.reason or (row.samples == 3 and row.seconds > 0 and row.one[1] <= row.one[0] <= row.one[2])
    assert not any(row.reason for row in choice.rows)
    assert remembered.recall(remembered.key_of(network, network.core())) == choice
    kept = {f.name for f in remembered.folder().glob("*.onnx")}
    assert kept == set(choice.files) and not list(remembered.folder().glob("*.part"))
    # The same layers under another head are the same engine; other layers are another.
    other = network.with_head(("x", "y"), torch.zeros(2, 32), torch.zeros(2))
    assert remembered.key_of(other, other.core()) == remembered.key_of(network, network.core())
    assert remembered.key_of(small(1), small(1).core()) != remembered.key_of(network, network.core())


def test_wrong_engines_are_not_taken(brief: None) -> None:
    network, examples = small(), noise(3)
    spoilers: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
        "other answers": lambda f: f.roll(1, 1),
        "a little off": lambda f: f * 1.01,
        "no numbers": lambda f: f * float("nan"),
        "another shape": lambda f: f[:, :-1],
        "the items mixed up": lambda f: f.flip(0),
        "always the first item's": lambda f: f[:1].expand(len(f), -1),
    }
    for name, spoil in spoilers.items():
        choice = search(network, examples, candidates=(InTorch(), Wrong(spoil)))
        row = next(r for r in choice.rows if r.way.kind == "wrong")
        assert row.reason, name
        assert choice.one.kind == choice.many.kind == "torch", name


def test_an_export_that_fails_is_noted_once_with_its_reason(brief: None, caplog: pytest.LogCaptureFixture) -> None:
    network = small()
    with caplog.at_level(logging.INFO):
        choice = search(network, noise(1), candidates=(InTorch(), Failing()))
    assert "aten::strange is not supported" in next(r.reason for r in choice.rows if r.way.kind == "failing")
    assert choice.one.kind == "torch" and not choice.files
    assert "aten::strange" in caplog.text
    assert sentence(choice).endswith("nothing else was quicker on this computer.")
    attach(network)
    assert bool(torch.isfinite(network.features(noise(1)[0])).all())


def test_what_was_found_is_remembered_for_this_machine_only(found: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    key = next(iter(remembered.all_choices()))
    assert remembered.recall(key) == found
    assert remembered.recall_by_card("picture-starter") == found
    words, tip = known_about(Catalog.load().get("picture-starter"))
    assert words.startswith("Runs with: ") and "ONNX Runtime" in tip
    for name, other in (
        ("processor_name", lambda: "another"),
        ("cores", lambda: 99),
        ("_version", lambda _package: "9"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(remembered, name, other)
            assert remembered.recall(key) is None and remembered.all_choices() == {}
    assert remembered.recall(key) == found


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"x": 1}', "null", "truncated", "other kinds"])
def test_a_damaged_record_is_begun_anew(found: Choice, damage: str) -> None:
    file = remembered.folder() / remembered.FILE
    key = next(iter(remembered.all_choices()))
    text = file.read_text("utf-8")
    if damage == "truncated":
        damage = text[: len(text) // 2]
    elif damage == "other kinds":
        entry = json.loads(text)
        entry[remembered.machine()][key] = {"one": 3}
        damage = json.dumps(entry)
    file.write_text(damage, "utf-8")
    assert remembered.recall(key) is None
    assert remembered.recall_by_card("picture-starter") is None
    remembered.remember(key, found)
    assert remembered.recall(key) == found


def test_a_damaged_engine_is_not_taken_and_forgotten(catalog: Catalog, found: Choice) -> None:
    file = next(remembered.folder().glob("*.onnx"))
    whole = file.read_bytes()
    network = starter(catalog)
    file.write_bytes(whole[:-1000])
    assert attach(network) is None and fast_body(network.body) is None
    assert remembered.all_choices() == {} and not file.exists()
    # Also when whoever changed it has changed the record: its answers are held against the layers each time.
    other = open_network(catalog.get("picture-starter"), files(catalog.get("picture-starter")))
    with torch.no_grad():
        for parameter in other.body.parameters():
            parameter.mul_(1.05)
    key = remembered.key_of(network, network.core())
    made = InOnnx().prepare(other.core(), items(network, 2), remembered.folder(), key)
    assert made is not None
    remembered.remember(key, replace(found, files={made.name: digest(made)}))
    assert attach(network) is None and not made.exists()


def test_answers_stay_while_the_engine_is_swapped_in_the_midst_of_a_folder(catalog: Catalog, found: Choice) -> None:
    card, samples = catalog.get("picture-starter"), digits(24)
    settings.save(SpeedSettings(on=False))
    plain = [r.prediction for r in predict(samples, card, PICTURES, pool=ModelPool())]
    pool = ModelPool()
    swapped = []
    for result in predict(samples, card, PICTURES, pool=pool):
        swapped.append(result)
        if result.index == 6:
            settings.save(SpeedSettings(on=True))
            network = pool.networks()[0]
            assert fast_body(network.body) is None
            attach(network, restore(network))
    body = fast_body(pool.networks()[0].body)
    assert body is not None and body.one.kind == "onnx" and body.asleep
    assert [r.index for r in swapped] == list(range(24))
    for before, after in zip(plain, swapped, strict=True):
        first, second = scores_of(before), scores_of(after.prediction)
        assert max(first, key=first.__getitem__) == max(second, key=second.__getitem__)
        assert all(abs(second[name] - value) <= 1e-3 for name, value in first.items() if name in second)


def test_a_remembered_engine_is_used_when_the_model_is_opened_again(catalog: Catalog, found: Choice) -> None:
    pool = ModelPool()
    with pool.use_network(catalog.get("picture-starter")) as network:
        body = attached(network)
        assert body is not None and body.many.kind == "onnx" and best_batch(network) == 4
    settings.save(SpeedSettings(on=False))
    with ModelPool().use_network(catalog.get("picture-starter")) as network:
        assert attached(network) is None and best_batch(network) == 16


def test_models_on_one_backbone_share_its_engine(catalog: Catalog, found: Choice) -> None:
    network = starter(catalog)
    own = network.with_head(("a", "b"), torch.ones(2, network.feature_width), torch.zeros(2))
    own.card = replace(network.card, id="mine", label_names=("a", "b"))
    assert known_about(own.card) == ("", "")
    assert attach(own) is not None
    assert known_about(own.card)[0].startswith("Runs with: ONNX Runtime, 3.0× faster")
    assert known_about(network.card)[0] == known_about(own.card)[0]


def test_weights_rest_while_the_engine_does_without_them(catalog: Catalog, found: Choice) -> None:
    network = starter(catalog)
    batch = items(network, 1)[0]
    with torch.inference_mode():
        reference = network.features(batch)
    before = network.memory_bytes()
    kept = {name: value.clone() for name, value in network.backbone_state().items()}
    attach(network, restore(network))
    assert network.memory_bytes() > 1.5 * before
    rest(network)
    assert network.memory_bytes() < 1.2 * before
    with torch.inference_mode():
        again = network.features(batch)
    assert torch.allclose(again, reference, rtol=1e-3, atol=1e-3)
    # Whoever needs the layers has them: gradients, state, a head of another's.
    pixels = batch["pixels"].clone().requires_grad_(True)
    network.features({"pixels": pixels}).sum().backward()  # type: ignore[no-untyped-call]
    assert pixels.grad is not None and float(pixels.grad.abs().sum()) > 0
    state = network.backbone_state()
    assert state.keys() == kept.keys() and all(torch.equal(state[name], value) for name, value in kept.items())
    with torch.inference_mode():
        assert torch.equal(network.alone_in_layers(batch), reference)
    rest(network)
    other = network.with_head(("a", "b"), torch.zeros(2, network.feature_width), torch.zeros(2))
    rest(network)  # another holds the backbone now: it stays
    assert all(p.numel() for p in other.body.parameters())
    detach(network)
    with torch.inference_mode():
        assert torch.equal(network.features(batch), reference)


def test_a_copy_with_other_weights_computes_by_itself(catalog: Catalog, found: Choice) -> None:
    from copy import copy

    from workbench.engine.explain.sanity import shuffled

    network = starter(catalog)
    attach(network)
    other = copy(network)
    other._module = shuffled(network.module)
    batch = items(network, 1)[0]
    with torch.inference_mode():
        assert not torch.allclose(other.features(batch), network.features(batch), rtol=0.1)
    network.load_state({name: value * 0 for name, value in network.state().items()})
    assert fast_body(network.body) is None


def test_what_does_not_fit_an_engine_is_left_to_the_layers(catalog: Catalog, found: Choice) -> None:
    network = starter(catalog)
    attach(network)
    with torch.inference_mode():
        large = torch.zeros(1, 3, 256, 256)
        assert network.features({"pixels": large}).shape == (1, network.feature_width)


def test_the_search_can_be_stopped(brief: None) -> None:
    control = Control()
    control._on_progress = lambda _fraction, text: control.cancel() if text.startswith("Measuring single") else None
    with pytest.raises(Cancelled):
        search(small(), noise(1), control, candidates=(InTorch(),))
    assert remembered.all_choices() == {}


def test_too_little_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("M", (), {"available": 50_000_000})())
    with pytest.raises(UserError, match="too little memory"):
        search(small(), noise(1))


def test_the_background_looks_once_and_swaps(catalog: Catalog, found: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered.remember(next(iter(remembered.all_choices())), None)
    asked: list[int] = []

    def apart(card: ModelCard, given: Sequence[Batch], control: Control, paths: object) -> None:
        asked.append(len(given))
        remembered.remember(remembered.key_of(network, network.core()), found)

    monkeypatch.setattr(background, "look_apart", apart)
    searcher = Searcher()
    monkeypatch.setattr("workbench.engine.predict.shared_searcher", lambda: searcher)
    card, pool = catalog.get("picture-starter"), ModelPool()
    list(predict(digits(3), card, PICTURES, pool=pool))
    network = pool.networks()[0]
    assert not asked  # nobody has started it
    searcher.start()
    first = next(predict(digits(1), card, PICTURES, pool=pool))
    assert first.prediction is not None
    list(predict(digits(30), card, PICTURES, pool=pool))
    searcher.wait(60)
    assert asked == [12] and fast_body(network.body) is not None
    list(predict(digits(20), card, PICTURES, pool=pool))
    assert asked == [12]
    searcher.stop()


def test_the_background_stops_at_once(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def apart(card: ModelCard, given: Sequence[Batch], control: Control, paths: object) -> None:
        while True:
            control.check()
            time.sleep(0.01)

    monkeypatch.setattr(background, "look_apart", apart)
    searcher = Searcher()
    searcher.start()
    network = starter(catalog)
    batches = items(network, 3)
    for number, batch in enumerate(batches):
        assert not searcher.busy  # too few to tell by
        with searcher.looking_on(network), torch.inference_mode():
            network.features(batch)
        searcher.consider(network, over=True)
        assert searcher.busy == (number == 2)
    searcher.stop()
    assert not searcher.busy and fast_body(network.body) is None


def test_a_process_of_its_own_finds_it(catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the process does, in this one: card and items go through files."""
    seen: list[Sequence[Batch]] = []
    monkeypatch.setattr(background, "search", lambda model, given: seen.append(given))
    monkeypatch.setattr("os.nice", lambda _by: 0)

    def child(arguments: Sequence[str], _control: object, **_more: object) -> int:
        assert list(arguments[:-1]) == ["models", "speed", "--job"]
        do_job(Path(arguments[-1]))
        return 0

    monkeypatch.setattr(background, "run_child", child)
    network = starter(catalog)
    given = noise(3)
    background.look_apart(network.card, given)
    assert len(seen[0]) == 3
    assert all(torch.equal(a["pixels"], b["pixels"]) for a, b in zip(seen[0], given, strict=True))
    assert not list(remembered.folder().glob("job-*"))


def test_features_are_reused_whatever_engine_made_them(
    catalog: Catalog, found: Choice, digits_folder: Callable[..., Path], make_project: Callable[[Path], Project]
) -> None:
    project = make_project(digits_folder(("one", "two"), 6))
    wanted = project.items(project.item_ids())
    task, network = get_pooled("image-classification"), starter(catalog)
    cache = FeatureCache(app_paths().cache / "features")
    by_layers = compute_features(wanted[:8], network, task, cache=cache)
    attach(network)
    again = compute_features(wanted, network, task, cache=cache)
    assert by_layers.computed == 8 and again.computed == len(wanted) - 8
    assert torch.equal(again.matrix[:8], by_layers.matrix)
    fresh = compute_features(wanted, network, task)
    with engines("torch"):
        layers = compute_features(wanted, network, task)
    scale = float(layers.matrix.abs().max())
    assert float((fresh.matrix - layers.matrix).abs().max()) <= 1e-4 * scale
    assert not torch.equal(fresh.matrix, layers.matrix)  # another engine did make them


def test_quick_decides_the_same_with_another_engine(
    catalog: Catalog, found: Choice, digits_folder: Callable[..., Path], make_project: Callable[[Path], Project]
) -> None:
    project = make_project(digits_folder(("one", "two", "three"), 10))
    card = catalog.get("picture-starter")
    said: dict[str, list[tuple[int, str, tuple[float, ...]]]] = {}
    bests: dict[str, list[int]] = {}
    for name, on in (("torch", False), ("onnx", True), ("onnx again", True)):
        settings.save(SpeedSettings(on=on))
        monkey = pytest.MonkeyPatch()
        pool = ModelPool()
        monkey.setattr("workbench.engine.quick.shared_pool", lambda pool=pool: pool)
        config = new_config(project, card, How.QUICK)
        events = list(fit(config, project, catalog))
        monkey.undo()
        bests[name] = [e.epoch for e in events if isinstance(e, EpochDone) and e.is_best]
        folder = project.runs_folder / config.run_id
        assert json.loads((folder / "features.json").read_text("utf-8"))["engine"] == name.split()[0]
        said[name] = [(p.item_id, p.predicted_class, p.scores) for p in project.predictions(config.run_id)]
        shutil.rmtree(app_paths().cache / "features")
    assert said["onnx"] == said["onnx again"]
    assert bests["torch"] == bests["onnx"]
    for (one, first, scores), (two, second, others) in zip(said["torch"], said["onnx"], strict=True):
        assert (one, first) == (two, second)
        # The fit stops after so many steps and makes more of a millionth's difference, but decides nothing else.
        assert all(abs(a - b) <= 0.02 for a, b in zip(scores, others, strict=True))


def test_a_run_keeps_the_engine_it_began_with(catalog: Catalog, found: Choice, tmp_path: Path) -> None:
    network = starter(catalog)
    assert engine_of_run(tmp_path / "a", network) == "torch"
    attach(network)
    assert engine_of_run(tmp_path / "a", network) == "torch"  # begun before
    assert engine_of_run(tmp_path / "b", network) == "exact"
    detach(network)
    assert engine_of_run(tmp_path / "b", network) == "torch"  # what made them is not there now
    (tmp_path / "b" / "features.json").write_text("{", "utf-8")
    assert engine_of_run(tmp_path / "b", network) == "torch"


def test_texts_of_any_length_give_the_same_meanings(catalog: Catalog) -> None:
    card = catalog.get("text-starter")
    network = open_network(card, files(card))
    task = get_pooled("text-classification")
    texts = ("Yes.", "Where can I park my car?", "It was late, and the box was open. " * 9)
    batches = [dict(task.collate([task.prepare(Sample("text", text=t), network)], network)) for t in texts]
    way, core = InOnnx(), network.core()
    folder = remembered.folder()
    folder.mkdir(parents=True)
    compute = way.open(core, way.prepare(core, batches, folder, "k"), 1)
    with torch.inference_mode():
        reference = [core.layers(b) for b in batches]
    seen = agreement(network, core, reference, compute, batches)
    assert seen.holds() and seen.number < 1e-4
    assert stacked(batches)["input_ids"].shape[0] == 3
    for item in made_up(core):
        assert item["input_ids"].shape == item["attention_mask"].shape


def test_sounds_are_heard_the_same(catalog: Catalog, made: Path) -> None:
    """The sound starter looks at its spectrograms by the picture starter's network; windows are joined outside the engine."""
    card = catalog.get("sound-starter")
    network = open_network(card, files(card))
    pictures = InOnnx().open(starter(catalog).core(), made, 1)
    recordings = [[torch.randn(3, 224, 224) for _ in range(n)] for n in (1, 3)]
    batch = network.together(recordings)  # type: ignore[attr-defined]
    with torch.inference_mode():
        wanted = network.features(batch)
        calls: list[int] = []

        def counted(given: Batch) -> Outputs | None:
            calls.append(len(given["windows"]))
            return pictures({"pixels": given["windows"]})

        put_fast_body(network.body, FastBody(Part("onnx", counted), Part("onnx", counted)))
        got = network.features(batch)
    assert calls == [4] and got.shape == wanted.shape
    assert float((got - wanted).abs().max()) <= 1e-3 * float(wanted.abs().max())


def test_rounds_in_turns_are_compared_with_the_first() -> None:
    clock = iter(range(10_000))
    found = in_turns({"slow": lambda: time.sleep(0.004), "quick": lambda: next(clock)}, 0.05, Control())
    assert found["slow"].ratio == (1.0, 1.0, 1.0)
    assert found["quick"].ratio[0] > 3
    assert spread([2.0, 4.0, 6.0], [1.0, 1.0, 1.0]) == (4.0, 3.0, 5.0)
    assert thread_counts(1) == [1] and thread_counts(2) == [1, 2] and thread_counts(6) == [1, 2, 4, 6]


def test_what_was_found_in_plain_words() -> None:
    row = Row(Way("onnx", 2), one=(3.14, 2.9, 3.3), seconds=0.01, samples=12, same=12)
    choice = Choice(row.way, row.way, 4, (row,))
    assert sentence(choice) == (
        "Runs with: ONNX Runtime, 3.1× faster than before; answers the same (checked on 12 samples)."
    )
    assert candidate("onnx") is not None and candidate("nothing") is None


def test_the_settings_survive_damage() -> None:
    assert settings.load() == SpeedSettings()
    settings.save(SpeedSettings(on=False))
    assert settings.load() == SpeedSettings(on=False)
    (app_paths().settings / "speed.json").write_text("[", "utf-8")
    assert settings.load() == SpeedSettings()
