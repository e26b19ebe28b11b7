"""Any file a person may have; a sentence for what cannot be read."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from workbench.data.media import open_picture, read_text_file
from workbench.data.thumbnails import ThumbnailCache
from workbench.errors import UserError


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def bomb() -> bytes:
    """A PNG whose header claims 60,000 x 60,000 pixels."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    parts = [chunk, data]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(p) - 4) + p + struct.pack(">I", zlib.crc32(p)) for p in parts
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "CMYK", "1", "I;16", "I", "F"])
def test_every_kind_of_picture_becomes_rgb(mode: str) -> None:
    kind = "TIFF" if mode in ("CMYK", "I;16", "I", "F") else "PNG"
    picture = open_picture(encoded(Image.new(mode, (30, 20)), kind))
    assert (picture.mode, picture.size) == ("RGB", (30, 20))


def test_the_camera_s_turning_is_undone() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(encoded(Image.new("RGB", (40, 20)), "JPEG", exif=exif)).size == (20, 40)


def test_what_is_see_through_becomes_white() -> None:
    assert open_picture(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))).getpixel((1, 1)) == (255, 255, 255)


def test_sixteen_bits_keep_their_greys() -> None:
    picture = Image.new("I;16", (3, 1))
    for x, value in enumerate((0, 32768, 65535)):
        picture.putpixel((x, 0), value)
    read = open_picture(encoded(picture))
    assert [read.getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bomb(), "too large"),
        (b"this is no picture", "not a picture"),
        (encoded(Image.effect_noise((200, 200), 50).convert("RGB"), "JPEG")[:2000], "damaged or cut off"),
        (encoded(Image.effect_noise((200, 200), 50))[:3000], "damaged or cut off"),
    ],
)
def test_bad_pictures_are_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as told:
        open_picture(data)
    assert told.value.hint


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    for name, message in (("empty.png", "empty"), ("missing.png", "not there"), (".", "folder")):
        with pytest.raises(UserError, match=message):
            open_picture(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_texts_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    words = "Der Käse schmeckt überall größer. Où est la bibliothèque ? Müller und Söhne grüßen herzlich."
    (tmp_path / "a.txt").write_bytes(words.encode(encoding))
    assert read_text_file(tmp_path / "a.txt") == words


def test_a_binary_file_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(UserError, match="not readable text"):
        read_text_file(tmp_path / "a.txt")


def test_thumbnails_follow_the_file_and_stay_within_bounds(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "cache", max_bytes=3000)
    source = tmp_path / "a.png"
    source.write_bytes(encoded(Image.new("RGB", (400, 200), "red")))
    first = cache.get(source, 64)
    assert Image.open(io.BytesIO(first)).size == (64, 32)
    source.write_bytes(encoded(Image.new("RGB", (200, 400), "blue")))
    assert Image.open(io.BytesIO(cache.get(source, 64))).size == (32, 64)
    for n in range(12):
        other = tmp_path / f"{n}.png"
        other.write_bytes(encoded(Image.effect_noise((64, 64), 90)))
        cache.get(other, 64)
    cache.prune()
    assert sum(f.stat().st_size for f in (tmp_path / "cache").iterdir()) <= 3000
