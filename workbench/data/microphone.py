"""Recording from the microphone into a file, however long: what is heard lies on the disk, not in memory.

The device's own thread only puts its samples into a short queue; a writer of ours takes them out. The file can be read
while it grows, and what was recorded before a crash can be read after it: its header is brought up to date every second.
"""

from __future__ import annotations

import logging
import queue
import shutil
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from workbench.control import Control
from workbench.data.loudness import clipped_samples
from workbench.data.playback import sound_devices
from workbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

log = logging.getLogger(__name__)

HEADER_BYTES = 44
# A WAV file counts its bytes with 32 bits.
_MOST_BYTES = 4_000_000_000
_ROOM_BYTES = 100_000_000
_BLOCK_SECONDS = 0.05
_QUEUED_BLOCKS = 200  # ten seconds
_SETTLE_SECONDS = 1.0
_GONE_SECONDS = 3.0
_WAIT_SECONDS = 0.1
_READ_SECONDS = 10.0
# Quieter than this (of 1) for so long, and nothing is heard: -55 dB.
_QUIET, QUIET_SECONDS = 0.0018, 3.0


@dataclass(frozen=True)
class Level:
    """How loud it was in a twentieth of a second: highest and mean size of its samples in 0..1, and were tops cut off?"""

    peak: float = 0.0
    mean: float = 0.0
    clipped: bool = False


@dataclass(frozen=True)
class Microphone:
    """One that can be recorded from; `index` as the library of sound devices counts."""

    index: int
    name: str
    usual: bool = False


def microphones() -> list[Microphone]:
    """The microphones there are, the system's own choice first.

    Raises:
        UserError: when there is none, or the system lacks what they need.
    """
    devices = sound_devices()
    try:
        listed = list(devices.query_devices())
        usual = int(devices.default.device[0])
        api = listed[usual]["hostapi"] if 0 <= usual < len(listed) else None
    except (devices.PortAudioError, OSError, ValueError) as error:
        log.info("no devices: %s", error)
        raise no_microphone() from error
    found = [
        Microphone(index, str(device["name"]), index == usual)
        for index, device in enumerate(listed)
        # Windows lists every device once for each of its sound systems.
        if device["max_input_channels"] > 0 and (api is None or device["hostapi"] == api)
    ]
    if not found:
        raise no_microphone()
    return sorted(found, key=lambda m: not m.usual)


def no_microphone() -> UserError:
    return UserError("No microphone was found.", "Connect one and try again, or drop a recording here.")


