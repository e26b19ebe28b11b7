"""Cutting a network where it begins to learn: the two pieces give what the whole gives."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.hub.store import files
from workbench.runtimes import timm_runtime, torchvision_runtime
from workbench.runtimes.frozen import FrozenPart
from workbench.runtimes.network import Network
from workbench.runtimes.recomputed import Recomputed
from workbench.runtimes.registry import open_network
from workbench.tasks.lesson import How
from workbench.tasks.pooled_lesson import trained_stages


def built(runtime: str, arch: str) -> Network:
    card = ModelCard("x", "x", ("image-classification",), runtime, arch, Source("folder", "x"), label_names=("a",))
    torch.manual_seed(0)
    kind = timm_runtime if runtime == "timm" else torchvision_runtime
    network = kind.build(card, None)  # type: ignore[arg-type]
    network.set_head(("a", "b"))
    network.evaluating()
    return network


def learning(network: Network) -> list[nn.Parameter]:
    """Set what learns in Balanced."""
    network.module.requires_grad_(False)
    found = [p for stage in trained_stages(network.stages(), How.BALANCED) for p in stage]
    for parameter in found:
        parameter.requires_grad_(True)
    return found


@pytest.mark.parametrize(
    ("runtime", "arch"),
    [("timm", "tf_efficientnet_lite0"), ("timm", "vit_tiny_patch16_224"), ("timm", "convnext_atto"),
     ("torchvision", "resnet18"), ("torchvision", "mobilenet_v3_small"), ("torchvision", "densenet121")],
)  # fmt: skip
def test_both_pieces_give_what_the_whole_gives(runtime: str, arch: str) -> None:
    network = built(runtime, arch)
    part = network.frozen_part(learning(network))
    batch = {"pixels": torch.randn(2, 3, 224, 224)}
    network.backbone.train()
    statistics = {k: v.clone() for k, v in network.backbone.named_buffers()}
    assert part.found(batch)
    front = part.front(batch)
    # Nothing was dropped out and no statistics were learnt on the way; the modes are as they were.
    assert all(v.equal(statistics[k]) for k, v in network.backbone.named_buffers())
    assert all(unit.training for unit in network.backbone.modules())
    assert not front.requires_grad and front.shape[0] == 2
    network.backbone.eval()
    gradients = []
    for features in (network.in_layers(batch), part.back(front, part.stand_in(batch))):
        network.module.zero_grad()
        features.square().mean().backward()
        gradients.append([p.grad.clone() for p in network.module.parameters() if p.grad is not None])
        assert torch.allclose(features, network.in_layers(batch), atol=1e-5, rtol=1e-4)
    assert len(gradients[0]) == len(gradients[1]) > 0
    assert all(torch.allclose(a, b, atol=1e-6, rtol=1e-3) for a, b in zip(*gradients, strict=True))
    # Nothing of it is left on the layers, and another number of items fits.
    assert not any("forward" in unit.__dict__ for unit in network.backbone.modules())
    assert part.back(front[:1], {"pixels": batch["pixels"][:1]}).shape == (1, network.feature_width)


def test_texts_of_different_lengths(catalog: Catalog) -> None:
    card = catalog.get("text-starter")
    network = open_network(card, files(card))
    part = network.frozen_part(learning(network))
    given = dict(
        network.tokenizer(["Short.", "A longer text, with some more words in it."], padding=True, return_tensors="pt")
    )
    network.evaluating()
    assert part.found(given)
    front = part.front(given)
    front[0, int(given["attention_mask"][0].sum()) :] = 0.0  # what is only filled up counts for nothing
    assert torch.allclose(part.back(front, given), network.in_layers(given), atol=1e-5)


class Reaching(nn.Module):
    """Its first layer is seen once more by the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(4, 4) for _ in range(8))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        first = self.parts[0](given)
        found = first
        for part in self.parts[1:]:
            found = part(found)
        return found + first


class Twice(nn.Module):
    """Uses the same layers twice."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleList(nn.Linear(4, 4) for _ in range(8))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        for part in (*self.parts, *self.parts):
            given = part(given)
        return given


@pytest.mark.parametrize("net", [Reaching(), Twice()])
def test_what_reaches_past_the_cut_is_not_cut(net: nn.Module) -> None:
    part = FrozenPart(net, lambda body, batch: body(batch["pixels"]), list(net.parts[-2:].parameters()))  # type: ignore[index,union-attr]
    assert not part.found({"pixels": torch.randn(3, 4)})
    nothing = FrozenPart(net, lambda body, batch: body(batch["pixels"]), list(net.parameters()))
    assert not nothing.parts and not nothing.found({"pixels": torch.randn(3, 4)})


def test_computed_twice_is_the_same_to_the_last_bit_and_remembers_less() -> None:
    network = built("torchvision", "mobilenet_v3_small")
    network.module.train()
    for part in network.module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
    pixels = {"pixels": torch.randn(2, 3, 64, 64)}

    def learn() -> tuple[list[torch.Tensor], int]:
        network.module.zero_grad()
        torch.manual_seed(1)
        held: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: held.append(t.numel()) or t, lambda t: t):
            loss = network.in_layers(pixels).square().mean()
        loss.backward()
        return [p.grad.clone() for p in network.backbone.parameters() if p.grad is not None], sum(held)

    plain, much = learn()
    spared = Recomputed(network.backbone)
    assert spared.parts > 3
    twice, little = learn()
    assert len(plain) == len(twice) and all(a.equal(b) for a, b in zip(plain, twice, strict=True))
    assert little < much / 3
    spared.undo()
    assert not any("forward" in unit.__dict__ for unit in network.backbone.modules())
