"""Pictures keep what they hold: judged by Pillow, OpenCV, tifffile and Qt, which read and write them on their own."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pydicom
import pytest
import tifffile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps
from PySide6.QtGui import QImage

from workbench.data.exporters.pictures import SUFFIXES, jpeg_bytes, png_bytes, save_picture, tiff_bytes
from workbench.data.media import open_picture
from workbench.data.types import Sample
from workbench.data.whole_picture import WholePicture, in_eight_bits, on_white, open_whole
from workbench.errors import UserError

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def made(bits: int, channels: int, height: int = 23, width: int = 31, seed: int = 0) -> WholePicture:
    """Random points; `channels`: 1 grey, 2 grey with alpha, 3 colour, 4 colour with alpha."""
    kind: Any = np.uint8 if bits == 8 else np.uint16
    rng = np.random.default_rng(seed)
    values = rng.integers(0, np.iinfo(kind).max + 1, (height, width, 4)).astype(kind)
    pixels: Any = values[..., 0].copy() if channels < 3 else values[..., :3].copy()
    return WholePicture(pixels, values[..., 3].copy() if channels in (2, 4) else None)


def same(one: WholePicture, other: WholePicture) -> bool:
    alike = (one.alpha is None) == (other.alpha is None) and one.bits == other.bits and one.icc == other.icc
    return alike and np.array_equal(one.pixels, other.pixels) and (one.alpha is None or np.array_equal(one.alpha, other.alpha))  # type: ignore[arg-type]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([8, 16]), st.integers(1, 4), st.integers(1, 40), st.integers(1, 40))
def test_png_and_tiff_give_back_what_was_put_in(bits: int, channels: int, height: int, width: int) -> None:
    picture = made(bits, channels, height, width)
    assert same(open_whole(png_bytes(picture)), picture)
    again = open_whole(tiff_bytes(picture))
    if bits == 16 and channels == 2:  # written as colours, which more programs read
        assert np.array_equal(again.pixels[..., 1], picture.pixels) and np.array_equal(again.alpha, picture.alpha)
    else:
        assert same(again, picture)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("bits", [8, 16])
def test_other_programs_read_them(bits: int, channels: int) -> None:
    picture = made(bits, channels)
    png, tiff = png_bytes(picture), tiff_bytes(picture)
    seen = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    colour = seen[..., 0] if channels == 2 else seen if channels == 1 else seen[..., 2::-1]
    np.testing.assert_array_equal(colour, picture.pixels)
    image = QImage.fromData(png)
    assert (image.width(), image.height(), image.hasAlphaChannel()) == (31, 23, channels in (2, 4))
    read = tifffile.imread(io.BytesIO(tiff))
    assert read.dtype == picture.pixels.dtype and read.shape[:2] == (23, 31)
    np.testing.assert_array_equal(read[..., -1] if channels in (2, 4) else read, picture.pixels if picture.alpha is None else picture.alpha)  # fmt: skip
    assert Image.open(io.BytesIO(png)).size == Image.open(io.BytesIO(tiff)).size == (31, 23)


def test_a_large_one_is_written_in_pieces() -> None:
    picture = made(16, 3, 900, 1300)
    png, tiff = png_bytes(picture), tiff_bytes(picture)
    assert png.count(b"IDAT") > 1
    assert same(open_whole(png), picture) and same(open_whole(tiff), picture)
    with tifffile.TiffFile(io.BytesIO(tiff)) as file:
        assert len(file.pages[0].dataoffsets) > 1  # type: ignore[union-attr]


def test_deep_pictures_of_other_programs_are_read_with_all_bits() -> None:
    colours = made(16, 3).pixels
    ok, png = cv2.imencode(".png", np.ascontiguousarray(colours[..., ::-1]))
    assert ok and same(open_whole(png.tobytes()), WholePicture(colours))
    for array, more in ((colours, {"photometric": "rgb"}), (made(16, 1).pixels, {"photometric": "minisblack"})):
        stream = io.BytesIO()
        tifffile.imwrite(stream, array, compression="zlib", **more)  # type: ignore[arg-type]
        assert same(open_whole(stream.getvalue()), WholePicture(array))
    stream = io.BytesIO()
    Image.fromarray(made(16, 1).pixels).save(stream, "PNG")
    assert same(open_whole(stream.getvalue()), made(16, 1))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_they_are_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stream = io.BytesIO()
    shallow = made(8, 3)
    Image.fromarray(shallow.pixels).save(stream, "PNG", exif=exif)
    wanted = np.asarray(ImageOps.exif_transpose(Image.open(stream)))
    np.testing.assert_array_equal(open_whole(stream.getvalue()).pixels, wanted)
    # The same points with 16 bits, and the tag in a chunk of its own (PNG, 11.3.4.5).
    deep = WholePicture(shallow.pixels.astype(np.uint16) * 257)
    png, chunk = png_bytes(deep), b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    tagged = png[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png[33:]
    np.testing.assert_array_equal(open_whole(tagged).pixels, wanted.astype(np.uint16) * 257)
    stream = io.BytesIO()
    tifffile.imwrite(stream, deep.pixels, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    np.testing.assert_array_equal(open_whole(stream.getvalue()).pixels, wanted.astype(np.uint16) * 257)


def test_the_colour_profile_goes_along_and_one_of_other_colours_does_not() -> None:
    for bits in (8, 16):
        picture = WholePicture(made(bits, 3).pixels, None, SRGB)
        for make in (png_bytes, tiff_bytes):
            assert same(open_whole(make(picture)), picture)
            assert Image.open(io.BytesIO(make(picture))).info["icc_profile"] == SRGB
        assert open_whole(jpeg_bytes(picture)).icc == SRGB
    stream = io.BytesIO()
    Image.fromarray(made(8, 1).pixels).save(stream, "PNG", icc_profile=SRGB)
    assert open_whole(stream.getvalue()).icc == b""
    stream = io.BytesIO()
    Image.new("CMYK", (8, 6), (0, 255, 255, 0)).save(stream, "JPEG", icc_profile=SRGB)  # a wrong profile for ink
    red = open_whole(stream.getvalue())
    assert red.icc == b"" and red.pixels.shape == (6, 8, 3) and red.pixels[..., 0].min() > 200


def test_every_kind_of_shallow_picture_becomes_grey_or_colour(tmp_path: Path) -> None:
    rgba = Image.fromarray(np.dstack([made(8, 3).pixels, made(8, 2).alpha]))  # type: ignore[arg-type]
    palette = rgba.convert("RGB").quantize(16)
    palette.info["transparency"] = 3
    for picture, suffix, grey, clear in (
        (rgba, "png", False, True),
        (rgba.convert("LA"), "png", True, True),
        (rgba.convert("L"), "jpg", True, False),
        (rgba.convert("1"), "png", True, False),
        (palette, "png", False, True),
        (palette, "gif", False, True),
        (rgba.convert("RGB"), "bmp", False, False),
        (rgba, "webp", False, True),
        (rgba.convert("F"), "tif", True, False),
    ):
        picture.save(tmp_path / f"p.{suffix}")
        found = open_whole(tmp_path / f"p.{suffix}")
        assert (found.is_grey, found.alpha is not None) == (grey, clear), (picture.mode, suffix)
        assert (found.width, found.height, found.bits) == (31, 23, 8)


def test_scans_and_rare_files_are_read_as_they_are_shown() -> None:
    """What the app shows and teaches from, it must enlarge and restyle too."""
    grey = Path(pydicom.__file__).parent / "data" / "test_files" / "MR_small.dcm"
    found = open_whole(Sample("picture", path=grey))
    assert found.is_grey and np.array_equal(found.pixels, np.asarray(open_picture(grey).convert("L")))
    window = (500.0, 200.0)
    narrow = open_whole(Sample("picture", path=grey, window=window))
    assert np.array_equal(narrow.pixels, np.asarray(open_picture(grey, window=window).convert("L")))
    assert not np.array_equal(narrow.pixels, found.pixels)
    colour = grey.with_name("SC_rgb_small_odd.dcm")
    assert np.array_equal(open_whole(colour).pixels, np.asarray(open_picture(colour)))
    floats = np.zeros((10, 12, 3), np.float32)
    floats[..., 2] = 0.5  # OpenCV keeps blue first
    ok, rare = cv2.imencode(".tiff", floats)
    assert ok and tuple(open_whole(rare.tobytes()).pixels[3, 3]) == (128, 0, 0)


def test_one_of_the_pages_of_a_file() -> None:
    pages = [Image.fromarray(np.full((6, 6), n, np.uint8)) for n in (10, 20, 30)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:])
    sample = Sample("picture", data=stream.getvalue())
    assert [int(open_whole(replace(sample, frame=n)).pixels[0, 0]) for n in (None, 0, 1, 2)] == [10, 10, 20, 30]


def test_damaged_files_are_a_sentence() -> None:
    png, tiff = png_bytes(made(16, 3, 80, 80)), tiff_bytes(made(16, 3, 80, 80))
    for data in (b"", b"no picture", png[:30], png[: len(png) // 2], tiff[: len(tiff) // 2]):
        with pytest.raises(UserError):
            open_whole(data)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400))
@example(b"II*\x00", 0)
def test_any_bytes_are_a_picture_or_a_sentence(noise: bytes, place: int) -> None:
    good = png_bytes(made(16, 4, 9, 7))
    for data in (noise, good[:place] + noise + good[place + len(noise) :]):
        try:
            found = open_whole(data)
        except UserError:
            continue
        assert found.pixels.size


def test_fewer_bits_and_white_behind() -> None:
    assert in_eight_bits(WholePicture(np.array([[0, 128, 257, 65535]], np.uint16))).pixels.tolist() == [[0, 0, 1, 255]]
    half = WholePicture(np.full((1, 2, 3), 100, np.uint8), np.array([[0, 255]], np.uint8))
    assert on_white(half).pixels[0].tolist() == [[255] * 3, [100] * 3] and on_white(half).alpha is None


def test_saving_by_ending(tmp_path: Path) -> None:
    picture = made(16, 4)
    for suffix in SUFFIXES:
        save_picture(picture, tmp_path / f"p{suffix}")
        found = open_whole(tmp_path / f"p{suffix}")
        deep = suffix not in (".jpg", ".jpeg")
        assert (found.bits, found.alpha is not None) == ((16, True) if deep else (8, False))
    for name in ("p.gif", "p"):
        with pytest.raises(UserError, match="cannot be saved"):
            save_picture(picture, tmp_path / name)
    with pytest.raises(UserError, match="too large for a JPEG"):
        jpeg_bytes(WholePicture(np.zeros((1, 70_000), np.uint8)))
