"""Attribution against captum on the same networks, and what must hold for any network."""

from __future__ import annotations

import captum.attr
import pytest
import timm
import torch
import torchvision
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from workbench.control import Control
from workbench.engine.explain.attribution import STEPS, grad_cam, integrated_gradients
from workbench.errors import Cancelled


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 16, 3, stride=2),
        nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 5),
    ).eval()  # fmt: skip


@pytest.mark.parametrize("target", [0, 3])
def test_integrated_gradients_are_captum_s(target: int) -> None:
    network, pixels = small(), torch.randn(1, 3, 32, 32)
    judged = captum.attr.IntegratedGradients(network).attribute(pixels, target=target, n_steps=STEPS)
    ours = integrated_gradients(lambda x: network(x)[:, target], pixels[0], torch.zeros(3, 32, 32), Control())
    torch.testing.assert_close(ours, judged[0].float(), rtol=1e-4, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_they_add_up_to_the_difference(seed: int) -> None:
    """Completeness (Sundararajan et al. 2017, proposition 1), for a smooth network."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 1))
    point, baseline = torch.randn(6), torch.randn(6)
    found = integrated_gradients(lambda x: network(x)[:, 0], point, baseline, Control())
    torch.testing.assert_close(found.sum(), (network(point) - network(baseline))[0].detach(), rtol=1e-3, atol=1e-4)


def test_it_stops_when_asked() -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        integrated_gradients(lambda x: x.sum(1), torch.ones(3), torch.zeros(3), control)


def test_grad_cam_is_captum_s() -> None:
    torch.manual_seed(0)
    network, pixels = torchvision.models.resnet18(weights=None).eval(), torch.randn(1, 3, 96, 96)
    judged = captum.attr.LayerGradCam(network, network.layer4).attribute(pixels, target=7, relu_attributions=True)
    ours = grad_cam(network, lambda: network(pixels)[:, 7], network.layer4)
    assert ours is not None
    torch.testing.assert_close(ours, judged[:, 0], rtol=1e-4, atol=1e-7)
    found = grad_cam(network, lambda: network(pixels)[:, 7])
    assert found is not None
    torch.testing.assert_close(found, ours)


NETWORKS = {
    "a plain one": (small, 32, 7),
    "efficientnet-lite0": (lambda: timm.create_model("tf_efficientnet_lite0", pretrained=False), 96, 3),
    "densenet121": (lambda: torchvision.models.densenet121(weights=None), 96, 3),
    "vgg11": (lambda: torchvision.models.vgg11(weights=None), 64, 7),
    "convnext": (lambda: timm.create_model("convnext_atto", pretrained=False), 96, 3),
    "vit with a class token": (
        lambda: timm.create_model("vit_tiny_patch16_224", pretrained=False, img_size=64, depth=2), 64, 4,
    ),
    "deit with two tokens": (
        lambda: timm.create_model("deit_tiny_distilled_patch16_224", pretrained=False, img_size=64, depth=2), 64, 4,
    ),
    "swin": (lambda: torchvision.models.swin_t(weights=None), 64, 2),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_every_family_has_a_map_that_the_answer_depends_on(name: str) -> None:
    make, side, places = NETWORKS[name]
    torch.manual_seed(1)
    network, pixels = make().eval(), torch.randn(1, 3, side, side)
    found = grad_cam(network, lambda: network(pixels)[:, 1])
    assert found is not None and found.shape == (1, places, places)
    assert torch.isfinite(found).all() and found.max() > 0


def test_a_network_of_transformers_has_one_too() -> None:
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, image_size=64, num_labels=4
    )
    torch.manual_seed(0)
    network, pixels = transformers.ViTForImageClassification(config).eval(), torch.randn(1, 3, 64, 64)
    found = grad_cam(network, lambda: network(pixel_values=pixels).logits[:, 2])
    assert found is not None and found.shape == (1, 4, 4) and found.max() > 0


def test_without_places_there_is_no_map() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Linear(4, 2))
    assert grad_cam(network, lambda: network(torch.ones(1, 3, 2, 2))[:, 0]) is None


def test_hooks_are_gone_afterwards() -> None:
    network, pixels = small(), torch.randn(1, 3, 32, 32)
    before = network(pixels)
    grad_cam(network, lambda: network(pixels)[:, 0])
    assert not any(part._forward_hooks for part in network.modules())
    assert torch.equal(network(pixels), before)
