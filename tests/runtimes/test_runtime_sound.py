"""Sound, forecasts and hosted models."""

from __future__ import annotations

import http.server
import json
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers as tf
from own_time import Watch

from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.series_sample import series_of
from workbench.data.sound import read_sound, resampled, sound_blocks
from workbench.data.types import Sample
from workbench.errors import Cancelled, UserError
from workbench.hub import net_settings
from workbench.hub.store import ModelFiles
from workbench.runtimes.base import Writing
from workbench.runtimes.chronos_runtime import Bins
from workbench.runtimes.deepspeech_runtime import cepstra
from workbench.runtimes.registry import open_model
from workbench.runtimes.sound_windows import windows
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Forecast, Scores
from workbench.tasks.registry import get_task

DATA = Path(__file__).resolve().parent.parent / "data"


def card(runtime: str, arch: str, task: str, **more: Any) -> ModelCard:
    return ModelCard("m", "M", (task,), runtime, arch, Source("import", "/"), **more)


def predict(model: Any, task_id: str, sample: Sample, **values: Any) -> Any:
    task = get_task(task_id)
    return task.predict_batch([task.prepare(sample, model)], model, TryOptions(values=values), Control())[0]


def tone(path: Path, seconds: float, rate: int = 16_000, channels: int = 1) -> Sample:
    time_ = np.arange(int(seconds * rate)) / rate
    values = (0.3 * np.sin(2 * np.pi * (200 + 300 * time_ / seconds) * time_) * 32767).astype(np.int16)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(values, channels).tobytes())
    return Sample("sound", path.name, path=path)


# Reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_resampling_in_blocks_has_no_seams(rate: int) -> None:
    from math import gcd

    from scipy.signal import resample_poly

    sound = np.random.default_rng(0).standard_normal(rate * 3).astype(np.float32)
    blocks = (sound[i : i + 7001] for i in range(0, len(sound), 7001))
    made = np.concatenate(list(resampled(blocks, rate, 16_000)))
    shared = gcd(rate, 16_000)
    wanted = resample_poly(sound, 16_000 // shared, rate // shared)
    assert len(made) == len(wanted)
    np.testing.assert_allclose(made, wanted, atol=1e-4)


def test_recordings_of_any_kind_and_none(tmp_path: Path) -> None:
    import soundfile

    stereo = tone(tmp_path / "a.wav", 2.0, 44_100, 2)
    sound, cut = read_sound(stereo, 16_000)
    assert len(sound) == 32_000 and not cut and 0.25 < np.abs(sound).max() < 0.35
    assert read_sound(stereo, 16_000, 1.0)[1]
    for suffix in (".flac", ".ogg", ".mp3"):
        soundfile.write(tmp_path / f"b{suffix}", np.repeat(sound[:, None], 2, 1), 16_000)
        again, _ = read_sound(Sample("sound", path=tmp_path / f"b{suffix}"), 16_000)
        assert abs(len(again) - 32_000) < 3000 and 0.2 < np.abs(again).max() < 0.45
    for content in (b"", b"this is no sound at all", (tmp_path / "a.wav").read_bytes()[:30]):
        (tmp_path / "bad.wav").write_bytes(content)
        with pytest.raises(UserError):
            read_sound(Sample("sound", path=tmp_path / "bad.wav"), 16_000)


def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path) -> None:
    import tracemalloc

    peaks = []
    for minutes in (1, 20):
        sample = tone(tmp_path / f"{minutes}.wav", 60 * minutes, 8000)
        tracemalloc.start()
        assert sum(len(w.samples) for w in windows(sound_blocks(sample, 16_000), 16_000, 30, 0)) == 960_000 * minutes
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


# Speech ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def wav2vec(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    folder = tmp_path / "w2v"
    folder.mkdir()
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGH"]
    (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate(letters)}))
    tokenizer = tf.Wav2Vec2CTCTokenizer(str(folder / "vocab.json"))
    config = tf.Wav2Vec2Config(
        vocab_size=len(letters), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16,) * 7, num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, pad_token_id=0,
    )  # fmt: skip
    model = tf.Wav2Vec2ForCTC(config)
    torch.nn.init.normal_(model.lm_head.weight, std=3.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    tf.Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)
    return folder


