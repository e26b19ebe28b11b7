"""Pictures of every kind on the canvas, and the plain numbers of zoom, pan and snapping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.media import open_picture
from workbench.data.shapes import BoxShape
from workbench.errors import Cancelled, UserError
from workbench.gui.editors.picture.pixels import read_picture
from workbench.gui.editors.picture.snapping import Edges
from workbench.gui.editors.picture.view import View

SIZE = (90, 60)


def save(folder: Path, kind: str) -> Path:
    """A picture as file of a kind: formats, modes, orientations."""
    ramp = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    ramp[..., 0] = np.linspace(0, 255, SIZE[0])
    ramp[..., 1] = np.linspace(0, 255, SIZE[1])[:, None]
    ramp[:20, :30] = (250, 10, 10)
    picture = Image.fromarray(ramp)
    path = folder / f"{kind}.{kind.split('-')[0]}"
    if kind == "png-alpha":
        picture.putalpha(Image.fromarray(np.linspace(0, 255, SIZE[0], dtype=np.uint8)[None].repeat(SIZE[1], 0)))
    elif kind == "png-grey":
        picture = picture.convert("L")
    elif kind == "png-palette":
        picture = picture.convert("P")
    elif kind == "png-deep":
        picture = Image.fromarray(ramp[..., 0].astype(np.uint16) * 257)
    elif kind == "jpg-cmyk":
        picture = picture.convert("CMYK")
    if kind == "jpg-turned":
        exif = Image.Exif()
        exif[274] = 6
        picture.save(path, quality=95, exif=exif)
    else:
        picture.save(path, **({"quality": 95} if kind.startswith("jpg") else {}))
    return path


@pytest.mark.parametrize(
    "kind",
    ["png-plain", "png-alpha", "png-grey", "png-palette", "png-deep", "jpg-plain", "jpg-turned", "jpg-cmyk", "bmp-plain",
     "tif-plain", "gif-plain", "webp-plain"],
)  # fmt: skip
def test_the_canvas_shows_what_models_are_given(kind: str, tmp_path: Path, qapp: QApplication) -> None:
    """Decoded here and by `open_picture`, a picture has the same size and the same colours."""
    path = save(tmp_path, kind)
    wanted = open_picture(path)
    found = read_picture(path, Control())
    assert (found.width, found.height) == wanted.size
    view = View()
    view.set_room(found.width, found.height)
    view.set_picture(found.width, found.height)
    view.scale, view.x, view.y = 1.0, 0.0, 0.0
    drawn = QImage(QSize(found.width, found.height), QImage.Format.Format_RGB32)
    drawn.fill(0xFFFFFFFF)
    painter = QPainter(drawn)
    found.draw(painter, view, QRectF(0, 0, found.width, found.height))
    painter.end()
    pixels = np.frombuffer(drawn.constBits(), np.uint8).reshape(found.height, found.width, 4)[..., 2::-1]
    assert np.abs(pixels.astype(int) - np.asarray(wanted).astype(int)).mean() < 2.0


def test_large_pictures_are_held_in_halves_and_can_be_stopped(tmp_path: Path, qapp: QApplication) -> None:
    pixels = np.zeros((2000, 4000, 3), np.uint8)
    pixels[::2, ::2] = 255  # a quarter of the points: their mean is what a smaller size must show
    path = tmp_path / "large.png"
    Image.fromarray(pixels).save(path, compress_level=1)
    found = read_picture(path, Control())
    assert [level.width() for level in found.levels] == [4000, 2000, 1000]
    for level in found.levels[1:]:
        values = np.frombuffer(level.constBits(), np.uint8)[::4]
        assert abs(int(np.median(values)) - 64) <= 2 and values.std() < 4
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        read_picture(path, control)
    (tmp_path / "broken.png").write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError):
        read_picture(tmp_path / "broken.png", Control())


FINITE = st.floats(-500, 900)


@given(
    st.floats(1, 5000), st.floats(1, 5000), st.lists(st.tuples(st.floats(0.2, 5), FINITE, FINITE), max_size=6),
    st.floats(50, 2000), st.floats(50, 2000),
)  # fmt: skip
def test_zooming_keeps_the_place_and_the_picture(
    width: float, height: float, steps: list[tuple[float, float, float]], across: float, down: float
) -> None:
    view = View()
    view.set_room(across, down)
    view.set_picture(width, height)
    assert QRectF(-1, -1, across + 2, down + 2).contains(view.frame()) or min(across, down) < 60
    for factor, x, y in steps:
        view.zoom(view.scale * factor, QPointF(x, y))
        view.pan(x, y)
        assert view.frame().intersects(QRectF(-1, -1, across + 2, down + 2)), "the picture is never lost"
        at = view.to_picture(view.to_screen(QPointF(3.5, 7.25)))
        assert abs(at.x() - 3.5) < 1e-6 and abs(at.y() - 7.25) < 1e-6
    view.fit()
    view.set_room(across * 2, down * 2)
    assert view.fitted and abs(view.frame().center().x() - across) < 1e-6


@given(st.lists(st.tuples(st.integers(0, 180), st.integers(0, 130)), max_size=8), st.floats(0, 200), st.floats(0.1, 9))
def test_the_nearest_edge_catches(corners: list[tuple[int, int]], x: float, reach: float) -> None:
    others = [Annotation(BoxShape(a, b, a + 20, b + 20)) for a, b in corners]
    lines = {0.0, 200.0, *(float(a) for a, _ in corners), *(float(a + 20) for a, _ in corners)}
    shift, line = Edges(200, 150, others).snap_x((x,), reach)
    nearest = min(abs(edge - x) for edge in lines)
    if nearest <= reach:
        assert line in lines and abs(abs(shift) - nearest) < 1e-9 and abs(x + shift - line) < 1e-9
    else:
        assert (shift, line) == (0.0, None)
