"""How quickly a picture network's weights may move when it learns further is told by what it is made of."""

from __future__ import annotations

import pytest
import timm
import torch

from workbench.catalog.catalog import Catalog
from workbench.hub.store import files
from workbench.runtimes import timm_runtime
from workbench.runtimes.registry import open_network


@pytest.mark.parametrize(
    ("arch", "rate"),
    [
        ("tf_efficientnet_lite0", 3e-4),
        ("mobilenetv3_small_050", 3e-4),
        ("resnet18", 1e-4),
        ("convnext_atto", 1e-4),  # depthwise, too, but with layer norms
        ("vit_tiny_patch16_224", 1e-4),
    ],
)
def test_light_networks_learn_with_larger_steps(arch: str, rate: float) -> None:
    with torch.device("meta"):
        model = timm.create_model(arch, pretrained=False, num_classes=0)
    assert timm_runtime.learning_rate(model) == rate


def test_the_starter_and_what_was_taught_on_it_learn_alike(catalog: Catalog) -> None:
    card = catalog.get("picture-starter")
    starter = open_network(card, files(card))
    assert starter.learning_rate == timm_runtime.build(card, files(card).path.parent).learning_rate == 3e-4


def test_nothing_is_dropped_and_no_statistics_are_learnt_while_the_starter_is_taught(catalog: Catalog) -> None:
    """What it says in training mode is what it says in evaluation: only varied pictures make a difference."""
    from workbench.tasks.pooled_lesson import keep_statistics

    card = catalog.get("picture-starter")
    starter = open_network(card, files(card))
    batch = {"pixels": torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))}
    before = {name: value.clone() for name, value in starter.backbone.state_dict().items()}
    with torch.no_grad():
        starter.evaluating()
        judged = starter.in_layers(batch)
        keep_statistics(starter.module)
        assert starter.module.training
        assert torch.allclose(starter.in_layers(batch), judged, rtol=1e-4, atol=1e-4)
    after = starter.backbone.state_dict()
    assert all(after[name].equal(before[name]) for name in before)
