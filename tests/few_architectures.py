"""timm with a few of its architectures."""

from __future__ import annotations

import re

import pytest


def only_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building all of timm's architectures takes half a minute, and says of the search what a few of them say: families that are
    alike and others, members that fit and others, two that only a person can tell apart."""
    import timm

    usual = timm.list_models
    few = re.compile("(tf_)?efficientnet_(lite0|lite1|b0)$|mobilenetv3_small_050|resnet18$|vit_tiny_patch16_224$")
    monkeypatch.setattr("timm.list_modules", lambda: ["efficientnet", "mobilenetv3", "resnet", "vision_transformer"])
    monkeypatch.setattr("timm.list_models", lambda **more: [n for n in usual(**more) if few.match(n)])
    monkeypatch.setattr("workbench.runtimes.signatures._torchvision", lambda: ("resnet18", "mobilenet_v3_small"))
