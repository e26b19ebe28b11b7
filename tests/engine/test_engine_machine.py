"""The speed of this computer, and what a card's cost is said to be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from own_time import Watch

from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.catalog.fit import Speeds, expected_seconds, needed_memory, operations, runs_here, unit_of
from workbench.control import Control
from workbench.engine.machine import known, known_or_measured, measure
from workbench.errors import Cancelled

LAPTOP = Speeds("cpu", "a laptop", 100e9, 100e9, 15e9)
MUCH = 64_000_000_000


def test_measured_once_and_kept_for_this_torch_and_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known() is None
    watch = Watch()
    found = measure()
    assert watch.seconds < 15
    assert 1e8 < found.convolution < 1e15 and 1e8 < found.matmul < 1e15 and 1e7 < found.bandwidth < 1e14
    assert known() == found and known("cuda") is None
    monkeypatch.setattr("workbench.engine.machine.measure", lambda *_: pytest.fail("measured again"))
    assert known_or_measured() == found
    monkeypatch.setattr("workbench.engine.machine.processor_name", lambda: "another one")
    assert known() is None


def test_a_stopped_measurement_keeps_nothing_and_a_damaged_file_is_none() -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        measure(control=control)
    assert known() is None
    app_paths().cache.mkdir(parents=True, exist_ok=True)
    for text in ("{", "[]", '{"cpu": 3}'):
        (app_paths().cache / "machine.json").write_text(text, encoding="utf-8")
        assert known() is None
    measure()
    assert known() is not None


def test_every_card_has_a_cost_in_words() -> None:
    for card in Catalog.load().cards():
        fit = runs_here(card, MUCH, LAPTOP)
        if card.is_remote:
            assert fit.ok and "another computer" in fit.sentence
            continue
        assert fit.memory_bytes == needed_memory(card) > 50_000_000, card.id
        assert fit.cost.startswith("About ") and fit.cost.endswith(" of memory."), card.id
        assert fit.seconds >= 0 and (not fit.seconds or f"per {fit.unit}" in fit.cost), card.id
        if card.parameters and card.main_task not in ("style-transfer",):
            assert 0.0005 < fit.seconds < 2000, (card.id, fit.seconds)


def test_the_order_of_costs_is_the_order_of_the_models() -> None:
    cards = {c.id: c for c in Catalog.load().cards()}

    def seconds(model_id: str) -> float:
        return expected_seconds(cards[model_id], LAPTOP)

    assert seconds("resnet18") < seconds("resnet50") < seconds("resnet152")
    assert seconds("whisper-tiny") < seconds("whisper-small") < seconds("whisper-large-v3")
    assert seconds("smollm2-135m") < seconds("qwen3-1.7b")
    # A quicker computer is quicker; one that only calculates faster does not write words faster.
    fast = replace(LAPTOP, convolution=1e12, matmul=1e12)
    assert expected_seconds(cards["resnet50"], fast) < seconds("resnet50") / 3
    assert expected_seconds(cards["smollm2-135m"], fast) == pytest.approx(seconds("smollm2-135m"))


def test_levels_and_sentences() -> None:
    card = Catalog.load().get("vgg19")
    small = runs_here(card, 500_000_000)
    assert (small.ok, small.level) == (False, "too large") and "this computer has 0.5 GB" in small.sentence
    tight = runs_here(card, round(needed_memory(card) * 1.5))
    assert (tight.ok, tight.level) == (True, "slow here") and "takes about" in tight.sentence
    assert runs_here(card, MUCH).sentence == "Runs well on this computer." and runs_here(card, MUCH).seconds == 0
    slow = runs_here(card, MUCH, replace(LAPTOP, convolution=1e9))
    assert slow.level == "slow here" and "slowly" in slow.sentence and "per picture" in slow.sentence
    assert runs_here(card, MUCH, LAPTOP).level == "runs well"


def test_a_card_may_say_its_operations_and_precision_counts() -> None:
    card = replace(Catalog.load().get("resnet50"), options={"gflops": 4.1}, minimum_memory=0)
    assert operations(card) == pytest.approx(8.2e9)
    assert needed_memory(replace(card, dtype="float16")) < needed_memory(card)
    assert unit_of(card) == "picture"


def test_operations_are_those_torch_counts_and_guesses_come_near() -> None:
    """Against torch's own counter on the real architecture; guessed: within a factor of two for the usual families."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision import models

    for model_id in ("resnet18", "resnet50", "vgg16", "vit-b-16"):
        with torch.device("meta"):
            network, pixels = models.get_model(model_id.replace("-", "_")).eval(), torch.zeros(1, 3, 224, 224)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(pixels)
        card = Catalog.load().get(model_id)
        assert operations(card) == pytest.approx(counter.get_total_flops(), rel=0.01)
        guess = operations(replace(card, id="not-counted")) / counter.get_total_flops()
        assert 0.5 < guess < 2, (model_id, guess)


def test_the_counted_operations_belong_to_the_catalogue() -> None:
    """A card that goes takes its count along; most pictures and texts are counted."""
    import json

    from workbench.app_paths import resources

    counted = json.loads((resources() / "catalog" / "operations.json").read_text(encoding="utf-8"))
    cards = {c.id: c for c in Catalog.load().cards()}
    assert set(counted) <= set(cards)
    pictures = [c for c in cards.values() if c.tasks[:1] == ("image-classification",) and not c.is_own]
    assert all(c.id in counted for c in pictures)
