"""Reading videos that may be anything: one picture at a time, upright, with its moment in seconds.

OpenCV decodes, with the FFmpeg in its wheel. Nothing is opened that does not begin like a video: FFmpeg looks into
files and would follow a play list to other files.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench.data.types import Sample
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]  # [H, W, 3], RGB

SUFFIXES = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp", ".ogv", ".flv", ".mts", ".m2ts",
)  # fmt: skip
# Larger pictures than 8K are refused before any is decoded.
MAX_PIXELS = 8192 * 4320
_TIMEOUT_MS = 10_000
_USUAL_RATE = 25.0
_FASTEST = 1000.0
# What stands where in a file of each kind: ISO media (MP4, MOV), Matroska and WebM, AVI, MPEG streams, Windows Media,
# Ogg, Flash, GIF. Transport streams have a "G" at each packet's beginning.
_BEGINNINGS: tuple[tuple[tuple[int, bytes], ...], ...] = (
    ((4, b"ftyp"),), ((4, b"moov"),), ((4, b"mdat"),), ((4, b"wide"),), ((4, b"free"),), ((4, b"skip"),),
    ((0, b"\x1aE\xdf\xa3"),), ((0, b"RIFF"), (8, b"AVI ")), ((0, b"\x00\x00\x01\xba"),), ((0, b"\x00\x00\x01\xb3"),),
    ((0, b"G"), (188, b"G")), ((4, b"G"), (196, b"G")), ((0, b"\x30\x26\xb2\x75"),), ((0, b"OggS"),), ((0, b"FLV"),),
    ((0, b"GIF8"),),
)  # fmt: skip
# How far before the moment wanted a search begins, in seconds, when the one before landed behind it.
_STEPS_BACK = (0.0, 1.0, 5.0, 30.0, math.inf)


def is_video(path: Path) -> bool:
    """By its name; a GIF by whether it moves. Never raises."""
    suffix = path.suffix.lower()
    if suffix != ".gif":
        return suffix in SUFFIXES
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return bool(getattr(picture, "is_animated", False))
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError):
        return False


@dataclass(frozen=True)
class VideoInfo:
    """What a video says of itself.

    Attributes:
        width, height: of a picture as it is shown, in pixels.
        rate: pictures a second, on average.
        count: how many pictures there should be; 0 when the file does not say.
        seconds: how long it should be; 0 when the file does not say.
    """

    path: Path
    width: int
    height: int
    rate: float
    count: int
    seconds: float


@dataclass(frozen=True)
class Frame:
    """One picture of a video.

    Attributes:
        index: its place, counted from 0; after a search it is reckoned from the rate.
        time: seconds from the first picture.
        pixels: uint8 [H, W, 3], RGB, upright.
    """

    index: int
    time: float
    pixels: Pixels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    def sample(self, name: str = "", max_side: int = 0) -> Sample:
        """The picture for a task, at most `max_side` wide or high when that is given."""
        return Sample("picture", name or f"picture {self.index + 1:,}", data=as_bmp(self.scaled(max_side)))

    def scaled(self, max_side: int) -> Pixels:
        """At most `max_side` wide and high; as it is when that is 0."""
        height, width = self.pixels.shape[:2]
        if not max_side or max(height, width) <= max_side:
            return self.pixels
        cv2 = _cv2()
        scale = max_side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small: Pixels = cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA)
        return small


def as_bmp(pixels: Pixels) -> bytes:
    """uint8 [H, W, 3] as BMP: bytes every reader of pictures takes, made and read in a few milliseconds."""
    cv2 = _cv2()
    data: bytes = cv2.imencode(".bmp", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
    return data


def as_bgr(pixels: Pixels, size: tuple[int, int]) -> Any:
    """uint8 [H, W, 3], RGB, cut or filled up to (width, height), as OpenCV writes it."""
    cv2 = _cv2()
    width, height = size
    missing = max(0, height - pixels.shape[0]), max(0, width - pixels.shape[1])
    picture = cv2.cvtColor(pixels[:height, :width], cv2.COLOR_RGB2BGR)
    if any(missing):
        picture = cv2.copyMakeBorder(picture, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    return picture


def open_writer(path: Path, codec: str, rate: float, size: tuple[int, int]) -> Any:
    """OpenCV's writer. Raises: UserError when the file cannot be begun."""
    cv2 = _cv2()
    writer = cv2.VideoWriter(str(path.absolute()), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), rate, size)
    if not writer.isOpened():
        writer.release()
        raise UserError("The video cannot be written here.", "Choose another place or another ending.")
    return writer


