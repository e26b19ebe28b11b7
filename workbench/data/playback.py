"""Playing recordings, or pieces of them, through the system's loudspeaker."""

from __future__ import annotations

import logging
import threading
import time
from types import ModuleType
from typing import Any

from workbench.data.sound import piece_blocks, resampled
from workbench.data.types import Sample
from workbench.errors import UserError

log = logging.getLogger(__name__)

_BLOCK_SECONDS = 0.05


def _no_speaker() -> UserError:
    return UserError(
        "There is no loudspeaker or headphone this computer can play on.",
        "Connect one, and choose it in the system's settings.",
    )


def sound_devices() -> ModuleType:
    """The library of sound devices. Raises: UserError when the system lacks what it stands on."""
    try:
        import sounddevice
    except OSError as error:  # PortAudio itself is missing
        raise UserError(
            "This system lacks the library for sound devices (PortAudio).", "On Debian and Ubuntu: libportaudio2."
        ) from error
    found: ModuleType = sounddevice
    return found


class SoundPlayer:
    """Plays pieces of one recording. All of it may be called from any thread and never waits.

    Attributes:
        error: why the last piece could not be played; None when all is well.
    """

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.error: UserError | None = None
        self._lock = threading.Lock()
        self._turn = 0
        self._playing = False
        self._position = 0.0
        self._clock = (0.0, 0.0)  # (position, time) when something was last handed to the device

    @property
    def playing(self) -> bool:
        with self._lock:
            return self._playing

    @property
    def position(self) -> float:
        """Seconds into the recording of what is heard now."""
        with self._lock:
            if not self._playing:
                return self._position
            position, at = self._clock
            # Between two blocks the time goes on.
            return min(position + _BLOCK_SECONDS, position + time.monotonic() - at) if at else self._position

    def play(self, begins: float = 0.0, ends: float = float("inf")) -> None:
        """Play from `begins` to `ends` (seconds); what plays now ends."""
        with self._lock:
            self._turn += 1
            self._playing, self.error = True, None
            self._position, self._clock = begins, (begins, 0.0)
            turn = self._turn
        threading.Thread(target=self._run, args=(turn, begins, ends), daemon=True, name="playing").start()

    def stop(self) -> None:
        """Stand still where it is."""
        position = self.position
        with self._lock:
            self._turn += 1
            self._playing, self._position = False, position

    def go_to(self, seconds: float) -> None:
        """Stand there, or play on from there."""
        if self.playing:
            self.play(seconds)
            return
        with self._lock:
            self._position = seconds

    def _run(self, turn: int, begins: float, ends: float) -> None:
        try:
            self._play(turn, begins, ends)
        except UserError as error:
            self._over(turn, error)
        except Exception:  # a thread's outermost frame: the window must hear of it
            log.exception("playing failed")
            self._over(turn, UserError("It could not be played.", "The log says why."))
        else:
            self._over(turn, None)

    def _over(self, turn: int, error: UserError | None) -> None:
        with self._lock:
            if turn == self._turn:
                self._playing, self.error = False, error

    def _play(self, turn: int, begins: float, ends: float) -> None:
        devices = sound_devices()
        own, blocks = piece_blocks(self.sample, begins, ends, _BLOCK_SECONDS)
        try:
            rate = _rate_for(devices, own)
            stream: Any = devices.OutputStream(samplerate=rate, channels=1, dtype="float32", latency="low")
            stream.start()
        except (devices.PortAudioError, ValueError, OSError) as error:
            log.info("no output: %s", error)
            raise _no_speaker() from error
        late = float(getattr(stream, "latency", 0.0) or 0.0)
        position = begins
        try:
            for block in resampled(blocks, own, rate):
                with self._lock:
                    if turn != self._turn:
                        stream.abort()
                        return
                stream.write(block.reshape(-1, 1))
                with self._lock:
                    if turn == self._turn:
                        self._clock = (max(begins, position - late), time.monotonic())
                        self._position = self._clock[0]
                position += len(block) / rate
            stream.stop()  # after what was handed over has been heard
        except devices.PortAudioError as error:
            raise UserError("The loudspeaker was disconnected.", "Connect it again.") from error
        finally:
            blocks.close()
            stream.close()
        with self._lock:
            if turn == self._turn:
                self._position = position


def _rate_for(devices: Any, own: int) -> int:
    """The recording's own rate where the device can, else the device's. Raises: the library's errors where there is none."""
    usual = devices.query_devices(kind="output")
    try:
        devices.check_output_settings(samplerate=own, channels=1, dtype="float32")
    except (devices.PortAudioError, ValueError):
        return int(usual["default_samplerate"])
    return own
