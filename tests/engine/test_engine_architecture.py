"""How networks are built, told truthfully: names, shapes, weights, and what each way of training changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from workbench.catalog.catalog import Catalog
from workbench.engine.architecture import Layer, architecture, of_module
from workbench.engine.events import How
from workbench.engine.finetune import trained_stages
from workbench.errors import UserError
from workbench.hub.store import files
from workbench.runtimes.registry import open_network


def all_of(layer: Layer) -> Iterator[Layer]:
    yield layer
    for part in layer.parts:
        yield from all_of(part)


def part(layer: Layer, path: str) -> Layer:
    for name in path.split("."):
        layer = next(p for p in layer.parts if p.name == name)
    return layer


def test_resnet_before_its_download() -> None:
    tree = architecture(Catalog.load().get("resnet50"))
    assert tree.parameters == 25_557_032
    head = part(tree, "head")
    assert (head.is_head, head.kind, head.parameters, head.shape) == (True, "Linear", 2048 * 1000 + 1000, (1000,))
    assert head.trained_by == ("Quick", "Balanced", "Thorough")
    assert sum(layer.is_head for layer in all_of(tree)) == 1
    # The known shapes of the paper's table 1.
    backbone = part(tree, "backbone")
    assert [part(backbone, f"layer{n}").shape for n in (1, 2, 3, 4)] == [
        (256, 56, 56), (512, 28, 28), (1024, 14, 14), (2048, 7, 7),
    ]  # fmt: skip
    assert part(backbone, "conv1").shape == (64, 112, 112) and part(backbone, "conv1").words
    assert part(backbone, "layer1").trained_by == ("Thorough",)
    assert "Balanced" in part(backbone, "layer4").trained_by
    assert any("5 x Bottleneck" in p.name for p in part(backbone, "layer3").parts)
    assert "<- head" in "\n".join(tree.lines())


@pytest.mark.parametrize("model_id", ["picture-starter", "text-starter"])
@pytest.mark.parametrize("how", [How.QUICK, How.BALANCED, How.THOROUGH])
def test_what_is_said_to_be_trained_is_what_the_training_trains(model_id: str, how: How) -> None:
    card = Catalog.load().get(model_id)
    network = open_network(card, files(card))
    tree = architecture(card, network)
    if network.head is None:
        network.set_head(["a", "b"])
    network.module.requires_grad_(False)
    for stage in trained_stages(network.stages(), how):
        for parameter in stage:
            parameter.requires_grad_(True)
    wanted = sum(p.numel() for p in network.backbone.parameters() if p.requires_grad)
    name = {How.QUICK: "Quick", How.BALANCED: "Balanced", How.THOROUGH: "Thorough"}[how]

    def weights(layer: Layer) -> int:
        """Of the deepest parts said to be changed."""
        if name not in layer.trained_by:
            return 0
        inside = [p for p in layer.parts if name in p.trained_by]
        if not inside:
            return layer.parameters
        count = int(layer.name.split(" x ")[0]) if " x " in layer.name else 1
        own = layer.parameters - count * sum(p.parameters for p in layer.parts)
        return own + count * sum(weights(p) for p in inside)

    assert weights(part(tree, "backbone")) == pytest.approx(wanted, rel=0.02)
    assert name in part(tree, "head").trained_by


def test_the_tree_before_the_download_is_the_tree_of_the_model() -> None:
    card = Catalog.load().get("picture-starter")
    assert architecture(card) == architecture(card, open_network(card, files(card)))


@pytest.mark.parametrize(
    "model_id",
    ["alexnet", "googlenet", "regnet-y-400mf", "vit-b-16", "fasterrcnn-resnet50-fpn", "fcn-resnet50", "bert-base-ner",
     "t5-small", "distilgpt2", "whisper-tiny", "distilbert-sst2", "all-minilm-l12-v2", "segformer-b0", "brain-unet"],
)  # fmt: skip
def test_cards_that_were_never_downloaded(model_id: str) -> None:
    card = Catalog.load().get(model_id)
    tree = architecture(card)
    # Weights that only served the first training are taken off.
    assert 0.5 * card.parameters < tree.parameters <= card.parameters * 1.01
    assert len(tree.parts) >= 1 and len(list(tree.lines())) < 500
    if card.trainable_for and card.runtime != "transformers_writer":  # add-ons everywhere, no head of its own
        assert sum(layer.is_head for layer in all_of(tree)) == 1


def test_a_model_without_a_head_says_that_one_will_be_made() -> None:
    tree = architecture(Catalog.load().get("all-minilm-l12-v2"))
    assert tree.parts[-1].is_head and "when you train" in tree.parts[-1].words


def test_any_torch_network_and_alike_parts_are_one_line() -> None:
    blocks = [torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()) for _ in range(6)]
    tree = of_module(torch.nn.Sequential(*blocks, torch.nn.Linear(4, 2)), "mine")
    assert [p.name for p in tree.parts] == ["6 x Sequential", "6"]
    assert tree.parts[0].parameters == 6 * 20 and tree.parameters == 6 * 20 + 10


def test_what_cannot_be_seen_is_a_sentence() -> None:
    catalog = Catalog.load()
    with pytest.raises(UserError, match="provider"):
        architecture(catalog.get("hosted-openai"))
    with pytest.raises(UserError, match="once it is on this computer"):
        architecture(catalog.get("yolov3"))
    with pytest.raises(UserError, match="not made of layers"):
        architecture(catalog.get("reading-starter"))
