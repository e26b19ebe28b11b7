"""Make tests/data/voice.{m4a,mp4,webm}: a made-up voice (tests/voices.py) in files libsndfile cannot read.

PYTHONPATH=. python tests/data/make_sound_fixtures.py      (needs the ffmpeg program)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from voices import RATE, say

HERE = Path(__file__).resolve().parent
PICTURES = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5"]
KINDS = {
    "voice.m4a": ([], ["-ac", "2", "-ar", "44100", "-c:a", "aac", "-b:a", "40k"]),
    "voice.mp4": (
        PICTURES,
        ["-shortest", "-c:v", "mpeg4", "-q:v", "20", "-c:a", "aac", "-b:a", "24k", "-ac", "1", "-ar", "24000"],
    ),
    "voice.webm": (PICTURES, ["-shortest", "-c:v", "libvpx", "-b:v", "20k", "-c:a", "libopus", "-b:a", "16k"]),
}


def voice() -> np.ndarray:
    """What the files say."""
    return np.concatenate([say("one two three four five six seven eight nine", 3), say("yes no stop go", 4)])


def main() -> None:
    """Write the files."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "voice.wav"
        soundfile.write(source, voice(), RATE)
        for name, (pictures, how) in KINDS.items():
            command = ["ffmpeg", "-loglevel", "error", "-y", *pictures, "-i", str(source), *how, str(HERE / name)]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
