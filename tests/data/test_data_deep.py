"""Greys deeper than a screen shows, out of PNG and TIFF files."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workbench.data.deep import deep, window_from
from workbench.data.media import open_picture, read_picture
from workbench.data.thumbnails import ThumbnailCache
from workbench.data.types import Sample
from workbench.data.whole_picture import open_whole
from workbench.errors import UserError


def tiff(picture: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "TIFF", **options)
    return stream.getvalue()


def by_opencv(values: np.ndarray, kind: str = ".tiff") -> bytes:
    done, data = cv2.imencode(kind, values)
    assert done
    return bytes(data)


def with_tags(source: bytes, values: dict[int, int]) -> bytes:
    """Another value for tags that are in a little-endian TIFF file."""
    data = bytearray(source)
    at = int.from_bytes(data[4:8], "little")
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(data[at : at + 2], "little"), 12):
        tag = int.from_bytes(data[entry : entry + 2], "little")
        if tag in values:
            data[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, values[tag])
    return bytes(data)


def greys(data: bytes, **options: object) -> np.ndarray:
    return np.asarray(open_picture(data, **options))[..., 0].astype(int)  # type: ignore[arg-type]


RAMP = np.linspace(0, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)


@pytest.mark.parametrize("kind", [".tiff", ".png"])
def test_twelve_bits_in_sixteen_are_not_black(kind: str) -> None:
    shown = greys(by_opencv(RAMP, kind))
    low, high = np.percentile(RAMP, (1, 99))
    wanted = np.clip((RAMP - low) / (high - low), 0, 1) * 255
    assert np.abs(shown - wanted).max() <= 1, "from the 1st to the 99th percentile"


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int32, np.float32, np.float64])
def test_every_type_of_number_gives_the_same_picture(dtype: type) -> None:
    shown = greys(by_opencv(RAMP.astype(dtype)))
    assert np.abs(shown - greys(by_opencv(RAMP))).max() <= 1


def test_big_endian_and_white_is_zero() -> None:
    straight = tiff(Image.fromarray(RAMP))
    assert np.abs(greys(with_tags(straight, {262: 0})) + greys(straight) - 255).max() <= 1
    values = RAMP.astype(">u2")
    big = Image.frombytes("I;16B", (64, 64), values.tobytes())
    assert (greys(tiff(big)) == greys(straight)).all()


def test_holes_in_floating_point_do_no_harm() -> None:
    values = RAMP.astype(np.float32) / 4095
    values[:8] = np.nan
    values[8, 0] = np.inf
    shown = greys(by_opencv(values))
    assert np.abs(shown[9:] - greys(by_opencv(RAMP))[9:]).max() <= 45 and shown[-1, -1] == 255


def test_colours_in_floating_point() -> None:
    values = np.zeros((10, 12, 3), np.float32)
    values[..., 2] = 0.5  # OpenCV keeps blue first
    assert open_picture(by_opencv(values)).getpixel((3, 3)) == (128, 0, 0)
    assert open_picture(by_opencv(values.astype(np.float64) * 100)).getpixel((3, 3)) == (255, 0, 0)


def test_colours_of_sixteen_bits_keep_their_upper_eight() -> None:
    values = np.full((4, 4, 3), (0x1234, 0x8000, 0xFFFF), np.uint16)
    for kind in (".png", ".tiff"):
        assert open_picture(by_opencv(values, kind)).getpixel((0, 0)) == (255, 128, 0x12)


def test_a_window_is_obeyed_and_the_sample_s_comes_first() -> None:
    data = by_opencv(RAMP)
    shown = greys(data, window=(1000.0, 500.0))
    wanted = np.clip((RAMP.astype(float) - 750) / 500, 0, 1) * 255
    assert np.abs(shown - wanted).max() <= 1
    sample = Sample("picture", data=data, window=(1000.0, 500.0))
    assert (np.asarray(open_picture(sample, window=(3000.0, 10.0)))[..., 0] == shown).all()


def test_ordinary_pictures_have_no_window() -> None:
    picture = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    data = tiff(picture)
    assert (greys(data, window=(10.0, 5.0)) == np.arange(256).reshape(16, 16)).all()
    assert read_picture(data).deep is None


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_one_grey_everywhere_is_shown_as_it_stands(value: int) -> None:
    shown = greys(by_opencv(np.full((8, 8), value, np.uint16)))
    assert (shown == round(value / 65535 * 255)).all()


def test_a_few_stars_on_black_are_seen() -> None:
    values = np.zeros((100, 100), np.uint16)
    values[50, 50] = 900
    assert greys(by_opencv(values))[50, 50] == 255


def test_one_of_the_pages_of_a_tiff() -> None:
    pages = [Image.fromarray(np.full((6, 6), n, np.uint8)) for n in (10, 20, 30)]
    data = tiff(pages[0], save_all=True, append_images=pages[1:])
    assert read_picture(data).note == "Picture 1 of 3 in this file."
    opened = read_picture(Sample("picture", data=data, frame=2))
    assert (opened.frame, opened.frames, opened.picture.getpixel((0, 0))) == (2, 3, (30, 30, 30))
    assert read_picture(Sample("picture", data=data, frame=99)).frame == 2


def test_see_through_palettes_and_premultiplied_colours() -> None:
    stream = io.BytesIO()
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.save(stream, "PNG", transparency=bytes([255, 128]))
    assert open_picture(stream.getvalue()).getpixel((0, 0)) == (127, 127, 255)
    # 338 = 1: the colours have been multiplied with how opaque they are.
    half = with_tags(tiff(Image.new("RGBA", (4, 4), (0, 0, 128, 128))), {338: 1})
    assert open_picture(half).getpixel((0, 0)) == (127, 127, 255)
    assert open_whole(by_opencv(RAMP)).alpha is None
    assert open_picture(tiff(Image.new("CMYK", (4, 4), (0, 255, 255, 0)))).getpixel((0, 0)) == (255, 0, 0)


def test_claimed_sizes_are_checked_before_anything_is_read() -> None:
    for source in (tiff(Image.fromarray(RAMP)), by_opencv(np.zeros((8, 8, 3), np.float32))):
        with pytest.raises(UserError, match="too large"):
            open_picture(with_tags(source, {256: 60_000, 257: 60_000}))


def test_thumbnails_follow_the_window(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    file.write_bytes(by_opencv(RAMP))
    cache = ThumbnailCache(tmp_path / "cache")
    usual, dark = cache.get(file, 32), cache.get(file, 32, (8000.0, 10.0))
    assert np.asarray(Image.open(io.BytesIO(dark))).max() < 10 < np.asarray(Image.open(io.BytesIO(usual))).mean()
    assert cache.get(file, 32) == usual


@given(st.integers(-30000, 30000), st.integers(1, 60000), st.booleans())
def test_greys_never_go_back(centre: int, width: int, inverted: bool) -> None:
    found = deep(np.arange(-32768, 32768, 16, dtype=np.int16)[None], inverted=inverted)
    line = np.asarray(found.greys((float(centre), float(width)))).astype(int)[0]
    step = np.diff(line) if not inverted else -np.diff(line)
    assert (step >= 0).all() and 0 <= line.min() <= line.max() <= 255


def test_a_window_as_words() -> None:
    assert window_from("40,400") == (40.0, 400.0)
    for wrong in ("40", "a,b", "40,0", "40,-3", "nan,1", "1,2,3"):
        with pytest.raises(UserError, match="no window"):
            window_from(wrong)
