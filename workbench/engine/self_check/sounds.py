"""Sounds and videos: reading, writing, and where somebody speaks."""

from __future__ import annotations

from workbench.data.types import Sample
from workbench.engine.self_check.base import Place, Step, expect


def _sound(place: Place) -> str:
    import numpy as np
    import soundfile

    from workbench.data.sound import read_sound

    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(22_050) / 22_050)).astype(np.float32)
    for name in ("tone.flac", "tone.ogg", "tone.mp3"):
        soundfile.write(place.folder / name, tone, 22_050)
        samples, _ = read_sound(Sample("sound", name, path=place.folder / name), 16_000)
        peak = int(np.abs(np.fft.rfft(samples[:16_000])).argmax() * 16_000 / len(samples[:16_000]))
        expect(abs(peak - 440) < 5, f"{name}: a tone of 440 Hz sounds like {peak} Hz")
    return "FLAC, Ogg and MP3"


def _speech(_place: Place) -> str:
    """Nobody speaks in silence or in a tone; the network must say so, frame by frame."""
    import numpy as np

    from workbench.runtimes.speech_finder import FRAME, SpeechFinder

    silence = SpeechFinder().hear(np.zeros(FRAME * 30, np.float32))
    expect(silence.shape == (30,) and float(silence.max()) < 0.5, f"silence is speech to it ({silence.max():.2f})")
    return f"silence: speech {float(silence.mean()):.0%}"


def _video(place: Place) -> str:
    import numpy as np

    from workbench.data.video import VideoReader, open_writer

    path = place.folder / "film.avi"
    writer = open_writer(path, "MJPG", 10.0, (64, 48))
    for number in range(10):
        writer.write(np.full((48, 64, 3), number * 20, np.uint8))
    writer.release()
    with VideoReader(path) as video:
        count = sum(1 for _ in video.frames())
    expect(count == 10, f"{count} of 10 pictures of a video are read")
    return "a video of 10 pictures"


def _microphone(_place: Place) -> str:
    """Whether there is a microphone does not matter; the library is there, or the app says how to get it."""
    try:
        import sounddevice
    except OSError as error:
        return f"not on this system ({error}): recording is off, the rest works"
    devices = sounddevice.query_devices()
    return f"{sounddevice.get_portaudio_version()[1].split(',')[0]}, {len(devices)} devices"


STEPS = (
    Step("sounds", "Sounds", _sound),
    Step("speech", "Where somebody speaks", _speech),
    Step("video", "Videos", _video),
    Step("microphone", "The microphone's library", _microphone),
)
