"""What is hidden in picture files: found, and gone after cleaning, with every pixel as it was."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image, ImageCms, ImageOps, PngImagePlugin, TiffImagePlugin

from tests.data.test_data_dicom import scan, written
from workbench.data import hidden
from workbench.data.hidden_sound import cleaned_sound
from workbench.data.types import Sample
from workbench.errors import UserError

SECRETS = (b"Anna Muster", b"SN-4711-0815", b"Villa Sorgenfrei", b"hidden remark")
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description photoshop:City="Villa Sorgenfrei" aux:SerialNumber='
    b'"SN-4711-0815"><dc:creator><rdf:Seq><rdf:li>Anna Muster</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF>'
    b"</x:xmpmeta>"
)


def picture(turned: bool = True) -> Image.Image:
    """Not the same from any side."""
    y, x = np.mgrid[:40, :64]
    values = np.stack([x * 4, y * 6, (x * y) % 256], -1).astype(np.uint8)
    return Image.fromarray(values)


def exif(turn: int = 6) -> Image.Exif:
    made = Image.Exif()
    made[0x0112], made[0x013B], made[0x8298] = turn, "Anna Muster", "Anna Muster"
    made[0x010E] = "hidden remark"
    made[0x0132] = "2024:05:12 10:30:00"
    made.get_ifd(0x8769).update({0xA431: "SN-4711-0815", 0xA430: "Anna Muster", 0x927C: b"Anna Muster's camera"})
    made.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0), 0x1D: "2024:05:12"})
    return made


def iptc() -> bytes:
    def field(number: int, value: bytes) -> bytes:
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(value)) + value

    data = field(80, b"Anna Muster") + field(90, b"Villa Sorgenfrei") + field(120, b"hidden remark")
    return b"Photoshop 3.0\x008BIM\x04\x04\x00\x00" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)


def jpeg(path: Path, turn: int = 6, progressive: bool = False) -> Path:
    stream = io.BytesIO()
    picture().save(
        stream, "JPEG", quality=92, exif=exif(turn), icc_profile=PROFILE, xmp=XMP, comment=b"hidden remark",
        progressive=progressive, restart_marker_rows=1,
    )  # fmt: skip
    data = stream.getvalue()
    app13 = b"\xff\xed" + struct.pack(">H", len(iptc()) + 2) + iptc()
    # A film after the end of the picture, as telephones append one.
    path.write_bytes(data[:2] + app13 + data[2:] + b"Anna Muster waves" * 3)
    return path


def png(path: Path) -> Path:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "Anna Muster")
    notes.add_text("Comment", "hidden remark", zip=True)
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    picture().save(path, pnginfo=notes, exif=exif(), icc_profile=PROFILE)
    path.write_bytes(path.read_bytes() + b"Anna Muster")
    return path


def webp(path: Path) -> Path:
    picture().save(path, "WEBP", lossless=True, exif=exif(), xmp=XMP, icc_profile=PROFILE)
    return path


def tiff(path: Path) -> Path:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[315], tags[270], tags[274], tags[700] = "Anna Muster", "hidden remark", 6, XMP
    tags.tagtype[700] = 7
    second = ImageOps.flip(picture())
    picture().save(path, tiffinfo=tags, icc_profile=PROFILE, save_all=True, append_images=[second])
    return path


def gif(path: Path) -> Path:
    frames = [picture().quantize(64), ImageOps.mirror(picture()).quantize(64)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=80, loop=3, comment=b"hidden remark")
    return path


MAKERS = {"a.jpg": jpeg, "a.png": png, "a.webp": webp, "a.tif": tiff, "a.gif": gif}


def unpacked(data: bytes) -> bytes:
    """With what is packed in PNG chunks, so that nothing can hide in there."""
    if not data.startswith(b"\x89PNG"):
        return data
    at, parts = 8, [data]
    while at + 12 <= len(data):
        size, name = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if name in (b"zTXt", b"iCCP", b"iTXt"):
            for start in range(at + 8, at + 8 + min(size, 100)):
                try:
                    parts.append(zlib.decompress(data[start : at + 8 + size]))
                except zlib.error:
                    continue
        at += 12 + size
    return b"".join(parts)


@pytest.mark.parametrize("name", MAKERS)
def test_nothing_remains_but_every_pixel(name: str, tmp_path: Path) -> None:
    path = MAKERS[name](tmp_path / name)
    before = path.read_bytes()
    assert any(secret in unpacked(before) for secret in SECRETS)
    assert hidden.look(path)
    data, suffix = hidden.cleaned(path)
    assert suffix == path.suffix
    for secret in SECRETS:
        assert secret not in unpacked(data)
    after = tmp_path / f"clean{suffix}"
    after.write_bytes(data)
    assert hidden.look(after) == ()
    with Image.open(path) as old, Image.open(after) as new:
        assert getattr(old, "n_frames", 1) == getattr(new, "n_frames", 1)
        for frame in range(getattr(old, "n_frames", 1)):
            old.seek(frame)
            new.seek(frame)
            wanted, made = ImageOps.exif_transpose(old), ImageOps.exif_transpose(new)
            assert np.array_equal(np.asarray(wanted.convert("RGB")), np.asarray(made.convert("RGB")))
        assert new.info.get("icc_profile") == old.info.get("icc_profile")
        assert new.info.get("duration") == old.info.get("duration") and new.info.get("loop") == old.info.get("loop")
        rest = dict(new.getexif())
        # At most how to turn it; a TIFF's tags describe its pixels.
        assert suffix == ".tif" or set(rest) <= {0x0112}
        assert not new.getexif().get_ifd(0x8825) and not new.getexif().get_ifd(0x8769)


def test_what_is_found_where(tmp_path: Path) -> None:
    told = set(hidden.look(jpeg(tmp_path / "a.jpg")))
    assert told >= {hidden.PLACE, hidden.TIME, hidden.CAMERA, hidden.PEOPLE, hidden.NOTES}
    plain = tmp_path / "plain.jpg"
    picture().save(plain, icc_profile=PROFILE)
    assert hidden.look(plain) == ()
    for number, (packet, kind) in enumerate(((XMP, hidden.PLACE), (XMP, hidden.CAMERA), (XMP, hidden.PEOPLE))):
        only = tmp_path / f"{number}.jpg"
        picture().save(only, xmp=packet)
        assert kind in hidden.look(only)


def test_a_small_picture_inside(tmp_path: Path) -> None:
    small = io.BytesIO()
    Image.new("RGB", (16, 10), "red").save(small, "JPEG")
    # Exif with two directories: the second one holds the small picture (tags 0x0201 and 0x0202).
    head = struct.pack("<2sHIHI", b"II", 42, 8, 0, 14)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 44, 0x0202, 4, 1, len(small.getvalue()), 0)
    path = tmp_path / "a.jpg"
    picture().save(path, exif=b"Exif\0\0" + head + second + small.getvalue())
    assert small.getvalue() in path.read_bytes()
    assert hidden.SMALL in hidden.look(path)
    assert small.getvalue() not in hidden.cleaned(path)[0]


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_not_compressed_again(turn: int, progressive: bool, tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", turn, progressive)
    data, _ = hidden.cleaned(path)
    # From the first table on, byte for byte: nothing was decoded.
    tables = path.read_bytes().index(b"\xff\xdb\x00\x43")
    end = path.read_bytes().rindex(b"\xff\xd9", 0, -51)
    assert path.read_bytes()[tables:end] in data
    assert (b"Exif" in data) == (turn != 1)


def test_deep_greys_stay_deep(tmp_path: Path) -> None:
    greys = np.arange(64 * 40, dtype=np.uint16).reshape(40, 64) * 20
    for suffix in (".png", ".tif"):
        path = tmp_path / f"deep{suffix}"
        Image.fromarray(greys).save(path)
        (tmp_path / f"new{suffix}").write_bytes(hidden.cleaned(path)[0])
        with Image.open(tmp_path / f"new{suffix}") as new:
            assert np.array_equal(np.asarray(new), greys)


def test_a_patients_picture_becomes_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(written(scan(np.arange(64, dtype=np.uint8).reshape(8, 8))))
    assert hidden.look(path) == (hidden.PATIENT,)
    data, suffix = hidden.cleaned(Sample("picture", "a", path=path))
    assert suffix == ".png" and b"DICM" not in data and Image.open(io.BytesIO(data)).size == (8, 8)


def test_damaged_files_are_told_in_words(tmp_path: Path) -> None:
    whole = jpeg(tmp_path / "a.jpg").read_bytes()
    for number, data in enumerate((b"no picture", whole[:40], whole[:2] + b"\xff\xe1\x00\x00" + whole[2:])):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(data)
        with pytest.raises(UserError):
            hidden.cleaned(path)


def test_recordings_lose_their_tags_and_no_sample(tmp_path: Path) -> None:
    sound = (np.sin(np.arange(8000) / 20) * 12000).astype(np.int16)
    for name, kind in (("a.wav", "WAV"), ("a.flac", "FLAC"), ("a.mp3", "MP3"), ("a.ogg", "OGG")):
        path = tmp_path / name
        with soundfile.SoundFile(path, "w", 16_000, 1, format=kind) as stream:
            stream.artist = "Anna Muster"
            stream.comment = "hidden remark"
            stream.write(sound)
        if kind == "MP3":
            old = path.read_bytes()
            path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x16TPE1\x00\x00\x00\x0c\x00\x00\x00Anna Muster" + old)
            path.write_bytes(path.read_bytes() + b"TAG" + b"Anna Muster".ljust(125, b"\0"))
        assert b"Anna Muster" in path.read_bytes()
        data, suffix = cleaned_sound(path)
        assert b"Anna Muster" not in data and b"hidden remark" not in data
        assert suffix == (".wav" if kind == "OGG" else path.suffix)
        before, after = soundfile.read(path)[0], soundfile.read(io.BytesIO(data))[0]
        assert np.allclose(before, after[: len(before)], atol=1e-4 if kind == "OGG" else 0)


@pytest.mark.parametrize("name", MAKERS)
def test_damage_anywhere_is_a_sentence_or_nothing(name: str, tmp_path: Path) -> None:
    whole = MAKERS[name](tmp_path / name).read_bytes()
    rng = np.random.default_rng(len(whole))
    for number in range(60):
        data = bytearray(whole[: rng.integers(20, len(whole))] if number % 3 == 0 else whole)
        for place in rng.integers(0, min(len(data), 600), rng.integers(1, 6)):
            data[place] = rng.integers(0, 256)
        path = tmp_path / f"damaged{number}{Path(name).suffix}"
        path.write_bytes(data)
        for act in (hidden.look, hidden.cleaned):
            try:
                act(path)
            except UserError as error:
                assert error.message
