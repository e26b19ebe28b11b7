"""Sound classes taught on networks of transformers: quickly, further, resumed exactly, exported, opened again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch
import transformers as tf
from safetensors.torch import load_file
from speech_models import _tune
from test_engine_sounds import RATE, call

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.types import Sample
from workbench.engine import finetune
from workbench.engine.events import CheckpointSaved, Finished, How, RunConfig, StepDone
from workbench.engine.export import export_folder, export_onnx
from workbench.engine.fit import fit, new_config, resumable
from workbench.engine.predict import predict
from workbench.runtimes.folder import save_folder
from workbench.runtimes.transformers_sound_network import _network
from workbench.tasks.registry import get_task

BIRDS = ("owl", "triller", "cricket")
QUIET = {"hidden_dropout": 0.0, "attention_dropout": 0.0, "activation_dropout": 0.0, "feat_proj_dropout": 0.0}
SIZES: dict[str, Any] = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}


@pytest.fixture
def project(tmp_path: Path, make_project: Callable[[Path], Project], request: pytest.FixtureRequest) -> Project:
    for place, bird in enumerate(getattr(request, "param", BIRDS)):
        for number in range(12):
            file = tmp_path / "birds" / bird / f"{number}.wav"
            file.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(file, call(bird, 100 * place + number, 0.8), RATE)
    return make_project(tmp_path / "birds")


def listener(kind: str, catalog: Catalog) -> ModelCard:
    """A small network with random weights, as a model of the person's own. Its first layers hear tones, as trained ones do."""
    torch.manual_seed(0)
    named: dict[str, Any] = {"id2label": {0: "a", 1: "b"}, "label2id": {"a": 0, "b": 1}}
    if kind == "ast":
        network: Any = tf.ASTForAudioClassification(
            tf.ASTConfig(max_length=96, num_mel_bins=48, hidden_dropout_prob=0.0, **SIZES, **named)
        )
        extractor: Any = tf.ASTFeatureExtractor(max_length=96, num_mel_bins=48)
    else:
        network = tf.Wav2Vec2ForSequenceClassification(
            tf.Wav2Vec2Config(
                conv_dim=(64, 64), conv_kernel=(400, 16), conv_stride=(40, 8), num_feat_extract_layers=2,
                num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, classifier_proj_size=48, **SIZES, **named, **QUIET,
            )
        )  # fmt: skip
        _tune(network)
        extractor = tf.Wav2Vec2FeatureExtractor()
    folder = app_paths().models / kind
    card = ModelCard(
        kind, kind, ("sound-classification",), "transformers_sound", "AutoModelForAudioClassification",
        Source("folder", str(folder)), trainable_for=("sound-classification",), label_names=("a", "b"),
        created="2026-01-01", summary="For tests.", limits="Untaught.", parameters=10_000, options={"multi_label": True},
    )  # fmt: skip
    save_folder(_network(card, network, extractor, keep_head=True), card, folder)
    catalog.refresh()
    return catalog.get(kind)


@pytest.mark.parametrize("kind", ["ast", "wav2vec2"])
def test_taught_exported_and_opened_again(kind: str, project: Project, catalog: Catalog, tmp_path: Path) -> None:
    card = listener(kind, catalog)
    finished = list(fit(new_config(project, card, How.QUICK), project, catalog))[-1]
    assert isinstance(finished, Finished)
    print(f"{kind}: {finished.metrics['accuracy']:.2f} against {finished.metrics['baseline']:.2f} by guessing")
    assert finished.metrics["accuracy"] > finished.metrics["baseline"] + 0.1
    own = catalog.get(finished.model_id)
    sample = Sample("sound", "new", path=tmp_path / "new.wav")
    soundfile.write(tmp_path / "new.wav", call("cricket", 999, 0.8), RATE)
    said = next(predict([sample], own, get_task("sound-classification"))).prediction
    assert said is not None and said.summary() == "cricket"
    assert sum(s.value for s in said.top) == pytest.approx(1.0)  # type: ignore[union-attr]
    # As a folder that says all, and as ONNX that gives the same answers in another program.
    folder = export_folder(own, tmp_path / "taken")
    assert {"config.json", "preprocessor_config.json", "model.safetensors"} <= {f.name for f in folder.iterdir()}
    samples = [i.sample() for i in project.items(project.item_ids())[:6]]
    check = export_onnx(own, tmp_path / "onnx", samples)
    assert check.passed and check.samples == 6
    note = json.loads(check.path.with_suffix(".json").read_text())
    assert note["labels"] == list(own.label_names) and note["preparation"] == "preprocessor_config.json"
    extractor = tf.AutoFeatureExtractor.from_pretrained(check.path.parent)
    sound = np.interp(np.arange(0, 0.8, 1 / 16_000), np.arange(int(0.8 * RATE)) / RATE, call("cricket", 999, 0.8))
    inputs = extractor(sound.astype(np.float32), sampling_rate=note["sample_rate"], return_tensors="np")
    session = onnxruntime.InferenceSession(str(check.path))
    logits = session.run(None, {"windows": inputs[extractor.model_input_names[0]].astype(np.float32)})[0]
    assert note["labels"][int(logits[0].argmax())] == "cricket"


@pytest.mark.parametrize("project", [("riser", "faller")], indirect=True, ids=["hard"])
def test_taught_further_it_is_stopped_and_resumed_exactly(
    project: Project, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finetune, "CHECKPOINT_SECONDS", 0.0)
    # From Quick's own head on: with so few clips one that begins less sure does not catch up in three rounds.
    monkeypatch.setattr(finetune, "to_begin_with", lambda _steps, best: best)
    card = listener("ast", catalog)  # so that Quick leaves it something to learn
    straight = new_config(project, card, How.THOROUGH, epochs=3, batch_size=8, learning_rate=1e-3)
    stopped = RunConfig.from_json({**straight.to_json(), "run_id": "stopped00000"})
    assert isinstance(list(fit(straight, project, catalog))[-1], Finished)
    running = fit(stopped, project, catalog)
    steps = 0
    for event in running:
        if isinstance(event, StepDone):
            steps = event.step
        if isinstance(event, CheckpointSaved) and steps >= 2:
            break
    running.close()  # type: ignore[attr-defined]
    assert steps >= 2 and [r.id for r in resumable(project)] == ["stopped00000"]
    torch.manual_seed(99)
    assert isinstance(list(fit(stopped, project, catalog, resume=True))[-1], Finished)
    models = {r.id: catalog.get(str(r.metrics["model_id"])) for r in project.runs()}
    first, second, base = (
        load_file(Path(ref) / "model.safetensors")
        for ref in (models[straight.run_id].source.ref, models["stopped00000"].source.ref, card.source.ref)
    )
    assert first.keys() == second.keys() and all(first[k].equal(second[k]) for k in first)
    assert any(not base[k].equal(first[k]) for k in base if k.startswith("backbone.")), "it learnt nothing"
