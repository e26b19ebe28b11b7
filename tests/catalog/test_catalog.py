"""The catalogue: every card in plain words, findable, and openable by its architecture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.catalog.fit import runs_here
from workbench.catalog.reader import read_cards
from workbench.errors import UserError
from workbench.hub.store import is_present
from workbench.runtimes.network import stage_parameters
from workbench.tasks.registry import all_tasks

CARDS = Catalog.load().cards()


@pytest.mark.parametrize("card", CARDS, ids=lambda c: c.id)
def test_a_card_is_the_same_after_a_round_trip(card: ModelCard) -> None:
    assert ModelCard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_ids_are_unique_and_both_starters_are_there() -> None:
    assert len({c.id for c in CARDS}) == len(CARDS) >= 50
    starters = {
        "picture-starter", "sound-starter", "text-starter", "finding-starter", "area-starter", "reading-starter",
        "dictation-starter", "enlarge-starter", "enlarge-starter-x4",
            "exponential-smoothing", "last-season",
    }  # fmt: skip
    assert {c.id for c in CARDS if c.starter} == starters
    catalog = Catalog.load()
    for task in all_tasks():
        if not task.info.taught_only:
            card, why = catalog.suggest(task.info.id)
            assert task.info.id in card.tasks and why and not card.is_remote
        else:
            assert task.info.trainable
            with pytest.raises(UserError, match="Teach one your own labels"):
                catalog.suggest(task.info.id)
        if task.info.trainable:
            card, why = catalog.suggest(task.info.id, to_teach=True)
            assert task.info.id in card.trainable_for and why and not card.is_remote
    # What a person labels can be taught without internet.
    for task_id in (
        "image-classification", "text-classification", "sound-classification", "object-detection",
        "semantic-segmentation", "token-classification", "text-tags", "image-tags", "sound-tags",
        "sound-events",
    ):  # fmt: skip
        assert catalog.suggest(task_id, to_teach=True)[0].starter


def test_a_starter_that_can_do_nothing_yet_is_suggested_for_teaching_only() -> None:
    catalog = Catalog.load()
    assert catalog.suggest("semantic-segmentation", to_teach=True)[0].id == "area-starter"
    assert "semantic-segmentation" in catalog.suggest("semantic-segmentation")[0].tasks


@pytest.mark.parametrize("card", [c for c in CARDS if c.runtime == "torchvision"], ids=lambda c: c.id)
def test_every_torchvision_network_splits_into_backbone_and_head(card: ModelCard) -> None:
    import torch

    from workbench.runtimes.torchvision_runtime import build

    # Without memory for the weights where the architecture can be made so.
    with torch.device("cpu" if card.arch.startswith("regnet") else "meta"):
        network = build(card, Path())
        network.set_head([])
    total = sum(p.numel() for p in network.backbone.parameters())
    stages = stage_parameters(network.backbone)
    assert sum(p.numel() for stage in stages for p in stage) == total
    assert len({id(p) for stage in stages for p in stage}) == sum(map(len, stages))
    assert len(stages) >= 4
    head = network.feature_width * 1000 + 1000
    helpers = {"googlenet", "inception_v3"}  # their files hold the heads of their first training too
    if card.arch not in helpers:
        assert total + head == card.parameters


@pytest.mark.parametrize("arch", ["resnet18", "mobilenet_v3_small", "squeezed"])
def test_backbone_and_head_together_are_the_whole_network(arch: str) -> None:
    import torch
    from torchvision import models

    from workbench.runtimes.network import split_last_linear

    if arch == "squeezed":
        assert split_last_linear(torch.nn.Conv2d(3, 3, 1), 10) is None
        return
    torch.manual_seed(0)
    whole = models.get_model(arch, weights=None).eval()
    pixels = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        wanted = whole(pixels)
        head = split_last_linear(whole, 1000)
        assert head is not None
        assert torch.allclose(head(whole(pixels)), wanted, atol=1e-6)


def test_searching() -> None:
    catalog = Catalog.load()
    assert {c.id for c in catalog.search("resnet 50")} >= {"resnet50"}
    assert all(c.starter or c.is_remote for c in catalog.search(present=is_present))
    assert all(c.source.size <= 20_000_000 for c in catalog.search(max_bytes=20_000_000))
    assert {c.licence for c in catalog.search(licence="MIT")} == {"MIT"}
    german = {c.id for c in catalog.search(language="de")}
    assert "multilingual-stars" in german and "xlm-roberta-base" in german and "roberta-base" not in german
    assert catalog.search("no such model at all") == []


def test_a_wrong_name_suggests_near_ones() -> None:
    with pytest.raises(UserError, match="resnet50"):
        Catalog.load().get("resnet-50")


def test_own_models_are_found_where_they_lie_and_damaged_ones_are_told(workbench_home: Path) -> None:
    own = app_paths().models / "mine"
    own.mkdir(parents=True)
    card = replace(
        CARDS[0], id="mine", source=replace(CARDS[0].source, kind="folder", ref="/somewhere/else"), starter=False
    )
    (own / "card.json").write_text(json.dumps(card.to_json()))
    broken = app_paths().models / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{")
    catalog = Catalog.load()
    assert [c.id for c in catalog.own()] == ["mine"]
    assert catalog.get("mine").source.ref == str(own)
    assert [p.where for p in catalog.problems()] == ["broken"]
    renamed = catalog.rename_own("mine", "My finest")
    assert renamed.name == "My finest" and catalog.get("my finest").id == "mine"
    with pytest.raises(UserError, match="not one of your own"):
        catalog.remove_own("picture-starter")


@pytest.mark.parametrize(
    ("text", "message"),
    [("not toml [", "cannot be read"), ('[[model]]\nid="x"\nname="X"\nruntime="r"\nsource={kind="url", ref="r"}', "lacks “tasks”"),
     ('[[model]]\nid="x"\nname="X"\ntasks=["a"]\nruntime="r"\narch="a"\nsource={kind="magic"}', "not known")],
)  # fmt: skip
def test_a_wrong_card_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(UserError, match=message):
        read_cards(tmp_path / "a.toml")


def test_fit_compares_with_this_computer() -> None:
    card = Catalog.load().get("vgg19")
    assert not runs_here(card, 1_000_000_000).ok
    assert runs_here(card, 64_000_000_000).sentence == "Runs well on this computer."
