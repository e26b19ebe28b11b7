"""Texts and recordings as people really have them: for each, correct behaviour or one clear sentence."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.media import decode_text, first_words, read_text_file
from workbench.data.project import Project
from workbench.data.shapes import TextSpan
from workbench.data.sound import portrait, read_sound, sound_info
from workbench.data.types import Sample
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks.base import TryOptions
from workbench.tasks.registry import get_task

JAPANESE = "これは文字コードの試験です。日本語の文章を書いて、正しく読めるかどうかを確かめます。昨日は雨が降りました。"
CHINESE = "这是一个测试。我们今天去商店买苹果和香蕉,天气很好。"
RUSSIAN = "Привет, это проверка кодировки текста на русском языке."
GERMAN = "Größe – naïve café €5 “quoted”. Müde Vögel fliegen über die Häuser."
FAMILY = "👩‍👩‍👧"
_RNG = random.Random(1)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        pytest.param(GERMAN.encode("cp1252"), GERMAN, id="cp1252"),
        pytest.param(b"\xef\xbb\xbf" + GERMAN.encode(), GERMAN, id="utf-8 with mark"),
        pytest.param(b"\xff\xfe" + GERMAN.encode("utf-16-le"), GERMAN, id="utf-16 little-endian"),
        pytest.param(b"\xfe\xff" + GERMAN.encode("utf-16-be"), GERMAN, id="utf-16 big-endian"),
        pytest.param(GERMAN.encode("utf-16-le"), GERMAN, id="utf-16 little-endian, no mark"),
        pytest.param(GERMAN.encode("utf-16-be"), GERMAN, id="utf-16 big-endian, no mark"),
        pytest.param(GERMAN.encode("utf-32"), GERMAN, id="utf-32"),
        pytest.param(JAPANESE.encode("shift_jis"), JAPANESE, id="shift-jis"),
        pytest.param(JAPANESE.encode("euc_jp"), JAPANESE, id="euc-jp"),
        pytest.param(CHINESE.encode("gb18030"), CHINESE, id="gb18030"),
        pytest.param(RUSSIAN.encode("cp1251"), RUSSIAN, id="cp1251"),
        pytest.param(f"{GERMAN} é".encode()[:-1], f"{GERMAN} ", id="utf-8 cut in a letter"),
        pytest.param(f"so {FAMILY}".encode()[:-1], "so 👩‍👩‍", id="utf-8 cut in an emoji"),
        pytest.param(f"{GERMAN}\n".encode() + b"\xff" + b" end", f"{GERMAN}\n\ufffd end", id="utf-8 with a bad byte"),
        pytest.param("a\r\nb\u2028c\x0bd".encode(), "a\r\nb\u2028c\x0bd", id="line ends of all kinds"),
        pytest.param(f"e\u0301 {FAMILY} 🏽\u200b\u202e".encode(), f"e\u0301 {FAMILY} 🏽\u200b\u202e", id="marks and joiners"),
        pytest.param(b"\x00\x01\x02abc", "not readable text", id="zeros"),
        pytest.param(b"abc\x00def", "not readable text", id="a zero in the middle"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "not readable text", id="a picture"),
        pytest.param(bytes(_RNG.randrange(1, 256) for _ in range(3000)), "not readable text", id="noise without zeros"),
        pytest.param(b"", "is empty", id="nothing"),
    ],
)  # fmt: skip
def test_a_text_file_is_read_or_a_sentence(data: bytes, wanted: str, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(data)
    if wanted in ("not readable text", "is empty"):
        with pytest.raises(UserError, match=wanted):
            read_text_file(file)
    else:
        assert read_text_file(file) == wanted


def imported(path: Path) -> tuple[Project, Any]:
    return project_from_plan(sniff([path]), folder=path.parent / f"{path.stem}-project")


@pytest.mark.parametrize(
    ("name", "data", "added", "sentence"),
    [
        ("halves.jsonl", b'{"text":"hello \\ud83d world","label":"a"}\n{"text":"x \\u0000 y","label":"b\\ud800"}\n', 2, ""),
        ("lines.csv", b"\n" * 1_000_000, 0, "has no rows"),
        ("lines.txt", b"\n" * 1_000_000, 0, "is empty"),
        ("long.txt", b"word " * 2_000_000, 0, "longer than a million characters"),
        ("long.csv", b"x" * 10_000_000, 0, "longer than a million characters"),
        ("cell.csv", b'text,label\n"' + b"y" * 10_500_000 + b'",a\nshort,b\n', 1, "longer than a million characters"),
        ("blank.csv", b"text,label\n,\n,\n", 0, "has no rows"),
        ("marks.csv", "text,label\n...,a\n!?!?,b\n\u200b,a\n \t,b\n\x01\x02,a\n".encode(), 4, "is empty"),
        ("left.csv", "text,label\n\u202eمرحبا hello שלום,a\nשלום עולם,b\n".encode(), 2, ""),
        ("wide.csv", "text,label\nGrüße,a\nHallo,b\n".encode("utf-16-le"), 2, ""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0, "not readable text"),
        ("open.csv", b'text,label\n"never closed,a\nb,c\n', 1, ""),
    ],
)  # fmt: skip
def test_a_table_or_text_comes_in_or_is_a_sentence(
    name: str, data: bytes, added: int, sentence: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    if not added:
        with pytest.raises(UserError) as caught:
            imported(file)
        said = f"{caught.value} {caught.value.hint}"
        assert sentence in said and len(said) < 500
        return
    project, result = imported(file)
    with project:
        assert len(result.added) == added
        assert all(len(str(p)) < 500 for p in result.problems)
        assert not sentence or any(sentence in str(p) for p in result.problems)
        for item in project.items(list(result.added)):
            assert item.text and item.text.encode("utf-8") and len(item.name) <= 80


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("  Anna lives here", "Anna"),
        (f"{FAMILY} lives in Oslo", "Oslo"),
        ("👍🏽👍🏿 by e\u0301mile in Oslo", "e\u0301mile"),
        ("שלום Anna עולם", "Anna"),
        ("\u200b\u200bOslo\u200b", "Oslo"),
        ("\ufeffOslo is a town", "Oslo"),
        ("tab\tand\x0bline\u2028Oslo  ", "Oslo"),
        ("half \\ud83d Oslo", "Oslo"),
    ],
)
def test_marked_pieces_stay_on_their_letters(text: str, piece: str, tmp_path: Path) -> None:
    written = json.dumps(text).replace("\\\\ud83d", "\\ud83d")
    whole = json.loads(written)
    at = whole.index(piece)
    rows = [f'{{"text": {written}, "label": [[{at}, {at + len(piece)}, "NAME"]]}}']
    rows += [
        f'{{"text": "Number {n} is Bob", "label": [[{11 + len(str(n))}, {14 + len(str(n))}, "NAME"]]}}'
        for n in range(3)
    ]
    file = tmp_path / "spans.jsonl"
    file.write_text("\n".join(rows), encoding="utf-8")
    project, result = imported(file)
    with project:
        states = project.annotation_states(list(result.added))
        found = {}
        for item in project.items(list(result.added)):
            for mark in states[item.id].annotations:
                assert isinstance(mark.shape, TextSpan) and item.text is not None
                found[item.text] = item.text[mark.shape.start : mark.shape.end]
    assert len(found) == 4 and piece in found.values() and list(found.values()).count("Bob") == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        (" \n\t\u2028 ", "is empty"),
        ("!?…—", ""),
        ("\u200b\u200d\u202e", ""),
        (f"{FAMILY}👍🏽 e\u0301 שלום مرحبا 漢字", ""),
        ("\x00\x01\x07 bell", ""),
        ("a" * 100_000, ""),
        ("\n" * 100_000 + "x", ""),
    ],
    ids=["nothing", "blanks", "marks", "invisible", "scripts", "controls", "one word", "lines"],
)  # fmt: skip
def test_what_is_tried_is_answered_or_a_sentence(
    text: str, sentence: str, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.tasks.text_classification._MOST_WINDOWS", 2)
    card = catalog.get("text-starter")
    for task_id in ("text-classification", "sentence-embedding"):
        result = next(predict([Sample("text", "t", text=text)], card, get_task(task_id), TryOptions(("good", "bad"))))
        if sentence:
            assert result.problem is not None and sentence in str(result.problem)
        else:
            assert result.prediction is not None and result.problem is None


def test_names_are_short_whatever_a_text_is() -> None:
    assert first_words("x" * 1_000_000) == "x" * 80 and first_words(" a\n b ") == "a b"
    assert decode_text(b"plain") == "plain"


# Recordings ---------------------------------------------------------------------------------------------------------------

RATE = 16_000


def tone(rate: int = RATE, seconds: float = 0.5, channels: int = 1) -> Any:
    wave = 0.5 * np.sin(np.arange(int(rate * seconds)) * 2 * np.pi * 220 / rate)
    return np.repeat(wave[:, None], channels, 1).astype(np.float32)


def saved(folder: Path, name: str, sound: Any, rate: int = RATE, **how: Any) -> Path:
    soundfile.write(folder / name, sound, rate, **how)
    return folder / name


def broken(folder: Path, keep: int, name: str = "a.wav") -> Path:
    path = saved(folder, "whole.wav", tone())
    (folder / name).write_bytes(path.read_bytes()[:keep])
    return folder / name


def header_says_more(folder: Path) -> Path:
    """A recorder that lost its power: the header counts a minute, the file holds half a second."""
    path = saved(folder, "a.wav", tone())
    data = bytearray(path.read_bytes())
    data[4:8] = struct.pack("<I", 60 * RATE * 2 + 36)
    data[40:44] = struct.pack("<I", 60 * RATE * 2)
    path.write_bytes(data)
    return path


SOUNDS: list[tuple[str, Callable[[Path], Path], str]] = [
    ("silent", lambda d: saved(d, "a.wav", np.zeros(RATE, np.float32)), ""),
    ("clipped", lambda d: saved(d, "a.wav", np.sign(tone())), ""),
    ("louder than full", lambda d: saved(d, "a.wav", 50 * tone(), subtype="FLOAT"), ""),
    ("no samples", lambda d: saved(d, "a.wav", np.zeros(0, np.float32)), "empty"),
    ("one sample", lambda d: saved(d, "a.wav", np.ones(1, np.float32)), ""),
    ("no numbers", lambda d: saved(d, "a.wav", np.where(tone() > 0.3, np.nan, tone()), subtype="FLOAT"), ""),
    ("infinite", lambda d: saved(d, "a.wav", np.where(tone() > 0.3, np.inf, tone()), subtype="FLOAT"), ""),
    ("8 bits", lambda d: saved(d, "a.wav", tone(), subtype="PCM_U8"), ""),
    ("24 bits", lambda d: saved(d, "a.wav", tone(), subtype="PCM_24"), ""),
    ("32 bits", lambda d: saved(d, "a.wav", tone(), subtype="PCM_32"), ""),
    ("floats", lambda d: saved(d, "a.wav", tone(), subtype="FLOAT"), ""),
    ("doubles", lambda d: saved(d, "a.wav", tone(), subtype="DOUBLE"), ""),
    ("telephone", lambda d: saved(d, "a.wav", tone(), subtype="ULAW"), ""),
    ("1 kHz", lambda d: saved(d, "a.wav", tone(1000), 1000), ""),
    ("192 kHz", lambda d: saved(d, "a.wav", tone(192_000), 192_000), ""),
    ("odd rate", lambda d: saved(d, "a.wav", tone(11_127), 11_127), ""),
    ("six channels", lambda d: saved(d, "a.wav", tone(channels=6)), ""),
    ("cut in the sound", lambda d: broken(d, 5001), ""),
    ("header says more", header_says_more, ""),
    ("cut in the header", lambda d: broken(d, 30), "not a recording"),
    ("nothing in it", lambda d: broken(d, 0), "empty"),
    ("wav called mp3", lambda d: broken(d, 99_999, "a.mp3"), ""),
    ("flac called wav", lambda d: saved(d, "b.flac", tone()).rename(d / "a.wav"), ""),
    ("text called wav", lambda d: Path(str(_written(d / "a.wav", b"these are words, not a sound"))), "not a recording"),
]  # fmt: skip


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(("make", "sentence"), [pytest.param(m, s, id=n) for n, m, s in SOUNDS])
def test_a_recording_is_heard_or_a_sentence(make: Callable[[Path], Path], sentence: str, tmp_path: Path) -> None:
    sample = Sample("sound", "a", path=make(tmp_path))
    if sentence:
        with pytest.raises(UserError, match=sentence):
            read_sound(sample, RATE)
        with pytest.raises(UserError, match=sentence):
            portrait(sample)
        return
    sound, cut = read_sound(sample, RATE)
    assert sound.dtype == np.float32 and sound.ndim == 1 and np.isfinite(sound).all() and not cut
    assert len(sound) >= 1 and float(np.abs(sound).max()) <= 60
    seconds, picture = portrait(sample)
    assert seconds >= 0 and picture.height == 32 and sound_info(sample).channels in (1, 6)


@pytest.mark.parametrize("rate", [1000, 8000, 11_127, 44_100, 96_000, 192_000])
def test_a_tone_keeps_its_pitch_from_any_rate(rate: int, tmp_path: Path) -> None:
    path = saved(tmp_path, "a.wav", tone(rate, 1.0), rate, subtype="FLOAT")
    sound, _ = read_sound(Sample("sound", "a", path=path), RATE)
    assert len(sound) == pytest.approx(RATE, abs=RATE // 500)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * RATE / len(sound) == pytest.approx(220, abs=2)
