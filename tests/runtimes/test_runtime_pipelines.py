"""One small random model through `transformers.pipeline` and through this app: the same answer, for every task that has a
pipeline. Small copies of the catalogue's own entries, from the loopback hub. Where we differ on purpose, the test's name says
so and the test shows that the difference is nothing else.

The library's pipelines for question answering, summing up and translating are gone since version 5: those are held against
its `generate`, and answers against the logits (tests/runtimes/test_runtime_language.py).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
import transformers as tf

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.hub.store import ModelFiles, download, files
from workbench.runtimes.base import Writing
from workbench.runtimes.registry import open_model
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Scores, Vector
from workbench.tasks.registry import get_task

sys.path[:0] = [
    str(Path(__file__).resolve().parent.parent),
    str(Path(__file__).resolve().parent.parent / "catalog"),
]
from hub_server import serving  # noqa: E402
from small_copies import served  # noqa: E402

TEXT = "Anna Berg lives in Oslo. She works for the Fjord Bank."
Opened = tuple[ModelCard, Any, str]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> Iterator[Callable[..., Opened]]:
    """`opened(id)`: its card, the model as this app opens it, and the folder for the library. `change` may edit the files."""
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)

        def make(name: str, change: Callable[[Path], None] | None = None) -> Opened:
            card = catalog.get(name)
            download(served(card, hub, tmp_path / name))
            folder = files(card).path
            if change is not None:
                copy = tmp_path / f"{name}-changed"
                copy.mkdir()
                for file in folder.iterdir():
                    (copy / file.name).write_bytes(file.read_bytes())
                change(copy)
                folder = copy
            return card, open_model(card, ModelFiles(folder)), str(folder)

        yield make


def ours(card: ModelCard, model: Any, text: str, labels: tuple[str, ...] = (), **values: Any) -> Any:
    return asked(card.main_task, model, Sample("text", text=text), labels, **values)


def asked(task_id: str, model: Any, sample: Sample, labels: tuple[str, ...] = (), **values: Any) -> Any:
    task = get_task(task_id)
    prepared = task.prepare(sample, model)
    return task.predict_batch([prepared], model, TryOptions(labels, values), Control())[0]


def shares(found: Any) -> dict[str, float]:
    assert isinstance(found, Scores)
    return {s.name: s.value for s in found.top}


# Sorting ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("distilbert-sst2", "softmax"),
        ("german-sentiment", "softmax"),
        ("twitter-roberta-sentiment", "softmax"),
        ("toxic-bert", "sigmoid"),
        ("go-emotions", "sigmoid"),
    ],
)
def test_text_classification(name: str, function: str, opened: Callable[..., Opened]) -> None:
    card, model, folder = opened(name)
    judge = tf.pipeline("text-classification", model=folder, top_k=None, function_to_apply=function)
    wanted = {int(w["label"].split("_")[1]): w["score"] for w in judge([TEXT])[0]}
    found = ours(card, model, TEXT)
    # Of very many classes the likeliest are told.
    told = {s.index: s.value for s in found.top}
    assert len(told) >= min(20, len(wanted)) and min(told.values()) >= sorted(wanted.values())[-len(told)] - 1e-5
    assert told == pytest.approx({n: wanted[n] for n in told}, abs=1e-5)
    assert found.several == (function == "sigmoid")


@pytest.mark.parametrize("name", ["distilbert-sst2", "twitter-roberta-sentiment"])
def test_text_classification_differs_only_by_averaging_the_windows_of_a_long_text(
    name: str, opened: Callable[..., Opened]
) -> None:
    card, model, folder = opened(name)
    judge = tf.pipeline("text-classification", model=folder, top_k=None, function_to_apply="none")
    longest = card.preparation.max_tokens
    long = "abcdefghij " * (longest // 11 * 3)
    tokens = judge.tokenizer(
        long, truncation=True, max_length=longest, stride=longest // 4, return_overflowing_tokens=True
    )
    windows = tokens["input_ids"]
    assert len(windows) > 2
    with torch.inference_mode():
        logits = torch.stack([judge.model(input_ids=torch.tensor([w])).logits[0] for w in windows])
    wanted = torch.softmax(logits.mean(0), -1)
    found = ours(card, model, long)
    assert [s.value for s in sorted(found.top, key=lambda s: s.index)] == pytest.approx(wanted.tolist(), abs=1e-4)
    assert f"{len(windows)} overlapping parts" in found.note
    # The library's own way is the first window alone.
    cut = judge([long], truncation=True, max_length=longest)[0]
    assert [w["score"] for w in sorted(cut, key=lambda w: w["label"])] == pytest.approx(logits[0].tolist(), abs=1e-4)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("name", ["nli-distilroberta", "bart-large-mnli", "deberta-v3-nli"])
def test_zero_shot_classification(name: str, several: bool, opened: Callable[..., Opened]) -> None:
    card, model, folder = opened(name)
    judge = tf.pipeline("zero-shot-classification", model=folder)
    labels = ("work", "music", "the sea")
    wanted = judge(TEXT, list(labels), hypothesis_template="It speaks of {}.", multi_label=several)
    found = ours(card, model, TEXT, labels, sentence="It speaks of {}.", several="several" if several else "one")
    assert shares(found) == pytest.approx(dict(zip(wanted["labels"], wanted["scores"], strict=True)), abs=1e-4)
    assert [s.name for s in found.top] == wanted["labels"]


def test_zero_shot_classification_differs_only_by_averaging_the_windows_of_a_long_text(
    opened: Callable[..., Opened],
) -> None:
    card, model, folder = opened("nli-distilroberta")
    judge = tf.pipeline("zero-shot-classification", model=folder)
    long = f"{TEXT} " * 8
    statements = ["This text is about work.", "This text is about music."]
    logits = []
    for statement in statements:
        room = 128 - len(judge.tokenizer("", statement)["input_ids"])
        rows = judge.tokenizer(
            long, statement, truncation="only_first", max_length=128, stride=room // 4, return_overflowing_tokens=True
        )["input_ids"]
        with torch.inference_mode():
            logits.append(torch.stack([judge.model(input_ids=torch.tensor([r])).logits[0] for r in rows]).mean(0)[1])
    wanted = torch.softmax(torch.stack(logits), 0).tolist()
    found = ours(card, model, long, ("work", "music"))
    assert shares(found) == pytest.approx({"work": wanted[0], "music": wanted[1]}, abs=1e-4)
    assert "overlapping parts" in found.note


# Marking and filling in --------------------------------------------------------------------------------------------------


def _named(folder: Path) -> None:
    """Labels of people and places in place of numbers."""
    config = json.loads((folder / "config.json").read_text())
    kinds = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-MISC", "I-MISC"]
    names = {str(n): kinds[n] for n in range(len(config.get("id2label") or kinds))}
    config |= {"id2label": names, "label2id": {v: int(k) for k, v in names.items()}}
    (folder / "config.json").write_text(json.dumps(config))
    letters = sorted({c for c in TEXT if not c.isspace()})
    for old in folder.glob("tokenizer*"):
        old.unlink()
    if config["model_type"] == "xlm-roberta":
        # Sentence pieces: a mark in front of each word.
        from tokenizers import Tokenizer, models, pre_tokenizers

        vocab = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "\u2581", *letters, *(f"\u2581{c}" for c in letters)]
        merges = [("\u2581", c) for c in letters]
        backend = Tokenizer(models.BPE({t: n for n, t in enumerate(vocab)}, merges, unk_token="<unk>"))
        backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
        made: Any = tf.PreTrainedTokenizerFast(
            tokenizer_object=backend, unk_token="<unk>", pad_token="<pad>", model_max_length=128
        )
    else:
        words = ["Anna", "Berg", "Oslo", "works", "the", "Bank"]
        vocab = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words]
        (folder / "vocab.txt").write_text("\n".join(vocab))
        made = tf.BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=False, model_max_length=128)
        if config["model_type"] == "distilbert":
            made.model_input_names = ["input_ids", "attention_mask"]
    made.save_pretrained(folder)


@pytest.mark.parametrize("name", ["bert-base-ner", "distilbert-ner", "xlm-roberta-ner"])
def test_token_classification(name: str, opened: Callable[..., Opened]) -> None:
    card, model, folder = opened(name, _named)
    judge = tf.pipeline("token-classification", model=folder, aggregation_strategy="first")
    # For sentence pieces the library glues punctuation to the word before it: so blanks are between.
    text = TEXT.replace(".", " .")
    wanted = [(w["start"], w["end"], w["entity_group"]) for w in judge(text)]
    assert [(s.start, s.end, s.label) for s in ours(card, model, text).spans] == wanted


def test_words_are_never_split_and_chinese_characters_are_words() -> None:
    from workbench.runtimes.transformers_text_runtime import _joined

    def tokens(text: str, *given: tuple[str, str]) -> list[tuple[int, int, str, float]]:
        made, at = [], 0
        for piece, label in given:
            at = text.index(piece, at)
            made.append((at, at + len(piece), label, 1.0))
            at += len(piece)
        return made

    def found(text: str, *given: tuple[str, str]) -> list[tuple[str, str]]:
        return [(text[t.start : t.end], t.label) for t in _joined(text, tokens(text, *given))]

    # The first piece of a word decides, also when it says that the word is nothing.
    assert found("unhappy Ann", ("un", "O"), ("hap", "B-PER"), ("py", "I-PER"), ("Ann", "B-PER")) == [("Ann", "PER")]
    assert found("Annabel", ("Anna", "B-PER"), ("bel", "O")) == [("Annabel", "PER")]
    chinese = [("张", "B-PER"), ("三", "I-PER"), ("在", "O"), ("北", "B-LOC"), ("京", "I-LOC")]
    assert found("张三在北京", *chinese) == [("张三", "PER"), ("北京", "LOC")]


@pytest.mark.parametrize(
    "name", ["bert-base-uncased-gap", "roberta-base-gap", "modernbert-base-gap", "camembert-base-gap"]
)
def test_fill_mask(name: str, opened: Callable[..., Opened]) -> None:
    card, model, folder = opened(name)
    judge = tf.pipeline("fill-mask", model=folder, top_k=10)
    wanted = judge(f"Anna lives in {judge.tokenizer.mask_token} .")
    found = ours(card, model, "Anna lives in ___ .")
    assert [s.value for s in found.top] == pytest.approx([w["score"] for w in wanted], rel=1e-3)
    assert [s.name for s in found.top] == [w["token_str"].strip() for w in wanted]
    assert found.note == ""


def test_fill_mask_differs_only_by_looking_around_a_gap_that_lies_far_back(opened: Callable[..., Opened]) -> None:
    card, model, folder = opened("bert-base-uncased-gap")
    judge = tf.pipeline("fill-mask", model=folder, top_k=10)
    found = ours(card, model, f"{'lamp ' * 200}___{' lamp' * 200} and ___")
    room = model.reads_at_once - model.tokenizer.num_special_tokens_to_add() - 2
    before = "lamp " * 200
    around = (before + judge.tokenizer.mask_token + " lamp" * 200)[len(before) - room // 2 :]
    around = around[: room - 1 + len(judge.tokenizer.mask_token)]
    wanted = judge(around)
    assert [s.value for s in found.top] == pytest.approx([w["score"] for w in wanted], rel=1e-3)
    assert "Only the first of 2 gaps" in found.note and "around the gap" in found.note


def test_feature_extraction_with_the_mean_over_the_words(opened: Callable[..., Opened]) -> None:
    card, model, folder = opened("all-minilm-l6-v2")
    hidden = torch.tensor(tf.pipeline("feature-extraction", model=folder)(TEXT)[0])
    wanted = torch.nn.functional.normalize(hidden.mean(0), dim=0)
    found = asked("sentence-embedding", model, Sample("text", text=TEXT))
    assert isinstance(found, Vector) and card.preparation.pooling == "mean"
    assert found.values == pytest.approx(wanted.tolist(), abs=1e-5)


def test_feature_extraction_by_sentence_transformers_own_pooling(opened: Callable[..., Opened]) -> None:
    library = pytest.importorskip("sentence_transformers")
    _card, model, folder = opened("all-minilm-l6-v2")
    whole = library.SentenceTransformer(folder, device="cpu", local_files_only=True)
    wanted = whole.encode([TEXT], normalize_embeddings=True)[0]
    assert asked("sentence-embedding", model, Sample("text", text=TEXT)).values == pytest.approx(wanted, abs=1e-5)


# Writing ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["distilgpt2", "gpt-neo-125m", "qwen2.5-0.5b", "smollm2-135m"])
def test_text_generation(name: str, opened: Callable[..., Opened]) -> None:
    _card, model, folder = opened(name)
    judge = tf.pipeline("text-generation", model=folder)
    said = judge("Once upon", max_new_tokens=24, do_sample=False, return_full_text=False, max_length=None)
    wanted = said[0]["generated_text"]
    found = "".join(model.write([{"role": "user", "content": "Once upon"}], Writing(max_tokens=24), Control()))
    assert found and found == wanted


def _chats(folder: Path) -> None:
    template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    (folder / "chat_template.jinja").write_text(template)


def test_chat(opened: Callable[..., Opened]) -> None:
    _card, model, folder = opened("qwen2.5-0.5b", _chats)
    assert model.chats
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
    judge = tf.pipeline("text-generation", model=folder)
    wanted = judge(messages, max_new_tokens=14, do_sample=False, max_length=None)[0]["generated_text"][-1]["content"]
    found = asked("chat", model, Sample("text", text="Hello"), role="Be kind.", length=10)
    assert found.text and found.text == wanted.strip()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("t5-small", {}),
        ("t5-small-german", {}),
        ("bart-large-cnn", {}),
        ("opus-mt-en-de", {}),
        ("nllb-600m", {"source": "eng_Latn", "target": "deu_Latn"}),
    ],
)
def test_summing_up_and_translating_by_the_likeliest_word(
    name: str, options: dict[str, str], opened: Callable[..., Opened]
) -> None:
    card, model, folder = opened(name)
    network = tf.AutoModelForSeq2SeqLM.from_pretrained(folder)
    tokenizer = tf.AutoTokenizer.from_pretrained(folder)
    forced = {"forced_bos_token_id": tokenizer.convert_tokens_to_ids(options["target"])} if options else {}
    encoded = tokenizer(card.options.get("prefix", "") + TEXT, return_tensors="pt", return_token_type_ids=False)
    pad = network.generation_config.pad_token_id
    bad = {"bad_words_ids": [[pad]]} if pad not in (None, network.generation_config.eos_token_id) else {}
    with torch.inference_mode():
        ids = network.generate(**encoded, max_new_tokens=24, do_sample=False, num_beams=1, **forced, **bad)
    wanted = tokenizer.decode(ids[0], skip_special_tokens=True).removeprefix(options.get("target", ""))
    how = Writing(max_tokens=24 - len(model.first_tokens(Writing(**options))) + 1, **options)
    found = "".join(model.write([{"role": "user", "content": TEXT}], how, Control()))
    assert found == wanted


def test_the_languages_of_the_catalogue_are_the_tokenizers_own() -> None:
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES as M2M
    from transformers.models.nllb.tokenization_nllb import FAIRSEQ_LANGUAGE_CODES as NLLB

    for name, codes in (("nllb-600m", NLLB), ("m2m100-418m", M2M["m2m100"])):
        listed = Catalog.load().get(name).options["languages"]
        assert {code for code, _name in listed} == set(codes) and len(listed) == len(codes)
        assert len({plain for _code, plain in listed}) == len(listed) and listed[0][1] == "English"


def test_m2m_100_is_told_its_languages_by_its_own_marks(tmp_path: Path) -> None:
    import sentencepiece

    from workbench.runtimes.transformers_writer_runtime import TextChanger

    (tmp_path / "t.txt").write_text("the lamp is here and the lamp is there\n" * 50)
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "t.txt"), model_prefix=str(tmp_path / "s"), vocab_size=19, minloglevel=2
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "s.model"))
    vocab = ["<s>", "<pad>", "</s>", "<unk>", *(pieces.id_to_piece(n) for n in range(3, pieces.get_piece_size()))]
    (tmp_path / "vocab.json").write_text(json.dumps({t: n for n, t in enumerate(vocab)}))
    tokenizer: Any = tf.M2M100Tokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "s.model"))
    config = tf.M2M100Config(
        vocab_size=400, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
    )  # fmt: skip
    torch.manual_seed(0)
    network = tf.M2M100ForConditionalGeneration(config).eval()
    card = Catalog.load().get("m2m100-418m")
    model = TextChanger(card, network, tokenizer)
    how = Writing(max_tokens=11, source="en", target="de")
    assert model.first_tokens(how)[-1] == tokenizer.get_lang_id("de")
    ids = model.given_tokens("the lamp", how)["input_ids"][0].tolist()
    tokenizer.src_lang = "en"
    assert ids == tokenizer("the lamp")["input_ids"] and ids[0] == tokenizer.get_lang_id("en")
    with torch.inference_mode():
        made = network.generate(
            **tokenizer("the lamp", return_tensors="pt"), forced_bos_token_id=tokenizer.get_lang_id("de"),
            max_new_tokens=12, do_sample=False, num_beams=1, bad_words_ids=[[1]],
        )  # fmt: skip
    wanted = tokenizer.decode(made[0], skip_special_tokens=True).removeprefix("__de__")
    assert "".join(model.write([{"role": "user", "content": "the lamp"}], how, Control())).strip() == wanted.strip()


# Sounds -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, Any]:
    rng = np.random.default_rng(3)
    sound = (0.3 * np.sin(np.arange(16_000) * 0.05) + 0.05 * rng.normal(size=16_000)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    return tmp_path / "a.wav", sound


def test_speech_recognition_letter_by_letter(opened: Callable[..., Opened], recording: tuple[Path, Any]) -> None:
    card, model, folder = opened("wav2vec2-base-960h")
    judge = tf.pipeline("automatic-speech-recognition", model=folder)
    wanted = judge({"raw": recording[1].copy(), "sampling_rate": 16_000})["text"]
    found = asked(card.main_task, model, Sample("sound", path=recording[0]))
    # A random network also writes the tokenizer's marks, which are no letters here.
    for mark in ("<s>", "</s>", "<unk>"):
        wanted = wanted.replace(mark, "")
    assert wanted and found.text.lower() == " ".join(wanted.lower().split())


@pytest.mark.parametrize("name", ["hubert-commands", "ast-commands"])
def test_audio_classification(name: str, opened: Callable[..., Opened], recording: tuple[Path, Any]) -> None:
    card, model, folder = opened(name)
    judge = tf.pipeline("audio-classification", model=folder, top_k=None)
    wanted = {int(w["label"].split("_")[1]): w["score"] for w in judge(recording[1].copy())}
    found = asked(card.main_task, model, Sample("sound", path=recording[0]))
    assert found.top and all(s.value == pytest.approx(wanted[s.index], abs=1e-4) for s in found.top)
