"""Painting in another style: tiles are the whole, sizes go from coarse to fine, strength goes from nothing to all."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models.vgg import make_layers

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.exporters.pictures import png_bytes
from workbench.data.types import Sample
from workbench.data.whole_picture import WholePicture, open_whole
from workbench.errors import Cancelled, UserError
from workbench.runtimes import style_runtime
from workbench.runtimes.base import Loaded
from workbench.runtimes.litert_style_runtime import OnePassStyle
from workbench.runtimes.style_runtime import NeuralStyle, sizes_of, tiles_of
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Picture
from workbench.tasks.registry import get_task

SAMPLES = resources() / "samples" / "try"
# VGG-19's own layers (torchvision, configuration E), a sixteenth as wide.
VGG = [n if n == "M" else int(n) // 16 for n in (64, 64, "M", 128, 128, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M")]  # fmt: skip


def card(**options: Any) -> ModelCard:
    return ModelCard("m", "M", ("style-transfer",), "style", "vgg19", Source("import", "/"), options=options)


def painter(steps: int = 20, batch_norm: bool = False) -> NeuralStyle:
    torch.manual_seed(0)
    features = make_layers(VGG, batch_norm=batch_norm)  # type: ignore[arg-type]
    for part in features.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
    return NeuralStyle(card(steps=steps), features.eval())


def photo(name: str, width: int, height: int) -> np.ndarray:
    picture = Image.open(SAMPLES / name).convert("RGB").resize((width, height))
    return np.ascontiguousarray(np.asarray(picture, np.float32).transpose(2, 0, 1) / 255)


# Neural style ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(140, 91), (64, 200), (97, 131), (700, 33), (1000, 641)])
def test_every_place_is_in_the_core_of_one_tile(height: int, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_runtime, "_PIECE", 2000)
    monkeypatch.setattr(style_runtime, "_TILE", 64)
    tiles = tiles_of(height, width)
    assert len(tiles) > 1
    for stride in (1, 2, 4, 8, 16):
        seen = torch.zeros(1, 1, height // stride, width // stride)
        for tile in tiles:
            top, left, bottom, right = tile.read
            assert top % 16 == 0 and left % 16 == 0 and bottom - top <= 64 + 63 + 2 * 64
            # A tile's own features have as many places as poolings leave.
            place = seen[:, :, top // stride : bottom // stride, left // stride : right // stride]
            tile.counting(place, stride).add_(1)
        assert bool((seen == 1).all()), stride


def test_painted_in_tiles_it_is_painted_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gradient of the tiles together is that of the whole picture, when the rim is as wide as a feature sees."""
    content, style = photo("china.jpg", 112, 64), photo("flower.jpg", 64, 64)
    model = painter()

    def gradient() -> tuple[float, torch.Tensor]:
        tiles = tiles_of(64, 112)
        kept = [model._content(style_runtime._cut(content, t), t) for t in tiles]
        wanted = model._grams(style)
        held = torch.from_numpy(content).clamp(0.01, 0.99).logit()[None].requires_grad_(True)
        noise = torch.rand(held.shape, generator=torch.Generator().manual_seed(1)) * 0.2
        picture = (held.detach().sigmoid() + noise).clamp(0, 1)
        loss = model._pass_back(held, picture, tiles, kept, sum(k.numel() for k in kept), wanted, 1e4)
        assert held.grad is not None
        return loss, held.grad

    whole_loss, whole = gradient()
    monkeypatch.setattr(style_runtime, "_PIECE", 1)
    monkeypatch.setattr(style_runtime, "_TILE", 32)
    monkeypatch.setattr(style_runtime, "_RIM", 96)
    assert len(tiles_of(64, 112)) == 6
    loss, tiled = gradient()
    assert loss == pytest.approx(whole_loss, rel=1e-4)
    assert torch.linalg.norm(tiled - whole) < 1e-3 * torch.linalg.norm(whole)
    # With the rim that is used nearly all of it is left.
    monkeypatch.setattr(style_runtime, "_RIM", 64)
    _, narrower = gradient()
    assert torch.linalg.norm(narrower - whole) < 0.05 * torch.linalg.norm(whole)


