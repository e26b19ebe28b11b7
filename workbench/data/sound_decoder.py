"""Sound from files libsndfile does not know: M4A and AAC, and the sound of videos. A process of its own decodes them (see
`workbench.gui.decode_sound`); what was read to the end once is kept as FLAC in the cache, so that it can be searched and is
quick the next time."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.app_paths import app_paths, for_this_program, this_program
from workbench.control import Control
from workbench.data.video import SUFFIXES as VIDEO_SUFFIXES
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

SUFFIXES = (".m4a", ".m4b", ".aac", ".mp4", ".mka", ".weba", ".wma", ".amr", ".3ga", ".caf")
# What stands where in such files: ISO media, AAC by itself, Matroska and WebM, Windows Media, AMR, AVI, MPEG streams, Flash.
# Nothing else is given to the decoder, which would follow play lists to other files.
_BEGINNINGS: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"), (4, b"skip"), (0, b"\xff\xf1"), (0, b"\xff\xf9"),
    (0, b"\x1aE\xdf\xa3"), (0, b"\x30\x26\xb2\x75"), (0, b"#!AMR"), (8, b"AVI "), (0, b"\x00\x00\x01\xba"),
    (0, b"\x00\x00\x01\xb3"), (0, b"FLV"), (0, b"caff"), (188, b"G"), (196, b"G"),
)  # fmt: skip
_LONGEST_WAIT = 30.0
_KEPT_BYTES = 4_000_000_000
_MOST_CHANNELS = 64


def decodes(path: Path) -> bool:
    """Is it a file for this module, by its ending and its beginning? Never raises."""
    if path.suffix.lower() not in (*SUFFIXES, *VIDEO_SUFFIXES):
        return False
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except OSError:
        return False
    return any(start[place:].startswith(mark) for place, mark in _BEGINNINGS)


def kept_copy(path: Path) -> Path | None:
    """The copy in the cache; None when the file was not read to its end yet, or has changed."""
    copy = _copy_path(path)
    if copy is None or not copy.is_file():
        return None
    with suppress(OSError):
        os.utime(copy)  # it is used: the oldest ones go first
    return copy


def make_copy(path: Path, control: Control | None = None) -> Path:
    """Decode a file to its end, unless that was done before. Raises: UserError when it cannot be; Cancelled."""
    copy = kept_copy(path)
    if copy is not None:
        return copy
    with DecodedSound(path) as stream:
        for _ in stream.blocks(stream.samplerate * 10):
            if control is not None:
                control.check()
    copy = kept_copy(path)
    if copy is None:
        raise UserError("The sound of this file could not be kept.", "Make room on the disk.")
    return copy


class DecodedSound:
    """A file being decoded, from its beginning to its end, as `soundfile.SoundFile` reads one.

    Attributes:
        samplerate, channels: of the sound; `frames`: as the file says, 0 when it does not.

    Raises:
        UserError: when there is no sound in it, it is damaged, or this system lacks the decoder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._errors: list[bytes] = []
        try:
            self._process = subprocess.Popen(
                [*this_program(), "--decode-sound", str(path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL, env=for_this_program(), creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            raise _no_decoder() from error
        self._watchdog = threading.Timer(_LONGEST_WAIT, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline(1000)
        self._watchdog.cancel()
        if not line:
            raise _failure(self._process.wait())
        try:
            facts = json.loads(line)
            self.samplerate, self.channels = int(facts["rate"]), int(facts["channels"])
            self._form, seconds = str(facts["form"]), float(facts["seconds"])
        except (ValueError, KeyError, TypeError) as error:
            raise _failure(4) from error
        if not 1000 <= self.samplerate <= 1_000_000 or not 1 <= self.channels <= _MOST_CHANNELS or not self._form:
            raise _failure(4)
        self.frames = round(seconds * self.samplerate)

    def blocks(self, size: int, **_as_floats: Any) -> Iterator[Floats]:
        """Samples float32 [n, channels], `size` of them at a time; those of a whole reading are kept in the cache."""
        import numpy as np

        kind = np.dtype(self._form)
        wide = kind.itemsize * self.channels
        copy = _Copy(self._path, self.samplerate, self.channels)
        try:
            assert self._process.stdout is not None
            while True:
                data = self._read(size * wide)
                count = len(data) // wide
                if not count:
                    break
                values = np.frombuffer(data[: count * wide], kind).reshape(count, self.channels)
                block = _as_float(values)
                copy.add(block)
                yield block
                if len(data) < size * wide:
                    break
            if self._process.wait(_LONGEST_WAIT) == 0:
                copy.finish()
        finally:
            copy.close()

    def _read(self, count: int) -> bytes:
        """So many bytes, or what there is to the end. A decoder that is stuck is ended."""
        assert self._process.stdout is not None
        watchdog = threading.Timer(_LONGEST_WAIT, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            return self._process.stdout.read(count)
        finally:
            watchdog.cancel()

    def close(self) -> None:
        self._watchdog.cancel()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> DecodedSound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _as_float(values: Any) -> Floats:
    import numpy as np

    found: Floats = np.asarray(values, np.float32)
    if values.dtype.kind == "u":
        found = (found - np.float32(128)) / np.float32(128)
    elif values.dtype.kind == "i":
        found = found / np.float32(2 ** (8 * values.dtype.itemsize - 1))
    return found


class _Copy:
    """The copy of a file in the cache while it is made. That there is no room for it harms nothing."""

    def __init__(self, path: Path, rate: int, channels: int) -> None:
        self._target = _copy_path(path)
        self._file: Any = None
        self._part: Path | None = None
        if self._target is None:
            return
        import soundfile

        # FLAC holds eight channels; more are heard together anyway.
        self._few = channels <= 8
        part = self._target.with_name(f".{self._target.stem}-{os.getpid()}-{threading.get_ident()}.part")
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._file = soundfile.SoundFile(part, "w", rate, channels if self._few else 1, "PCM_16", format="FLAC")
            self._part = part
        except (OSError, RuntimeError) as error:
            log.info("no copy of the sound: %s", error)

    def add(self, block: Floats) -> None:
        if self._file is None:
            return
        try:
            self._file.write((block if self._few else block.mean(1, keepdims=True)).clip(-1, 1))
        except (OSError, RuntimeError) as error:
            log.info("no copy of the sound: %s", error)
            self.close()

    def finish(self) -> None:
        """It is whole: keep it."""
        if self._file is None or self._part is None or self._target is None:
            return
        try:
            self._file.close()
            self._file = None
            atomic.put(self._part, self._target, lasting=False)
            _make_room(self._target.parent, self._target)
        except (OSError, RuntimeError) as error:
            log.info("no copy of the sound: %s", error)

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError, RuntimeError):
                self._file.close()
            self._file = None
        if self._part is not None:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)


def _make_room(folder: Path, newest: Path) -> None:
    """Let the copies go that were not used for longest, beyond four gigabytes."""
    files = sorted(folder.glob("*.flac"), key=lambda f: f.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > _KEPT_BYTES and file != newest:
            file.unlink(missing_ok=True)


def _copy_path(path: Path) -> Path | None:
    try:
        state = path.stat()
    except OSError:
        return None
    key = f"{path.absolute()}|{state.st_size}|{state.st_mtime_ns}"
    return (
        app_paths().cache / "sounds" / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.flac"
    )


def _failure(code: int) -> UserError:
    if code == 3:
        return UserError("There is no sound in this file.", "Choose another one.")
    if code == 5:
        return _no_decoder()
    return UserError(
        "No sound can be read from this file: it is damaged, cut off, or of a kind the app does not know.",
        "Copy it again from where it came from, or save its sound as WAV, FLAC or MP3.",
    )


def _no_decoder() -> UserError:
    return UserError(
        "This system lacks a part that is needed for M4A files and videos.", "Save the sound as WAV, FLAC or MP3."
    )