class VideoReader:
    """A video, picture by picture; one is decoded ahead, so that it is known how long each is shown.

    Not thread-safe. A context manager.

    Attributes:
        info: what the file says.
        upcoming: the moment of the picture `read` gives next; None at the end.

    Raises:
        UserError: when it is missing, no video, damaged, has no picture, or its pictures are absurdly large.
    """

    def __init__(self, path: Path) -> None:
        _check_beginning(path)
        cv2 = _cv2()
        self._video: Any = cv2.VideoCapture(
            str(path.absolute()),
            cv2.CAP_FFMPEG,
            [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _TIMEOUT_MS],
        )
        self._origin = 0.0
        self._index = 0
        self._last = -math.inf
        self.upcoming: float | None = None
        try:
            self.info = self._ask(path)
            self._grab()
            if self.upcoming is None:
                raise _unreadable()
            self._origin, self.upcoming, self._last = self.upcoming, 0.0, 0.0
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The file is let go."""
        self._video.release()

    @property
    def cut_short(self) -> str:
        """At the end: a sentence when there was clearly less than the file promised, else ""."""
        missing = self.info.count - self._index
        if self.upcoming is not None or self.info.count <= 0 or missing <= max(5, self.info.count * 0.05):
            return ""
        return (
            f"The video is cut off: only {self._index:,} of its {self.info.count:,} pictures could be read."
            " Copy it again from where it came from."
        )

    def read(self) -> Frame | None:
        """The next picture; None at the end. One that cannot be made out is left out."""
        while self.upcoming is not None:
            index, time = self._index, self.upcoming
            pixels = self._picture()
            self._index += 1
            self._grab()
            if pixels is not None:
                return Frame(index, time, pixels)
        return None

    def skip(self) -> None:
        """Leave the next picture out, which costs less than reading it."""
        if self.upcoming is not None:
            self._index += 1
            self._grab()

    def frames(self) -> Iterator[Frame]:
        """All that is left."""
        while (frame := self.read()) is not None:
            yield frame

    def seek(self, time: float) -> Frame | None:
        """The picture that is shown at this moment; `read` goes on behind it. None when none can be read."""
        cv2 = _cv2()
        time = max(0.0, time)
        for back in _STEPS_BACK:
            start = max(0.0, time - back)
            self._last = -math.inf
            self._video.set(cv2.CAP_PROP_POS_MSEC, (start + self._origin) * 1000)
            self._grab()
            if self.upcoming is not None and (self.upcoming <= time + 1e-4 or start == 0.0):
                self._index = round(self.upcoming * self.info.rate)
                return self._shown_at(time)
        return None

    def _shown_at(self, time: float) -> Frame | None:
        frame = self.read()
        while frame is not None and self.upcoming is not None and self.upcoming <= time + 1e-4:
            frame = self.read()
        return frame

    def _ask(self, path: Path) -> VideoInfo:
        cv2 = _cv2()
        if not self._video.isOpened():
            raise _unreadable()

        def number(which: int) -> float:
            value = float(self._video.get(which))
            return value if math.isfinite(value) and value > 0 else 0.0

        width, height = int(number(cv2.CAP_PROP_FRAME_WIDTH)), int(number(cv2.CAP_PROP_FRAME_HEIGHT))
        if not width or not height:
            raise _unreadable()
        if width * height > MAX_PIXELS:
            raise UserError(
                f"The pictures of this video are too large ({width} × {height}).", "Make the video smaller (up to 8K)."
            )
        rate = number(cv2.CAP_PROP_FPS)
        rate = rate if 0 < rate <= _FASTEST else _USUAL_RATE
        count = int(min(number(cv2.CAP_PROP_FRAME_COUNT), 1e9))
        return VideoInfo(path, width, height, rate, count, count / rate)

    def _grab(self) -> None:
        """Decode one ahead. Moments always grow, whatever a damaged file says."""
        cv2 = _cv2()
        if not self._video.grab():
            self.upcoming = None
            return
        time = float(self._video.get(cv2.CAP_PROP_POS_MSEC)) / 1000 - self._origin
        if not math.isfinite(time) or time <= self._last:
            time = max(0.0, self._last) + 1 / self.info.rate
        self._last = self.upcoming = max(0.0, time)

    def _picture(self) -> Pixels | None:
        cv2 = _cv2()
        good, picture = self._video.retrieve()
        if not good or picture is None or picture.ndim != 3:
            return None
        upright: Pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return upright


def clock(seconds: float) -> str:
    """ "0:05", "12:34" or "1:02:03"."""
    whole = max(0, int(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _check_beginning(path: Path) -> None:
    try:
        if path.is_dir():
            raise UserError("This is a folder, not a video.", "Choose a video file.")
        with path.open("rb") as file:
            start = file.read(200)
    except FileNotFoundError as error:
        raise UserError("The video is not there any more.", "Put it back, or choose another one.") from error
    except PermissionError as error:
        raise UserError("You may not read this video.", "Change its permissions, or copy it elsewhere.") from error
    except OSError as error:
        raise UserError("The video cannot be read.", "Check the disk, or copy the file again.") from error
    if not start:
        raise UserError("The video is empty.", "Copy it again from where it came from.")
    if not any(all(start[place:].startswith(mark) for place, mark in kind) for kind in _BEGINNINGS):
        raise UserError("This is not a video the app can read.", "Save it as MP4, WebM, MOV, MKV or AVI.")


def _unreadable() -> UserError:
    return UserError(
        "No picture can be read from this video: it is damaged, cut off, or holds only sound.",
        "Copy it again from where it came from, or save it as MP4.",
    )


@cache
def _cv2() -> Any:
    """OpenCV, which says nothing on the terminal of what is wrong with a file: we do, in a sentence."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
