"""Encoded pictures are read without Qt's guessing what they are, which may bring the window to a stand in a thread."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

import workbench.gui
from workbench.gui import icons
from workbench.gui.decoded import decoded, reader_of

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="red"/></svg>'


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "webp"])
def test_known_kinds_are_read_as_they_are(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "named otherwise.svg"
    Image.new("RGB", (40, 20), (200, 30, 30)).save(file, kind)
    reader = reader_of(file)
    assert reader is not None
    for picture in (decoded(file.read_bytes()), reader.read()):
        assert (picture.width(), picture.height()) == (40, 20)
        colour = QColor(picture.pixel(20, 10))
        assert abs(colour.red() - 200) < 6 and abs(colour.green() - 30) < 6 and abs(colour.blue() - 30) < 6


@pytest.mark.parametrize("data", [SVG, b"", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"])
def test_of_nothing_else_is_guessed_what_it_is(tmp_path: Path, data: bytes) -> None:
    assert decoded(data).isNull()
    file = tmp_path / "picture.png"
    file.write_bytes(data)
    reader = reader_of(file)
    assert reader is None or reader.read().isNull()
    assert reader_of(tmp_path / "gone.png") is None


def test_no_other_place_has_qt_guess() -> None:
    guessing = re.compile(r"fromData\(|loadFromData\(|QImageReader\(|Q(Image|Pixmap)\((str\(|f?\")")
    root = Path(workbench.gui.__file__).parent
    found = [f.name for f in sorted(root.rglob("*.py")) if guessing.search(f.read_text("utf-8"))]
    assert found == ["decoded.py"]


def test_what_connects_to_others_is_made_in_one_place_for_the_windows_thread() -> None:
    root = Path(workbench.gui.__file__).parent
    found = [f.name for f in sorted(root.rglob("*.py")) if "QSvgRenderer(" in f.read_text("utf-8")]
    assert found == ["icons.py"]


def test_icons_that_are_drawn_soon_are_drawn_in_the_windows_thread(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[int] = []
    real = icons.QSvgRenderer

    def seen(data: Any) -> Any:
        where.append(threading.get_ident())
        return real(data)

    owner = QObject()
    icons._image.cache_clear()
    monkeypatch.setattr(icons, "QSvgRenderer", seen)
    icons.draw_usual(owner)
    assert not where, "not at once"
    qtbot.waitUntil(lambda: len(where) > 100)
    owner.deleteLater()
    assert set(where) == {threading.get_ident()}