def test_sizes_double_up_to_the_pictures_own() -> None:
    assert sizes_of(200, 150, 150) == [(200, 150, 150)]
    sizes = sizes_of(1500, 2000, 150)
    assert [(h, w) for h, w, _ in sizes] == [(188, 250), (375, 500), (750, 1000), (1500, 2000)]
    steps = [s for *_, s in sizes]
    assert steps == sorted(steps, reverse=True) and abs(sum(steps) - 150) <= 3
    assert [(h, w) for h, w, _ in sizes_of(40, 900, 10)] == [(40, 900)]  # no side is made too small to be looked at
    assert all(s >= 1 for *_, s in sizes_of(4000, 4000, 1))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_the_loss_goes_down_at_every_size_and_strength_counts(
    batch_norm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(style_runtime, "_COARSEST", 64)
    content, style = photo("china.jpg", 120, 80), photo("flower.jpg", 90, 60)
    model = painter(24, batch_norm)
    previews: list[Any] = []
    far = {}
    for strength in (0.2, 1.0):
        made = model.stylise(content, style, strength, Control(), previews.append)
        assert made.shape == content.shape and made.min() >= 0 and made.max() <= 1
        first, second = model.losses[:15], model.losses[15:]
        assert len(second) == 9 and first[-1] < first[0] and second[-1] < second[0]
        far[strength] = float(np.abs(made - content).mean())
    assert far[0.2] < far[1.0] and previews[0].shape == (3, 40, 60)


def test_at_strength_nothing_it_is_the_picture() -> None:
    content = photo("china.jpg", 60, 40)
    np.testing.assert_array_equal(painter().stylise(content, content, 0.0, Control()), content)
    one_pass = OnePassStyle(card(), Numbers(), Leveller(64), 0)
    np.testing.assert_array_equal(one_pass.stylise(content, content, 0.0, Control()), content)
    faint = one_pass.stylise(content, photo("flower.jpg", 60, 40), 0.02, Control())
    assert np.abs(faint - content).mean() < 0.05


def test_too_large_and_too_small_are_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = np.zeros((3, 9, 200), np.float32)
    with pytest.raises(UserError, match="too small"):
        painter().stylise(tiny, tiny, 0.5, Control())
    monkeypatch.setattr(style_runtime, "_MOST_POINTS", 1000)
    with pytest.raises(UserError, match="too large"):
        painter().stylise(photo("china.jpg", 60, 40), tiny, 0.5, Control())


def test_it_stops_at_once_also_among_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(style_runtime, "_PIECE", 1)
    monkeypatch.setattr(style_runtime, "_TILE", 32)
    control, shown = Control(), []

    def preview(picture: Any) -> None:
        shown.append(picture)
        control.cancel()

    content = photo("china.jpg", 64, 64)
    model = painter(1000)
    with pytest.raises(Cancelled):
        model.stylise(content, content, 0.7, control, preview)
    assert len(shown) == 1 and len(model.losses) == 1


# One pass ------------------------------------------------------------------------------------------------------------------


class Numbers:
    """Writes a style down as a hundred numbers: its mean colour."""

    inputs = {"style_image": (1, 256, 256, 3)}  # noqa: RUF012
    outputs = ("bottleneck",)
    output_shapes: dict[str, tuple[int, ...]] = {}  # noqa: RUF012

    def __init__(self) -> None:
        self.asked = 0

    def run(self, given: Any) -> list[Any]:
        self.asked += 1
        return [np.resize(given["style_image"].mean((0, 1, 2)), 100).reshape(1, 1, 1, 100).astype(np.float32)]


class Leveller:
    """Levels what it is given, as instance normalisation does, and adds strokes: the worst for tiles."""

    outputs = ("picture",)
    output_shapes: dict[str, tuple[int, ...]] = {}  # noqa: RUF012

    def __init__(self, side: int) -> None:
        self.inputs = {"style": (1, 1, 1, 100), "content_image": (1, side, side, 3)}
        self.styles: list[Any] = []
        self.shapes: set[tuple[int, ...]] = set()

    def run(self, given: Any) -> list[Any]:
        picture, style = given["content_image"], given["style"]
        self.styles.append(style.copy())
        self.shapes.add(picture.shape)
        level = (picture - picture.mean((1, 2), keepdims=True)) / (picture.std((1, 2), keepdims=True) + 1e-3)
        return [0.5 + 0.15 * level + 0.05 * (style[..., :3] - 0.5)]


@pytest.mark.parametrize("side", [192, -1])
def test_a_large_picture_is_painted_in_tiles_by_one_style_and_without_seams(side: int) -> None:
    # From dark on the left to bright on the right: each tile alone would be levelled to the same grey.
    ramp = np.linspace(0.1, 0.9, 900, dtype=np.float32)
    content = np.broadcast_to(ramp, (3, 700, 900)) + 0.02 * photo("china.jpg", 900, 700)
    style = photo("flower.jpg", 90, 60)
    predict, transfer = Numbers(), Leveller(side)
    made = OnePassStyle(card(), predict, transfer, 0).stylise(
        np.ascontiguousarray(content, np.float32), style, 1.0, Control()
    )
    assert made.shape == (3, 700, 900) and predict.asked == 1 and len(transfer.styles) > 3
    assert all(np.array_equal(s, transfer.styles[0]) for s in transfer.styles)
    if side > 0:
        assert transfer.shapes == {(1, side, side, 3)}
    # As dark and bright as the whole painted at once, and no step anywhere.
    across = made.mean((0, 1))
    whole = Leveller(side).run({"content_image": content[None].transpose(0, 2, 3, 1), "style": transfer.styles[0]})[0]
    assert np.abs(across - whole[0].mean((0, 2))).max() < 0.05
    steps = np.abs(np.diff(made.mean(1), axis=1))
    assert steps.max() < 0.02


@pytest.mark.parametrize(("height", "width"), [(1, 1), (30, 40), (64, 65), (200, 20), (131, 257)])
@pytest.mark.parametrize("side", [64, -1])
def test_pictures_of_any_size_keep_it(height: int, width: int, side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.runtimes.litert_style_runtime._FADE", 8)
    monkeypatch.setattr("workbench.runtimes.litert_style_runtime._RIM", 4)
    monkeypatch.setattr("workbench.runtimes.litert_style_runtime._SIDE", 64)
    content = np.random.default_rng(0).random((3, height, width), dtype=np.float32)
    transfer = Leveller(side)
    made = OnePassStyle(card(), Numbers(), transfer, 0).stylise(content, content, 0.8, Control())
    assert made.shape == content.shape and np.isfinite(made).all() and made.min() >= 0 and made.max() <= 1
    assert all(shape[1] % 8 == 0 and shape[2] % 8 == 0 and max(shape[1:3]) <= 64 for shape in transfer.shapes)


def test_one_pass_shows_the_whole_first_and_stops() -> None:
    content = photo("china.jpg", 400, 300)
    shown: list[Any] = []
    control = Control()

    def preview(picture: Any) -> None:
        shown.append(picture)
        control.cancel()

    with pytest.raises(Cancelled):
        OnePassStyle(card(), Numbers(), Leveller(128), 0).stylise(content, content, 0.7, control, preview)
    assert shown[0].shape == (3, 96, 128)


# The task --------------------------------------------------------------------------------------------------------------------


class Inverter(Loaded):
    """Paints at once; shows a preview first and waits until it was taken."""

    def __init__(self) -> None:
        super().__init__(card())
        self.given: tuple[int, ...] = ()
        self.style: tuple[int, ...] = ()

    def stylise(
        self, content: Any, style: Any, strength: float, control: Control, preview: Callable[[Any], None] | None = None
    ) -> Any:
        self.given, self.style = content.shape, style.shape
        return 1 - content


def paint(source: bytes, model: Loaded, **values: Any) -> Iterator[Picture]:
    task = get_task("style-transfer")
    prepared = task.prepare(Sample("picture", "p", data=source), model)
    values = {"style": str(SAMPLES / "flower.jpg"), **values}
    return task.predict_stream(prepared, model, TryOptions(values=values), Control())  # type: ignore[return-value]


def test_the_result_has_the_size_that_was_asked_for_and_keeps_alpha_and_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (150, 300, 4)).astype(np.uint16)
    values[..., 3] = np.maximum(values[..., 3], 1)  # nothing wholly clear, whose colour would be filled in
    source = png_bytes(WholePicture(values[..., :3].copy(), values[..., 3].copy()))
    model = Inverter()
    (own,) = list(paint(source, model, result="own", size=128))
    found = open_whole(own.png)
    assert model.given == (3, 150, 300) and (own.bits, found.bits) == (16, 16) and found.alpha is not None
    assert np.abs(found.pixels.astype(int) - (65535 - values[..., :3].astype(int))).max() <= 1
    np.testing.assert_array_equal(found.alpha, values[..., 3])
    (small,) = list(paint(source, model, size=128))
    assert model.given == (3, 64, 128) and (small.width, small.height) == (128, 64)
    (never_larger,) = list(paint(source, model, size=2048))
    assert (never_larger.width, never_larger.height) == (300, 150)
    grey = io.BytesIO()
    Image.new("L", (40, 30), 60).save(grey, "PNG")
    (coloured,) = list(paint(grey.getvalue(), model))
    assert open_whole(coloured.png).pixels.tolist()[0][0] == [195, 195, 195]
    monkeypatch.setattr("workbench.tasks.style_transfer._MOST_POINTS", 1000)
    with pytest.raises(UserError, match="own size"):
        list(paint(source, model, result="own"))


def test_only_the_newest_preview_is_shown(tmp_path: Path) -> None:
    taken = threading.Event()

    class Busy(Inverter):
        def stylise(self, content: Any, style: Any, strength: float, control: Control, preview: Any = None) -> Any:
            preview(np.full_like(content, 0.1))
            taken.wait(60)
            for grey in (0.3, 0.5, 0.7):
                preview(np.full_like(content, grey))
            seen.wait(60)
            return content

    seen = threading.Event()
    shades = []
    for picture in paint(png_bytes(WholePicture(np.zeros((20, 30, 3), np.uint8))), Busy()):
        shades.append(round(float(open_whole(picture.png).pixels.mean()) / 255, 1))
        if len(shades) == 1:
            taken.set()
            threading.Event().wait(0.2)  # a slow window: three more come meanwhile
        else:
            seen.set()
    assert shades == [0.1, 0.7, 0.0]
