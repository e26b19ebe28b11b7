"""Draws the app's icon (resources/icons/model-workbench.svg) in every size and form an installer needs, into packaging/icons.

.venv/bin/python packaging/make_icons.py
"""

from __future__ import annotations

import io
import os
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "resources" / "icons" / "model-workbench.svg"
TARGET = ROOT / "packaging" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)


def drawn(renderer: QSvgRenderer, side: int) -> Image.Image:
    """The drawing at a size, drawn for that size and not scaled."""
    image = QImage(side, side, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return Image.open(io.BytesIO(bytes(data.data()))).convert("RGBA")


def main() -> None:
    app = QGuiApplication([])
    renderer = QSvgRenderer(str(SOURCE))
    TARGET.mkdir(exist_ok=True)
    pictures = {side: drawn(renderer, side) for side in (*SIZES, 1024)}
    for side in SIZES:
        pictures[side].save(TARGET / f"model-workbench-{side}.png", optimize=True)
    small = [pictures[side] for side in (16, 24, 32, 48, 64, 128)]
    pictures[256].save(
        TARGET / "model-workbench.ico",
        sizes=[(p.width, p.height) for p in (*small, pictures[256])],
        append_images=small,
    )
    others = [pictures[side] for side in (16, 32, 64, 128, 256, 512)]
    pictures[1024].save(TARGET / "model-workbench.icns", append_images=others)
    del app


if __name__ == "__main__":
    main()
