"""Small videos for the tests, readers of their files that do not go through OpenCV, and a model that sees what is in them."""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.engine.pool import ModelPool
from workbench.runtimes.base import Detections, Loaded

CODECS = {".mp4": "mp4v", ".webm": "VP80", ".avi": "MJPG", ".mkv": "MJPG", ".mov": "mp4v"}
PHOTOS = resources() / "samples" / "try"


def write_video(path: Path, frames: Iterable[np.ndarray], rate: float = 25.0) -> Path:
    """uint8 [H, W, 3] RGB pictures with even sides."""
    writer = None
    for frame in frames:
        if writer is None:
            size = (frame.shape[1], frame.shape[0])
            writer = cv2.VideoWriter(
                str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*CODECS[path.suffix]), rate, size
            )
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    assert writer is not None
    writer.release()
    return path


def square_at(index: int) -> tuple[int, int]:
    """Upper left corner of the square in a picture of `moving_square`."""
    return 10 + 2 * index, 20 + index % 20


def moving_square(count: int, width: int = 160, height: int = 120, side: int = 24) -> Iterator[np.ndarray]:
    """A white square that moves over a dark ground: two points to the right at each picture."""
    for index in range(count):
        frame = np.full((height, width, 3), 20, np.uint8)
        x, y = square_at(index)
        frame[y : y + side, x : x + side] = 240
        yield frame


def panned(names: Iterable[str], each: int, width: int = 480, height: int = 360) -> Iterator[np.ndarray]:
    """Real photographs ("china", "flower"), one after the other, with the camera moving over them."""
    for name in names:
        photo = np.asarray(Image.open(PHOTOS / f"{name}.jpg").convert("RGB"))
        for index in range(each):
            x = index * (photo.shape[1] - width) // max(1, each)
            yield photo[30 : 30 + height, x : x + width]


def mp4_boxes(data: bytes, wanted: str) -> bytes:
    """What lies in the first box on this path ("moov/trak/mdia"), after ISO/IEC 14496-12, section 4.2."""
    for name in wanted.split("/"):
        place = 0
        while place < len(data):
            size, kind = struct.unpack(">I4s", data[place : place + 8])
            head = 8
            if size == 1:
                size, head = struct.unpack(">Q", data[place + 8 : place + 16])[0], 16
            if kind == name.encode():
                data = data[place + head : place + size]
                break
            place += size or len(data)
        else:
            raise AssertionError(f"no box {name}")
    return data


def mp4_facts(path: Path) -> dict[str, Any]:
    """Number of pictures, seconds and codec of the first track of an MP4 file, from its own tables."""
    data = path.read_bytes()
    scale, length = struct.unpack(">II", mp4_boxes(data, "moov/trak/mdia/mdhd")[12:20])
    times = mp4_boxes(data, "moov/trak/mdia/minf/stbl/stts")
    count = struct.unpack(">I", times[4:8])[0]
    entries = [struct.unpack(">II", times[8 + 8 * i : 16 + 8 * i]) for i in range(count)]
    codec = mp4_boxes(data, "moov/trak/mdia/minf/stbl/stsd")[12:16].decode()
    return {"pictures": sum(n for n, _ in entries), "seconds": length / scale, "codec": codec}


def jpeg_pictures(path: Path) -> list[np.ndarray]:
    """The pictures of an MJPEG AVI, decoded by Pillow."""
    data = path.read_bytes()
    found, place = [], data.index(b"movi") + 4
    while place + 8 <= len(data) and data[place : place + 4] == b"00dc":
        size = struct.unpack("<I", data[place + 4 : place + 8])[0]
        found.append(np.asarray(Image.open(io.BytesIO(data[place + 8 : place + 8 + size])).convert("RGB")))
        place += 8 + size + size % 2
    return found


def turned(source: Path, target: Path) -> Path:
    """The same MP4, with the note that it has to be turned by 90 degrees clockwise, as telephones write it."""
    data = bytearray(source.read_bytes())
    head = data.find(b"tkhd") + 4
    matrix = head + 4 + (20 if data[head] == 0 else 32) + 16
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    target.write_bytes(data)
    return target


def uneven_gif(path: Path, milliseconds: list[int], side: int = 48) -> Path:
    """A moving GIF whose pictures are shown for different times; the brightness tells them apart."""
    pictures = [Image.fromarray(np.full((side, side, 3), 20 * i, np.uint8)) for i in range(len(milliseconds))]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0)
    return path


class SquareFinder(Loaded):
    """Finds the bright square where it is; can be slow."""

    def __init__(self, task: str = "object-detection", seconds: float = 0.0) -> None:
        super().__init__(
            ModelCard("finder", "Finder", (task,), "torchvision", "none", Source("import", "/")),
            None,
            ("sky", "square"),
        )
        self.seconds = seconds
        self.looked = 0

    def detect(self, pictures: Any, threshold: float = 0.05) -> list[Detections]:
        self.looked += 1
        time.sleep(self.seconds)
        found = []
        for pixels in pictures:
            y, x = np.nonzero(pixels[:, :, 0] > 128)
            there = int(len(x) > 0)
            edges = [[x.min(), y.min(), x.max() + 1, y.max() + 1]] if there else np.zeros((0, 4))
            found.append(
                Detections(np.array(edges, np.float32), np.ones(there, np.int64), np.full(there, 0.9, np.float32))
            )
        return found

    def segment(self, pictures: Any) -> list[Any]:
        return [(p[:, :, 0] > 128).astype(np.uint8) for p in pictures]


class OnePool(ModelPool):
    """Always gives the same model."""

    def __init__(self, model: Loaded) -> None:
        super().__init__(1)
        self.model = model

    @contextmanager
    def use(self, *_args: Any, **_more: Any) -> Iterator[Loaded]:
        yield self.model