def test_ctc_writes_what_the_pipeline_writes_and_long_sounds_whole(wav2vec: Path, tmp_path: Path) -> None:
    sample = tone(tmp_path / "a.wav", 4.0)
    judge = tf.pipeline(
        "automatic-speech-recognition", model=str(wav2vec), feature_extractor=str(wav2vec), tokenizer=str(wav2vec)
    )
    sound, _ = read_sound(sample, 16_000)
    wanted = judge(sound.copy())["text"]
    model: Any = open_model(card("transformers_sound", "AutoModelForCTC", "speech-recognition"), ModelFiles(wav2vec))
    found = predict(model, "speech-recognition", sample)
    assert found.text.split() == wanted.split() and found.text
    assert all(0 <= s.begins < s.ends <= 4.1 for s in found.spans)
    assert [found.text[s.start : s.end] for s in found.spans] == found.text.split()
    long = predict(model, "speech-recognition", tone(tmp_path / "b.wav", 50.0), silence="hear")
    assert long.spans[-1].begins > 40
    # A tone is no speech.
    assert predict(model, "speech-recognition", Sample("sound", path=tmp_path / "b.wav")).text == ""


def test_whisper_writes_what_generate_writes(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(0)
    folder = tmp_path / "whisper"
    vocab = {
        c: i
        for i, c in enumerate(
            ["<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
        )
    }
    backend = Tokenizer(models.BPE(vocab, []))
    backend.pre_tokenizer, backend.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = tf.WhisperTokenizerFast(tokenizer_object=backend, vocab=vocab, merges=[])
    config = tf.WhisperConfig(
        vocab_size=len(vocab) + 8, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, max_target_positions=48, pad_token_id=0, bos_token_id=0, eos_token_id=0,
        decoder_start_token_id=1, suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    network = tf.WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():  # random weights would end at once
        table = network.model.decoder.embed_tokens.weight
        network.model.decoder.layer_norm.bias.copy_(sum(200 * table[vocab[c]] for c in "ABCDEF"))
    network.save_pretrained(folder)
    extractor = tf.WhisperFeatureExtractor()
    tf.WhisperProcessor(extractor, tokenizer).save_pretrained(folder)
    sample = tone(tmp_path / "a.wav", 3.0)
    model: Any = open_model(
        card("transformers_sound", "AutoModelForSpeechSeq2Seq", "speech-recognition"), ModelFiles(folder)
    )
    sound, _ = read_sound(sample, 16_000)
    inputs = extractor(sound, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True)
    ids = network.generate(
        inputs["input_features"], attention_mask=inputs["attention_mask"], max_new_tokens=40, do_sample=False
    )
    wanted = tf.WhisperProcessor.from_pretrained(folder).batch_decode(ids, skip_special_tokens=True)[0].strip()
    found = predict(model, "speech-recognition", sample, silence="hear")
    assert found.text == wanted and wanted
    assert all(0 <= s.begins < s.ends <= 3 and 0 < s.score <= 1 for s in found.spans) and found.spans
    # Where nobody speaks it is not asked: it would make something up.
    assert predict(model, "speech-recognition", sample).text == ""


@pytest.mark.parametrize("kind", ["AST", "Hubert"])
def test_sounds_are_sorted_as_the_pipeline_sorts_them(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    names: dict[str, Any] = {"id2label": {0: "dog", 1: "bell", 2: "rain"}, "label2id": {"dog": 0, "bell": 1, "rain": 2}}
    small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    if kind == "AST":
        network: Any = tf.ASTForAudioClassification(tf.ASTConfig(max_length=128, num_mel_bins=32, **small, **names))
        extractor: Any = tf.ASTFeatureExtractor(max_length=128, num_mel_bins=32)
    else:
        network = tf.HubertForSequenceClassification(
            tf.HubertConfig(
                conv_dim=(16,) * 7,
                num_conv_pos_embeddings=16,
                num_conv_pos_embedding_groups=4,
                classifier_proj_size=16,
                **small,
                **names,
            )
        )
        extractor = tf.Wav2Vec2FeatureExtractor()
    network.save_pretrained(tmp_path / "m")
    extractor.save_pretrained(tmp_path / "m")
    sample = tone(tmp_path / "a.wav", 1.2)  # no longer than this small AST listens at once
    sound, _ = read_sound(sample, 16_000)
    wanted = tf.pipeline("audio-classification", model=str(tmp_path / "m"))(sound.copy())
    model = open_model(
        card("transformers_sound", "AutoModelForAudioClassification", "sound-classification"),
        ModelFiles(tmp_path / "m"),
    )
    found = predict(model, "sound-classification", sample)
    assert isinstance(found, Scores)
    assert {s.name: s.value for s in found.top} == pytest.approx({w["label"]: w["score"] for w in wanted}, abs=1e-4)


def test_cepstra_are_tensorflows() -> None:
    known = np.load(DATA / "cepstra.npz")
    found = cepstra(known["sound"])
    assert found.shape == known["cepstra"].shape
    np.testing.assert_allclose(found, known["cepstra"], atol=2e-3)


def test_deepspeech_hears_letter_by_letter(tmp_path: Path) -> None:
    model: Any = open_model(card("deepspeech", "", "speech-recognition"), ModelFiles(DATA / "deepspeech.tflite"))
    rng = np.random.default_rng(1)
    sound = rng.standard_normal(16_000 * 2).astype(np.float32) * 0.1
    # The fixture's network names at each moment the place of the largest cepstral coefficient.
    alphabet = " abcdefghijklmnopqrstuvwxyz'"
    text, previous = "", -1
    for place in cepstra(sound).argmax(1).tolist():
        if place != previous:
            text += alphabet[place]
        previous = place
    found = list(model.transcribe(iter(np.array_split(sound, 7)), "", Control()))
    assert [h.text for h in found] == text.split()
    assert all(0 <= h.begins < h.ends <= 2.1 for h in found)
    with pytest.raises(UserError, match="another network"):
        open_model(card("deepspeech", "", "speech-recognition"), ModelFiles(DATA / "magenta_predict.tflite"))


def test_the_dictation_starter_listens(tmp_path: Path) -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    starter = Catalog.load().get("dictation-starter")
    model = open_model(starter, files(starter))
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(64_000))
    found = predict(model, "speech-recognition", Sample("sound", path=silence))
    assert found.text == "" and found.note == "The recording is silent."


# Style and text through their real file formats -------------------------------------------------------------------------


def test_magentas_tflite_pair(tmp_path: Path) -> None:
    for part in ("predict", "transfer"):
        (tmp_path / f"style_{part}.tflite").write_bytes((DATA / f"magenta_{part}.tflite").read_bytes())
    model: Any = open_model(card("litert_style", "magenta", "style-transfer"), ModelFiles(tmp_path))
    made = model.stylise(np.full((3, 30, 40), 0.5, np.float32), np.full((3, 20, 20), 0.8, np.float32), 1.0, Control())
    np.testing.assert_allclose(made, 0.4, atol=1e-3)


def test_east_from_a_frozen_graph(tmp_path: Path) -> None:
    from PIL import Image, ImageDraw

    model: Any = open_model(card("opencv_text", "east", "text-in-pictures"), ModelFiles(DATA / "east.pb"))
    page = Image.new("RGB", (128, 96), "white")
    ImageDraw.Draw(page).rectangle((40, 40, 60, 50), fill="black")
    page.save(tmp_path / "p.png")
    found = predict(model, "text-in-pictures", Sample("picture", path=tmp_path / "p.png"), reading="no")
    best = max(found.boxes, key=lambda b: b.score)
    # The fixture's network takes dark for text and calls every line 16 points wide and high.
    assert (
        best.label == "text" and 40 <= (best.x0 + best.x1) / 2 <= 64 and best.x1 - best.x0 == pytest.approx(16, abs=0.5)
    )


# Forecasts --------------------------------------------------------------------------------------------------------------


def test_numbers_are_read_from_whatever_holds_them(tmp_path: Path) -> None:
    def read(text: str) -> list[float]:
        return [round(float(v), 3) for v in series_of(Sample("series", text=text))[0].values]

    assert read("1 2 3.5") == read("1, 2, 3.5") == read("1\n2\n3.5") == read("value\n1\n2\n3.5") == [1, 2, 3.5]
    assert read("day,visits\n2024-01-01,3\n2024-01-02,4\n2024-01-03,5") == [3, 4, 5]
    (tmp_path / "a.csv").write_text("d;v\na;1\nb;\nc;3\nd;4")
    values = series_of(Sample("series", path=tmp_path / "a.csv"))[0].values
    assert np.isnan(values[1]) and values[3] == 4
    for text in ("", "hello", "1 2"):
        with pytest.raises(UserError, match="not enough numbers"):
            read(text)


def test_chronos_words_by_hand_and_a_forecast(tmp_path: Path) -> None:
    bins = Bins(low=-2, high=2, words=7, special=2, context=8, horizon=4, samples=16, top_k=7)
    # Centres at -2, -2/3, 2/3, 2; the mean size of 1, 3, 2 is 2; scaled: 0.5, 1.5, 1.
    words, mask, scale = bins.encode(torch.tensor([1.0, float("nan"), 3.0, 2.0]))
    assert scale == 2.0 and mask.tolist() == [[1, 0, 1, 1, 1]]
    assert words.tolist() == [[5, 0, 6, 5, 1]]
    assert bins.decode(torch.tensor([5, 6]), 2.0).tolist() == pytest.approx([4 / 3, 4.0])
    config = tf.T5Config(
        vocab_size=4096, d_model=32, d_kv=16, d_ff=32, num_layers=1, num_heads=2, pad_token_id=0, eos_token_id=1, decoder_start_token_id=0,
        chronos_config={
            "tokenizer_class": "MeanScaleUniformBins", "tokenizer_kwargs": {"low_limit": -15.0, "high_limit": 15.0},
            "n_tokens": 4096, "n_special_tokens": 2, "pad_token_id": 0, "eos_token_id": 1, "use_eos_token": True, "model_type": "seq2seq",
            "context_length": 512, "prediction_length": 8, "num_samples": 5, "temperature": 1.0, "top_k": 50, "top_p": 1.0,
        },
    )  # fmt: skip
    torch.manual_seed(0)
    tf.T5ForConditionalGeneration(config).save_pretrained(tmp_path / "m")
    model = open_model(card("chronos", "", "forecasting"), ModelFiles(tmp_path / "m"))
    sample = Sample("series", text=" ".join(str(100 + v) for v in range(30)))
    found = predict(model, "forecasting", sample, steps=20)
    assert isinstance(found, Forecast) and len(found.rows) == 20 and len(found.given) == 30
    assert all(low <= middle <= high for low, middle, high in found.rows)
    assert found == predict(model, "forecasting", sample, steps=20)


# Hosted -----------------------------------------------------------------------------------------------------------------


class Fault(http.server.BaseHTTPRequestHandler):
    """A server that misbehaves as `server.fault` says."""

    def do_POST(self) -> None:
        self.server.asked.append(
            (
                self.path,
                self.headers.get("Authorization"),
                json.loads(self.rfile.read(int(self.headers["Content-Length"]))),
            )
        )  # type: ignore[attr-defined]
        fault = self.server.fault  # type: ignore[attr-defined]
        if isinstance(fault, int):
            self.send_response(fault)
            self.end_headers()
            self.wfile.write(b'{"error": {"message": "something about it"}}')
            return
        self.send_response(200)
        self.end_headers()
        for piece in ("Hel", "lo"):
            self.wfile.write(f'data: {{"choices": [{{"delta": {{"content": "{piece}"}}}}]}}\n\n'.encode())
            self.wfile.flush()
        if fault == "cut":
            return
        if fault == "slow":
            time.sleep(5)
        self.wfile.write(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')
        self.wfile.write(
            b'data: {"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}\n\ndata: [DONE]\n\n'
        )

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Any]:
    running: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fault)
    running.daemon_threads, running.fault, running.asked = True, "", []
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


def hosted(server: Any, **options: Any) -> Any:
    source = Source("endpoint", f"http://127.0.0.1:{server.server_address[1]}/v1", path="some-model")
    return open_model(ModelCard("h", "H", ("chat",), "endpoint", "", source, options=options), ModelFiles(Path()))


ASK = [{"role": "user", "content": "Hi"}]


def test_a_hosted_model_streams_and_says_what_it_cost(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.runtimes.endpoint_runtime.endpoint_key", lambda _a: "sk-1")
    model = hosted(server, price_in=2.0, price_out=6.0, currency="USD")
    assert list(model.write(ASK, Writing(), Control())) == ["Hel", "lo"]
    assert server.asked[0][:2] == ("/v1/chat/completions", "Bearer sk-1") and server.asked[0][2]["messages"] == ASK
    assert model.last_usage.cost == pytest.approx(0.005)
    task = get_task("chat")
    answer = task.predict_batch([{"text": "Hi", "note": ""}], model, TryOptions(), Control())[0]
    assert answer.text == "Hello" and "1,000 tokens sent" in answer.note and "0.0050 USD" in answer.note  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, "does not accept the key"),
        (404, "does not know the model"),
        (429, "asks to wait"),
        (500, "code 500"),
        (302, "code 302"),
        ("cut", "broke off"),
    ],
)
def test_what_goes_wrong_with_a_server_is_a_sentence(server: Any, fault: Any, words: str) -> None:
    server.fault = fault
    with pytest.raises(UserError, match=words):
        list(hosted(server).write(ASK, Writing(), Control()))


def test_stop_is_heard_at_once(server: Any) -> None:
    server.fault = "slow"
    control = Control()
    stream = hosted(server).write(ASK, Writing(), control)
    assert next(stream) == "Hel"
    control.cancel()
    watch = Watch()
    with pytest.raises(Cancelled):
        list(stream)
    assert watch.seconds < 0.2


def test_nothing_is_sent_offline_or_in_the_open(server: Any) -> None:
    net_settings.save(net_settings.NetSettings(offline=True))
    with pytest.raises(UserError, match="offline mode"):
        list(hosted(server).write(ASK, Writing(), Control()))
    assert not server.asked
    source = Source("endpoint", "http://example.org/v1", path="m")
    with pytest.raises(UserError, match="not a safe address"):
        open_model(ModelCard("h", "H", ("chat",), "endpoint", "", source), ModelFiles(Path()))
