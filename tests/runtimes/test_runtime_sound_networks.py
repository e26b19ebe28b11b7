"""Backbones for sounds: what they say and what they see is transformers' own, and long recordings count whole."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from hub_server import serving

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.hub_kinds import kind_of
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.hub.store import ModelFiles, download
from workbench.runtimes.registry import open_model
from workbench.runtimes.transformers_sound_network import HubSoundNetwork
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task
from workbench.tasks.sound_classification import spread

RATE = 16_000
NAMES = ("dog", "bell", "rain")
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WAVES = {"conv_dim": (16,) * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
ARCH = "AutoModelForAudioClassification"


def small_network(kind: str, folder: Path, bare: bool = False, **more: Any) -> Path:
    """A small network of a kind with random weights, in the files its publisher's would come in."""
    torch.manual_seed(0)
    named: dict[str, Any] = {"id2label": dict(enumerate(NAMES)), "label2id": {n: i for i, n in enumerate(NAMES)}}
    if kind == "AST":
        config: Any = tf.ASTConfig(max_length=128, num_mel_bins=32, **SMALL, **named, **more)
        extractor: Any = tf.ASTFeatureExtractor(max_length=128, num_mel_bins=32)
        network: Any = (tf.ASTModel if bare else tf.ASTForAudioClassification)(config)
    elif kind == "Whisper":
        config = tf.WhisperConfig(
            d_model=32, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=32, decoder_layers=1,
            decoder_attention_heads=2, decoder_ffn_dim=32, vocab_size=300, pad_token_id=0, bos_token_id=0, eos_token_id=0,
            decoder_start_token_id=1, classifier_proj_size=16, use_weighted_layer_sum=True, **named,
        )  # fmt: skip
        extractor, network = tf.WhisperFeatureExtractor(), tf.WhisperForAudioClassification(config)
    else:
        extractor = tf.Wav2Vec2FeatureExtractor(return_attention_mask=kind.endswith("Layer"))
        if kind.endswith("Layer"):  # as the large ones are built
            kind = kind.removesuffix("Layer")
            more = {"feat_extract_norm": "layer", "conv_bias": True, "do_stable_layer_norm": True, **more}
        config = getattr(tf, f"{kind}Config")(classifier_proj_size=16, **SMALL, **WAVES, **named, **more)
        network = getattr(tf, f"{kind}{'Model' if bare else 'ForSequenceClassification'}")(config)
    network.save_pretrained(folder)
    extractor.save_pretrained(folder)
    return folder


def card(ref: str = "/", arch: str = ARCH, **options: Any) -> ModelCard:
    source = Source("huggingface", ref, revision="main") if ref != "/" else Source("import", "/")
    return ModelCard(
        f"m-{ref.replace('/', '-')}", "M", ("sound-classification",), "transformers_sound", arch, source, options=options,
        trainable_for=("sound-classification",),
    )  # fmt: skip


def opened(folder: Path, arch: str = ARCH, **options: Any) -> HubSoundNetwork:
    model = open_model(card(arch=arch, **options), ModelFiles(folder))
    assert isinstance(model, HubSoundNetwork)
    return model


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(int(seconds * RATE))).astype(np.float32)


def saved(path: Path, sound: np.ndarray) -> Sample:
    import soundfile

    soundfile.write(path, sound, RATE, subtype="FLOAT")
    return Sample("sound", path.name, path=path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with serving() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.mark.parametrize("kind", ["AST", "Hubert", "Wav2Vec2", "Wav2Vec2Layer", "WavLM", "Whisper"])
def test_a_published_one_says_what_the_pipeline_says(kind: str, hub: Any, tmp_path: Path) -> None:
    hub.add_folder(f"small/{kind}", small_network(kind, tmp_path / "m"))
    published = card(f"small/{kind}")
    download(published)
    sound = noise(1.2)
    wanted = {
        w["label"]: w["score"]
        for w in tf.pipeline("audio-classification", model=str(tmp_path / "m"), top_k=3)(sound.copy())
    }
    task = get_task("sound-classification")
    sample = saved(tmp_path / "a.wav", sound)
    said = next(predict([sample], published, task, pool=ModelPool(10**10), device="cpu")).prediction
    assert isinstance(said, Scores)
    assert {s.name: s.value for s in said.top} == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("kind", ["AST", "Wav2Vec2"])
def test_what_it_sees_is_what_the_feature_extractor_makes(kind: str, tmp_path: Path) -> None:
    model = opened(small_network(kind, tmp_path / "m"))
    sound = noise(4.0)
    extractor = tf.AutoFeatureExtractor.from_pretrained(tmp_path / "m")
    parts = model.cut(sound)
    # 128 frames of 25 ms, one every 10 ms, are 1.295 s: four windows, the last one drawn back to end with the sound.
    assert len(parts) == (4 if kind == "AST" else 1) and (parts[-1][-100:] == sound[-100:]).all()
    if kind == "AST":
        assert {len(p) for p in parts} == {round(1.295 * RATE)}
    for part, made in zip(parts, model.windows_of(sound), strict=True):
        wanted = extractor(part, sampling_rate=RATE, return_tensors="pt")[extractor.model_input_names[0]][0]
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-6)


def test_recordings_of_all_lengths_in_one_batch_are_as_alone(tmp_path: Path) -> None:
    model = opened(small_network("Wav2Vec2", tmp_path / "m"))
    task: Any = get_task("sound-classification")
    samples = [saved(tmp_path / f"{n}.wav", noise(s, n)) for n, s in enumerate((0.02, 0.5, 1.3, 0.5))]
    prepared = [task.prepare(s, model) for s in samples]
    together = task.predict_batch(prepared, model, TryOptions())
    for one, found in zip(prepared, together, strict=True):
        alone = task.predict_batch([one], model, TryOptions())[0]
        assert {s.name: s.value for s in found.top} == pytest.approx({s.name: s.value for s in alone.top}, abs=1e-6)