class Recorder:
    """One recording. `start`, `pause`, `go_on` and `stop` never wait long; everything may be called from any thread.

    Attributes:
        path: the WAV file, mono, 16 bits.
        rate: in Hz; known once it has been started.
        error: why it ended by itself; None when it did not. What was recorded until then is in the file.
    """

    def __init__(self, path: Path, device: int | None = None) -> None:
        self.path = path
        self.rate = 0
        self.error: UserError | None = None
        self._device = device
        self._stream: Any = None
        self._queue: queue.Queue[Any] = queue.Queue(_QUEUED_BLOCKS)
        self._changed = threading.Condition()
        self._running = self._paused = self._ended = False
        self._samples = 0  # in the file
        self._lost = 0
        self._level = Level()
        self._last_sound = 0.0  # seconds recorded when something was heard last
        self._writer: threading.Thread | None = None

    # What the window asks --------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """It has been started and not stopped (it may be paused)."""
        with self._changed:
            return self._running and not self._ended

    @property
    def paused(self) -> bool:
        with self._changed:
            return self._paused

    @property
    def seconds(self) -> float:
        """How much has been recorded."""
        with self._changed:
            return self._samples / self.rate if self.rate else 0.0

    @property
    def level(self) -> Level:
        """How loud it is now."""
        with self._changed:
            return Level() if self._paused else self._level

    @property
    def quiet(self) -> bool:
        """Nothing has been heard for some seconds."""
        with self._changed:
            heard = self._samples / self.rate - self._last_sound if self.rate else 0.0
            return self._running and not self._paused and heard > QUIET_SECONDS

    @property
    def lost_seconds(self) -> float:
        """What could not be written quickly enough."""
        with self._changed:
            return self._lost / self.rate if self.rate else 0.0

    def start(self) -> None:
        """Open the microphone and begin.

        Raises:
            UserError: when there is none, it may not be used, or the file cannot be written.
        """
        devices = sound_devices()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = _WaveFile(self.path)
        except OSError as error:
            raise _unwritable() from error
        try:
            self._open(devices)
        except BaseException:
            file.close()
            self.path.unlink(missing_ok=True)
            raise
        file.begin(self.rate)
        with self._changed:
            self._running = True
        self._writer = threading.Thread(target=self._write, args=(file,), daemon=True, name="recording")
        self._writer.start()

    def pause(self) -> None:
        """Listen no more until `go_on`; the pause is not in the recording."""
        with self._changed:
            self._paused = True
            self._changed.notify_all()

    def go_on(self) -> None:
        with self._changed:
            self._paused = False
            self._last_sound = self._samples / self.rate if self.rate else 0.0

    def stop(self) -> None:
        """End the recording; when this returns the file is whole."""
        with self._changed:
            stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.stop()
                stream.close()
            except (sound_devices().PortAudioError, OSError) as error:  # the device may be gone
                log.info("closing the microphone: %s", error)
        self._put(None)
        if self._writer is not None and self._writer is not threading.current_thread():
            self._writer.join(10)

    def blocks(self, control: Control) -> Iterator[Floats]:
        """What is recorded, as it comes: mono blocks float32 at `rate`, of at most ten seconds, until it is stopped.

        Who takes them slowly gets longer ones; nothing piles up but the file. Raises: Cancelled.
        """
        import numpy as np

        taken = 0
        with self.path.open("rb") as file:
            while True:
                with self._changed:
                    while self._samples == taken and not self._ended:
                        control.check()
                        self._changed.wait(_WAIT_SECONDS)
                    ready, ended = self._samples, self._ended
                control.check()
                if ready == taken and ended:
                    return
                count = min(ready - taken, int(_READ_SECONDS * self.rate))
                file.seek(HEADER_BYTES + 2 * taken)
                data = file.read(2 * count)
                taken += len(data) // 2
                yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / np.float32(32768)

    # The device's thread ------------------------------------------------------------------------------------------------

    def _open(self, devices: Any) -> None:
        """Raises: UserError."""
        try:
            facts = devices.query_devices(self._device, "input")
        except (devices.PortAudioError, ValueError, OSError) as error:
            log.info("no microphone: %s", error)
            raise no_microphone() from error
        rate = int(facts["default_samplerate"])
        first: Exception | None = None
        # Some devices have only stereo to give.
        for channels in sorted({1, min(2, max(1, int(facts["max_input_channels"])))}):
            try:
                stream = devices.InputStream(
                    samplerate=rate, device=self._device, channels=channels, dtype="int16",
                    blocksize=int(rate * _BLOCK_SECONDS), callback=self._came,
                )  # fmt: skip
                self.rate = rate
                stream.start()
                self._stream = stream
                return
            except (devices.PortAudioError, ValueError, OSError) as error:
                first = first or error
        log.info("the microphone cannot be opened: %s", first)
        raise UserError(
            "The microphone cannot be used: another program holds it, or this app is not allowed to.",
            "Close other programs that record, or allow the microphone in the system's privacy settings.",
        ) from first

    def _came(self, samples: Any, _frames: int, _time: Any, _status: Any) -> None:
        """In the device's own thread: must be quick and never wait."""
        with self._changed:
            if self._paused or self._ended:
                return
        self._put(samples.copy())

    def _put(self, samples: Any) -> None:
        try:
            self._queue.put_nowait(samples)
        except queue.Full:
            if samples is None:
                self._queue.get_nowait()
                self._queue.put_nowait(None)
                return
            with self._changed:
                self._lost += len(samples)

    # The writer's thread ------------------------------------------------------------------------------------------------

    def _write(self, file: _WaveFile) -> None:
        error: UserError | None = None
        try:
            with file:
                self._take(file)
        except UserError as found:
            error = found
        except OSError as found:
            log.warning("recording: %s", found)
            error = _unwritable()
        except Exception:  # a thread's outermost frame: the window must hear of it
            log.exception("recording failed")
            error = UserError(
                "The recording ended by itself.", "What was recorded until then is kept; the log says why."
            )
        with self._changed:
            self.error, self._ended = error, True
            self._changed.notify_all()
        if error is not None:
            self.stop()

    def _take(self, file: _WaveFile) -> None:
        came = settled = time.monotonic()
        while True:
            try:
                samples = self._queue.get(timeout=_WAIT_SECONDS)
            except queue.Empty:
                self._still_there(came)
                if self.paused:
                    came = time.monotonic()
                continue
            if samples is None:
                return
            came = time.monotonic()
            self._add(file, samples)
            if came - settled > _SETTLE_SECONDS:
                settled = came
                file.settle()
                if shutil.disk_usage(self.path.parent).free < _ROOM_BYTES:
                    raise UserError(
                        "The disk is full, so the recording ended.", "Make room; what was recorded is kept."
                    )

    def _add(self, file: _WaveFile, samples: Any) -> None:
        import numpy as np

        values = samples.astype(np.float32) / 32768
        loud = np.abs(values)
        mono = samples[:, 0] if samples.shape[1] == 1 else np.round(samples.astype(np.float32).mean(1)).astype(np.int16)
        file.write(mono.astype("<i2").tobytes())
        level = Level(float(loud.max(initial=0.0)), float(loud.mean()) if loud.size else 0.0, clipped_samples(loud) > 0)
        with self._changed:
            self._samples += len(mono)
            self._level = level
            if level.peak > _QUIET:
                self._last_sound = self._samples / self.rate
            self._changed.notify_all()
        if file.bytes > _MOST_BYTES:
            raise UserError("The recording is as long as one file can be, so it ended.", "Begin another one.")

    def _still_there(self, came: float) -> None:
        """Raises: UserError when nothing comes from the microphone any more."""
        with self._changed:
            stream, paused = self._stream, self._paused
        gone = stream is not None and not getattr(stream, "active", True)
        if gone or (not paused and time.monotonic() - came > _GONE_SECONDS):
            raise UserError("The microphone was unplugged.", "Connect it again; what was recorded until then is kept.")


class _WaveFile:
    """A WAV file that grows: mono, 16 bits."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self.bytes = 0
        self._rate = 0

    def begin(self, rate: int) -> None:
        self._rate = rate
        self._file.write(self._header())
        self._file.flush()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        self.bytes += len(data)

    def settle(self) -> None:
        """Bring the header up to date."""
        self._file.seek(0)
        self._file.write(self._header())
        self._file.seek(HEADER_BYTES + self.bytes)
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _header(self) -> bytes:
        form = struct.pack("<HHIIHH", 1, 1, self._rate, self._rate * 2, 2, 16)
        sizes = struct.pack("<I", 36 + self.bytes), struct.pack("<I", self.bytes)
        return b"RIFF" + sizes[0] + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + sizes[1]

    def __enter__(self) -> _WaveFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.settle()
        finally:
            self.close()


def _unwritable() -> UserError:
    return UserError("The recording cannot be written.", "Make room on the disk and try again.")
