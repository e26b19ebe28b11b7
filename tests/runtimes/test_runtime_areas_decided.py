"""What is made of a segmenter's logits: the classes of the picture's points, and how certain they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.errors import UserError
from workbench.runtimes import pictures

SIZES = [
    ((7, 9), (50, 41)), ((40, 30), (13, 57)), ((52, 52), (43, 43)), ((24, 31), (24, 64)), ((24, 31), (48, 31)),
    ((20, 30), (20, 30)), ((1, 1), (5, 6)),
]  # fmt: skip


def exactly(logits: torch.Tensor, size: tuple[int, int]) -> Any:
    """Logits [C, h, w] in another size, as the formula says (bilinear, pixel centres on pixel centres), float64."""
    values: Any = logits.double().numpy()
    for axis, after in ((1, size[0]), (2, size[1])):
        before = values.shape[axis]
        place = ((np.arange(after) + 0.5) * before / after - 0.5).clip(0, before - 1)
        first = np.floor(place).astype(int)
        share = (place - first).reshape([-1 if a == axis else 1 for a in range(3)])
        values = values.take(first, axis) * (1 - share) + values.take(np.minimum(first + 1, before - 1), axis) * share
    return values


def apart(values: Any) -> Any:
    """By how much the likeliest class of each point is ahead of the next."""
    two = np.sort(values, 0)[-2:]
    return two[1] - two[0]


@pytest.mark.parametrize(("inner", "size"), SIZES)
@pytest.mark.parametrize("kinds", [2, 3, 21, 256])
def test_every_point_has_its_likeliest_class(
    inner: tuple[int, int], size: tuple[int, int], kinds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = torch.randn(kinds, *inner, generator=torch.Generator().manual_seed(kinds))
    values = exactly(logits, size)
    found = pictures.to_classes(logits, size)
    assert found.dtype == np.uint8 and found.shape == size
    # Where two are as likely to six digits, rounding decides.
    assert apart(values)[found != values.argmax(0)].max(initial=0) < 1e-6 * float(logits.abs().max())
    # As torch does it on a card (its places have fewer digits).
    before = pictures._to_classes_in_torch(logits, size)
    assert apart(values)[found != before].max(initial=0) < 1e-4
    # In bands as at once.
    monkeypatch.setattr(pictures, "_BAND_POINTS", 3 * size[1])
    assert (pictures.to_classes(logits, size) == found).all()
    monkeypatch.setattr(pictures, "_BAND_VALUES", 3 * size[1] * kinds)
    assert (pictures._to_classes_in_torch(logits, size) == before).all()


def test_of_classes_that_are_as_likely_the_first_counts() -> None:
    logits = torch.zeros(4, 6, 8)
    logits[2:, :3] = 1.0
    found = pictures.to_classes(logits, (6, 8))
    assert (found[:3] == 2).all() and (found[3:] == 0).all()


def test_logits_of_any_kind_are_taken() -> None:
    logits = torch.randn(5, 9, 7, generator=torch.Generator().manual_seed(1)).bfloat16()
    wanted = pictures.to_classes(logits.float(), (18, 21))
    assert (pictures.to_classes(logits, (18, 21)) == wanted).all()
    learnt = logits.float().requires_grad_()
    turned = learnt.permute(0, 2, 1).contiguous().permute(0, 2, 1)
    assert (pictures.to_classes(turned, (18, 21)) == wanted).all()
    assert pictures.certainties(turned) == pytest.approx(pictures.certainties(logits.float()), abs=1e-12)


def test_more_classes_than_fit_into_a_byte_are_refused() -> None:
    with pytest.raises(UserError, match="256 kinds"):
        pictures.to_classes(torch.zeros(257, 2, 2), (2, 2))


@pytest.mark.parametrize("kinds", [2, 21])
def test_how_certain_the_points_of_each_class_are(kinds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = 4 * torch.randn(kinds, 33, 47, generator=torch.Generator().manual_seed(kinds))
    logits[1] = -100.0  # nowhere
    chance = torch.softmax(logits.double(), 0).numpy()
    kind = chance.argmax(0)
    wanted = [float(chance.max(0)[kind == n].mean()) if (kind == n).any() else 0.0 for n in range(kinds)]
    found = pictures.certainties(logits)
    assert found == pytest.approx(wanted, abs=1e-6) and found[1] == 0.0
    # As torch does it on a card (summed up with fewer digits).
    assert pictures._certainties_in_torch(logits) == pytest.approx(wanted, abs=1e-4)
    monkeypatch.setattr(pictures, "_BAND_POINTS", 100)
    assert pictures.certainties(logits) == pytest.approx(found, abs=1e-9)


def test_a_segmenter_answers_with_both() -> None:
    from workbench.runtimes.torchvision_segmentation_runtime import TorchvisionSegmenter, make

    card = ModelCard(
        "m", "M", ("semantic-segmentation",), "torchvision_segmentation", "lraspp_mobilenet_v3_large",
        Source("import", "/"), preparation=Preparation(size=64),
    )  # fmt: skip
    torch.manual_seed(0)
    model = TorchvisionSegmenter(card, make(card.arch, 3), ("background", "cat", "dog"))
    picture = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    with torch.inference_mode():
        logits = model.logits(model.seen(picture)[None])[0]
    (found, sure), *_ = model.segment_surely([picture])
    assert (found == pictures.to_classes(logits, (90, 70))).all()
    assert sure == pytest.approx(pictures.certainties(logits), abs=1e-6) and max(sure) <= 1.0