def test_all_of_a_long_recording_counts_and_it_says_how(tmp_path: Path) -> None:
    folder = small_network("AST", tmp_path / "m")
    task: Any = get_task("sound-classification")
    sample = saved(tmp_path / "a.wav", np.concatenate([noise(2.0), 3 * noise(1.5, 1)]))
    for several in (False, True):
        model = opened(folder, multi_label=several)
        windows = model.windows_of(np.concatenate([noise(2.0), 3 * noise(1.5, 1)]))
        with torch.inference_mode():
            logits = model.logits({"windows": torch.stack(windows)})
        wanted = torch.sigmoid(logits).max(0).values if several else logits.mean(0).softmax(0)
        said = task.predict_batch([task.prepare(sample, model)], model, TryOptions())[0]
        got = {s.name: s.value for s in said.top}
        assert got == pytest.approx(dict(zip(NAMES, wanted.tolist(), strict=True)), abs=1e-5)
        assert (
            said.note
            == f"Listened to in 3 pieces; {'of each class the strongest counts' if several else 'their mean counts'}."
        )


def test_hours_are_listened_to_evenly_in_constant_memory(tmp_path: Path) -> None:
    class Marked:
        """Stands for a model: its window's input is the window's first sample, which says when it is."""

        sample_rate, window_seconds, window_size = 1000, 10.0, 10_000

        def windows_of(self, sound: Any) -> list[Any]:
            return [float(sound[0])]

    def hours(count: int) -> Iterator[np.ndarray]:
        for second in range(0, count * 3600, 10):
            yield np.full(10_000, second, np.float32)

    peaks = []
    for count in (1, 12):
        tracemalloc.start()
        kept, seconds = spread(hours(count), Marked(), 32)  # type: ignore[arg-type]
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert seconds == count * 3600 and 16 <= len(kept) <= 32
        steps = set(np.diff(np.array(kept)).tolist())
        assert len(steps) == 1 and kept[0] == 0 and kept[-1] + 2 * steps.pop() >= count * 3600
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.parametrize("kind", ["Hubert", "AST"])
def test_bare_ones_give_features_and_have_no_classes(kind: str, tmp_path: Path) -> None:
    model = opened(small_network(kind, tmp_path / "m", bare=True), "AutoModel")
    assert model.labels == () and model.head is None
    network = tf.AutoModel.from_pretrained(tmp_path / "m").eval()
    window = model.windows_of(noise(0.8))[0][None]
    with torch.inference_mode():
        got = model.features({"windows": window})
        out = network(window, output_hidden_states=True)
    wanted = out.pooler_output if kind == "AST" else torch.stack(out.hidden_states).mean(0).mean(1)
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)


def test_nothing_is_random_while_it_learns_but_what_is_drawn_from_the_seed(tmp_path: Path) -> None:
    more: dict[str, Any] = {
        "hidden_dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_dropout": 0.0,
        "feat_proj_dropout": 0.0,
    }
    model = opened(small_network("Hubert", tmp_path / "m", layerdrop=0.9, mask_time_prob=0.9, **more))
    windows = model.windows_of(noise(0.3))[0][None]
    model.module.train()
    first = model.logits({"windows": windows})
    assert torch.equal(first, model.logits({"windows": windows}))
    # The layers that make moments of a wave stay as they are.
    learnt = {id(p) for stage in model.stages() for p in stage}
    fixed = [p for n, p in model.backbone.named_parameters() if "feature_extractor" in n]
    assert fixed and not any(id(p) in learnt for p in fixed)
    assert len(learnt) + len(fixed) == len(list(model.module.parameters()))


def test_the_hub_s_sound_models_are_known_by_their_config() -> None:
    for name in ("HubertForSequenceClassification", "Wav2Vec2ForSequenceClassification", "ASTForAudioClassification"):
        found = kind_of([name], "hubert")
        assert found is not None and found.arch == ARCH and found.trainable_for == ("sound-classification",)
    for name in ("HubertModel", "WavLMModel", "Wav2Vec2ForPreTraining"):
        found = kind_of([name], "hubert")
        assert found is not None and found.arch == "AutoModel" and found.tasks == ()
    text = kind_of(["BertForSequenceClassification"], "bert")
    assert text is not None and text.tasks == ("text-classification",)


def test_several_classes_at_once_is_read_from_the_config_and_not_taught_on(tmp_path: Path) -> None:
    from workbench.runtimes import transformers_sound_runtime as runtime
    from workbench.runtimes.folder import open_folder, save_folder

    folder = small_network("AST", tmp_path / "m", problem_type="multi_label_classification")
    model = opened(folder)
    assert model.card.options["multi_label"]
    own = replace(
        model.card, id="own", label_names=("one", "two"), source=Source("folder", str(tmp_path / "own")),
    )  # fmt: skip
    taught = model.with_head(("one", "two"), torch.randn(2, model.feature_width), torch.zeros(2))
    save_folder(taught, own, tmp_path / "own")
    again: Any = open_folder(own, tmp_path / "own", runtime)
    again.module.eval()
    assert "multi_label" not in again.card.options and again.labels == ("one", "two")
    window = again.windows_of(noise(0.8))[0][None]
    with torch.inference_mode():
        torch.testing.assert_close(again.logits({"windows": window}), taught.logits({"windows": window}))
