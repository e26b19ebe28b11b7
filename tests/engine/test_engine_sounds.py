"""Telling sounds apart, taught on the starter: calls of five made-up birds in wind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
from scipy.signal import resample_poly

from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine.events import Finished, How
from workbench.engine.export import export_onnx
from workbench.engine.fit import fit, new_config
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.runtimes.sound_starter_runtime import spectrogram, spectrogram_layers
from workbench.tasks.registry import get_task
from workbench.tasks.sound_classification import varied

RATE = 22_050
BIRDS = {"riser": (1500, 4000, 4, 0), "faller": (4500, 1800, 4, 0), "triller": (3000, 3200, 18, 0), "owl": (400, 380, 1.5, 0),
         "cricket": (6000, 6000, 30, 1)}  # fmt: skip


def call(bird: str, seed: int, seconds: float = 2.0) -> np.ndarray:
    """A few calls at random moments, of random loudness and pitch, in noise as loud as a tenth of them."""
    start, end, speed, gated = BIRDS[bird]
    rng = np.random.default_rng(seed)
    t = np.arange(int(seconds * RATE)) / RATE
    phase = (t * speed * rng.uniform(0.85, 1.15) + rng.random()) % 1
    pitch = (start + (end - start) * phase) * rng.uniform(0.93, 1.07)
    wave = np.sin(2 * np.pi * np.cumsum(pitch) / RATE) * np.sin(np.pi * phase) ** 2
    if gated:
        wave *= phase < 0.5
    wave *= (np.sin(2 * np.pi * (t * 0.7 + rng.random())) > -0.3) * rng.uniform(0.1, 0.6)
    return (wave + rng.normal(size=t.size) * 0.03).astype(np.float32)


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    for bird in BIRDS:
        for number in range(16):
            file = tmp_path / "birds" / bird / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, call(bird, 100 * list(BIRDS).index(bird) + number), RATE)
    return tmp_path / "birds"


def test_quick_tells_birds_apart(
    recordings: Path, make_project: Callable[[Path], Project], catalog: Catalog, tmp_path: Path
) -> None:
    project = make_project(recordings)
    assert project.task_id == "sound-classification"
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    assert card.id == "sound-starter"
    finished = list(fit(new_config(project, card, How.QUICK), project, catalog))[-1]
    assert isinstance(finished, Finished)
    print(f"accuracy {finished.metrics['accuracy']:.2f} against {finished.metrics['baseline']:.2f} by guessing")
    assert finished.metrics["accuracy"] >= 0.8 > 2 * finished.metrics["baseline"]
    own = catalog.get(finished.model_id)
    file = tmp_path / "new.flac"
    soundfile.write(file, np.concatenate([call("owl", 99, 4.0), call("owl", 98, 3.5)]), RATE)
    said = next(predict([Sample("sound", "new", path=file)], own, get_task(project.task_id)))
    assert said.prediction is not None and said.prediction.summary() == "owl"
    # The file that other programs get makes its own spectrogram: waves in, and the same answers.
    samples = [i.sample() for i in project.items(project.item_ids())[:6]] + [Sample("sound", "new", path=file)]
    check = export_onnx(own, tmp_path / "out", samples)
    assert check.passed and check.samples == 7
    note = json.loads(check.path.with_suffix(".json").read_text(encoding="utf-8"))
    wave = resample_poly(np.concatenate([call("owl", 99, 4.0), call("owl", 98, 3.5)]), 640, 441)[
        : 5 * note["sample_rate"]
    ]
    session = onnxruntime.InferenceSession(str(check.path))
    logits = session.run(None, {"windows": wave[None].astype(np.float32)})[0]
    assert note["labels"][int(logits[0].argmax())] == "owl"


def test_the_spectrogram_as_layers_is_the_spectrogram() -> None:
    waves = [np.resize(call(bird, 5), 160_000) for bird in BIRDS] + [np.zeros(160_000, np.float32)]
    made = spectrogram_layers()(torch.from_numpy(np.stack(waves)))
    wanted = torch.stack([spectrogram(wave) for wave in waves])
    assert made.shape == wanted.shape and float((made - wanted).abs().max()) < 2e-3


def test_an_untaught_starter_says_so(recordings: Path, catalog: Catalog) -> None:
    card = catalog.get("sound-starter")
    sample = Sample("sound", path=min(recordings.rglob("*.wav")))
    with pytest.raises(UserError, match="no classes of its own"):
        next(predict([sample], card, get_task("sound-classification")))


def test_variation_is_drawn_from_its_seed_and_stays_a_sound() -> None:
    sound = call("riser", 1)
    first, again, other = varied(sound, RATE, 5), varied(sound, RATE, 5), varied(sound, RATE, 6)
    assert (first == again).all() and first.shape != other.shape
    assert first.dtype == np.float32 and np.abs(first).max() <= 1
    assert 0.9 * len(sound) < len(first) < 1.1 * len(sound)
