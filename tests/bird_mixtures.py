"""Recordings of made-up birds in wind, and where each is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from workbench.data.annotations import NewAnnotation
from workbench.data.shapes import Clip
from workbench.data.types import NewItem

RATE = 22_050
BIRDS = {"riser": (1500, 4000, 4.0), "owl": (400, 380, 1.5), "triller": (3000, 3200, 18.0)}
Heard = list[tuple[float, float, str]]


def note(bird: str, rng: np.random.Generator, seconds: float) -> np.ndarray:
    """One call of this length, of random loudness and pitch."""
    start, end, speed = BIRDS[bird]
    t = np.arange(int(seconds * RATE)) / RATE
    phase = (t * speed * rng.uniform(0.85, 1.15) + rng.random()) % 1
    pitch = (start + (end - start) * phase) * rng.uniform(0.93, 1.07)
    wave: np.ndarray = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.sin(np.pi * phase) ** 2
    return wave * rng.uniform(0.15, 0.6)


def mixture(seed: int, seconds: float = 6.0, calls: int = 3) -> tuple[np.ndarray, Heard]:
    """Noise with some calls in it; those of different birds may overlap."""
    rng = np.random.default_rng(seed)
    sound = rng.normal(size=int(seconds * RATE)) * 0.03
    heard: Heard = []
    for _ in range(calls):
        bird = list(BIRDS)[int(rng.integers(len(BIRDS)))]
        length = float(rng.uniform(0.5, 1.6))
        begins = float(rng.uniform(0.2, seconds - length - 0.2))
        if any(name == bird and begins - 0.5 < e and b < begins + length + 0.5 for b, e, name in heard):
            continue
        wave = note(bird, rng, length)
        at = int(begins * RATE)
        sound[at : at + len(wave)] += wave
        heard.append((begins, begins + len(wave) / RATE, bird))
    return sound.astype(np.float32), sorted(heard)


def recordings(folder: Path, count: int, seconds: float = 6.0, first: int = 0) -> list[NewItem]:
    """Written as files, with their marks: everything in them is marked."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number in range(first, first + count):
        sound, heard = mixture(number, seconds)
        file = folder / f"morning {number}.wav"
        soundfile.write(file, sound, RATE)
        marks = tuple(NewAnnotation(Clip(b, e), name) for b, e, name in heard)
        made.append(NewItem("sound", file.name, path=file, annotations=marks))
    return made
