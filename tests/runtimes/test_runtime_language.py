"""The language runtimes against transformers' own pipelines and `generate`, on small random models."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as tf
from own_time import StopsLater

from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import Cancelled, UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes.base import Writing
from workbench.runtimes.registry import open_model
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Scores, Text, Vector
from workbench.tasks.registry import get_task

TEXT = "Anna Berg lives in Oslo . She works for the Fjord Bank since May , and plays the violin in an orchestra ."
SMALL: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def card(runtime: str, arch: str, task: str, **more: Any) -> ModelCard:
    return ModelCard("m", "M", (task,), runtime, arch, Source("import", "/"), **more)


def predict(model: Any, task_id: str, text: str, **values: Any) -> Any:
    task = get_task(task_id)
    prepared = task.prepare(Sample("text", text=text), model)
    return task.predict_batch([prepared], model, TryOptions(values=values), Control())[0]


def word_pieces(folder: Path) -> Any:
    """A BERT tokenizer that knows the letters and the words of the text."""
    letters = [chr(c) for c in range(33, 127)]
    words = sorted({w.lower() for w in TEXT.split()} - set(letters))
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words]
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(tokens)))
    return tf.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)


def byte_pairs(folder: Path) -> Any:
    """A GPT-2 / RoBERTa tokenizer of single bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {c: i for i, c in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        mask_token="<mask>", model_max_length=128,
    )  # fmt: skip


def saved(model: Any, tokenizer: Any, folder: Path) -> ModelFiles:
    model.eval().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return ModelFiles(folder)


# Reading --------------------------------------------------------------------------------------------------------------


def test_names_are_marked_as_the_pipeline_marks_them(tmp_path: Path) -> None:
    torch.manual_seed(4)
    tokenizer = word_pieces(tmp_path / "m")
    names = dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]))
    config = tf.BertConfig(
        vocab_size=len(tokenizer), id2label=names, label2id={v: k for k, v in names.items()}, **SMALL
    )
    files = saved(tf.BertForTokenClassification(config), tokenizer, tmp_path / "m")
    judge = tf.pipeline("token-classification", model=str(tmp_path / "m"), aggregation_strategy="first")
    wanted = judge(TEXT)
    model = open_model(card("transformers_text", "AutoModelForTokenClassification", "token-classification"), files)
    found = predict(model, "token-classification", TEXT)
    assert isinstance(found, Text) and found.marked and found.text == TEXT
    assert [(s.start, s.end, s.label) for s in found.spans] == [
        (w["start"], w["end"], w["entity_group"]) for w in wanted
    ]
    long = predict(model, "token-classification", f"{TEXT} " * 12)
    assert max(s.end for s in long.spans) > len(TEXT) * 11  # nothing is cut off


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_answers_are_found_where_the_pipeline_finds_them(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    if kind == "roberta":
        tokenizer = byte_pairs(tmp_path / "m")
        config: Any = tf.RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=140, pad_token_id=1, **SMALL)
        network: Any = tf.RobertaForQuestionAnswering(config)
    elif kind == "bert":
        tokenizer = word_pieces(tmp_path / "m")
        network = tf.BertForQuestionAnswering(tf.BertConfig(vocab_size=len(tokenizer), **SMALL))
    else:
        tokenizer = word_pieces(tmp_path / "m")
        network = tf.DistilBertForQuestionAnswering(
            tf.DistilBertConfig(vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=2, hidden_dim=32)
        )
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(card("transformers_text", "AutoModelForQuestionAnswering", "question-answering"), files)
    passage = TEXT[:60]
    encoded = tokenizer("Who plays", passage, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    inside = torch.tensor([i == 1 for i in encoded.sequence_ids(0)])
    inside[0] = True
    with torch.inference_mode():
        out = network(**encoded)
    starts, ends = (torch.softmax(v[0].masked_fill(~inside, -1e4), -1) for v in (out.start_logits, out.end_logits))
    best = max(
        ((float(starts[a] * ends[b]), offsets[a][0], offsets[b][1]) for a in range(1, len(offsets)) for b in range(a, min(len(offsets), a + 30)) if inside[a] and inside[b]),
    )  # fmt: skip
    found = predict(model, "question-answering", passage, question="Who plays")
    assert found.spans[0].score == pytest.approx(best[0], rel=1e-4)
    assert (found.spans[0].start, found.spans[0].end) == best[1:]
    with pytest.raises(UserError, match="no question"):
        predict(model, "question-answering", passage)
    shy = open_model(
        card("transformers_text", "AutoModelForQuestionAnswering", "question-answering", options={"no_answer": True}),
        files,
    )
    assert "note" in predict(shy, "question-answering", passage, question="Who plays").to_json()
    far = model.answer("Who plays", f"{TEXT} " * 10, Control())
    assert far and all(0 <= t.start < t.end <= len(TEXT) * 11 for t in far)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_gaps_are_filled_as_the_pipeline_fills_them(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    if kind == "bert":
        tokenizer = word_pieces(tmp_path / "m")
        network: Any = tf.BertForMaskedLM(tf.BertConfig(vocab_size=len(tokenizer), **SMALL))
    else:
        tokenizer = byte_pairs(tmp_path / "m")
        network = tf.RobertaForMaskedLM(
            tf.RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=140, pad_token_id=1, **SMALL)
        )
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(card("transformers_text", "AutoModelForMaskedLM", "fill-mask"), files)
    wanted = tf.pipeline("fill-mask", model=str(tmp_path / "m"), top_k=5)(f"Anna lives in {tokenizer.mask_token} .")
    found = predict(model, "fill-mask", "Anna lives in ___ .")
    assert isinstance(found, Scores)
    assert [s.value for s in found.top[:5]] == pytest.approx([w["score"] for w in wanted], rel=1e-3)
    assert [s.name for s in found.top[:5]] == [w["token_str"].strip() for w in wanted]
    with pytest.raises(UserError, match="no gap"):
        predict(model, "fill-mask", "Anna lives in Oslo .")


@pytest.mark.parametrize("kind", ["XLNet", "Roberta", "DistilBert", "Albert", "DebertaV2", "Bert"])
def test_every_kind_of_text_classifier_answers_as_the_pipeline_and_can_be_taught(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(3)
    tokenizer = byte_pairs(tmp_path / "m")
    names: dict[str, Any] = {
        "id2label": {0: "bad", 1: "good"},
        "label2id": {"bad": 0, "good": 1},
        "vocab_size": len(tokenizer),
    }
    sizes = {
        "XLNet": {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 32},
        "DistilBert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 32},
        "Albert": {**SMALL, "embedding_size": 16},
    }.get(kind, SMALL)
    config = getattr(tf, f"{kind}Config")(pad_token_id=1, **sizes, **names)
    network = getattr(tf, f"{kind}ForSequenceClassification")(config)
    if kind in ("DistilBert", "Roberta"):
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(card("transformers", "AutoModelForSequenceClassification", "text-classification"), files)
    encoded = tokenizer("a good film", return_tensors="pt")
    with torch.inference_mode():
        wanted = torch.softmax(
            network(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).logits[0], -1
        )
    found = {s.name: s.value for s in predict(model, "text-classification", "a good film").top}
    assert found["good"] == pytest.approx(float(wanted[1]), abs=1e-5)
    assert len(model.stages()) >= 3 and model.labels == ("bad", "good")


def test_meanings_are_compared(tmp_path: Path) -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    starter = Catalog.load().get("text-starter")
    model = open_model(starter, files(starter))
    alone = predict(model, "sentence-embedding", "The cat sleeps.")
    assert isinstance(alone, Vector) and len(alone.values) == 384
    assert sum(v * v for v in alone.values) == pytest.approx(1.0, abs=1e-4)
    near = predict(
        model, "sentence-embedding", "The cat sleeps.", compare="Shares fell again.\nA kitten is having a nap."
    )
    assert [s.name for s in near.top] == ["A kitten is having a nap.", "Shares fell again."]


# Writing --------------------------------------------------------------------------------------------------------------


def gpt2(tokens: int) -> Any:
    return tf.GPT2LMHeadModel(
        tf.GPT2Config(
            vocab_size=tokens, n_embd=32, n_layer=2, n_head=2, n_positions=256, bos_token_id=0, eos_token_id=2
        )
    )


def neo(tokens: int) -> Any:
    return tf.GPTNeoForCausalLM(
        tf.GPTNeoConfig(
            vocab_size=tokens,
            hidden_size=32,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global", "local"], 1]],
            max_position_embeddings=256,
            bos_token_id=0,
            eos_token_id=2,
        )
    )


def llama(tokens: int) -> Any:
    return tf.LlamaForCausalLM(
        tf.LlamaConfig(
            vocab_size=tokens,
            num_key_value_heads=1,
            max_position_embeddings=256,
            bos_token_id=0,
            eos_token_id=2,
            **SMALL,
        )
    )


def qwen(tokens: int) -> Any:
    return tf.Qwen2ForCausalLM(
        tf.Qwen2Config(
            vocab_size=tokens,
            num_key_value_heads=1,
            max_position_embeddings=256,
            bos_token_id=0,
            eos_token_id=2,
            **SMALL,
        )
    )


@pytest.mark.parametrize("make", [gpt2, neo, llama, qwen])
def test_what_is_written_is_what_generate_writes(make: Callable[[int], Any], tmp_path: Path) -> None:
    torch.manual_seed(5)
    tokenizer = byte_pairs(tmp_path / "m")
    network = make(len(tokenizer))
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(card("transformers_writer", "AutoModelForCausalLM", "text-generation"), files)
    encoded = tokenizer("Once upon", return_tensors="pt")
    with torch.inference_mode():
        ids = network.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            max_new_tokens=40,
            do_sample=False,
            pad_token_id=1,
        )
    wanted = tokenizer.decode(ids[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
    ask = [{"role": "user", "content": "Once upon"}]
    found = "".join(model.write(ask, Writing(max_tokens=40), Control()))
    assert found == wanted.rstrip("�") or wanted.startswith(found)
    assert found
    free = Writing(max_tokens=30, temperature=1.0, top_p=0.9, seed=7)
    assert "".join(model.write(ask, free, Control())) == "".join(model.write(ask, free, Control()))


def test_a_chat_model_is_asked_in_its_own_way_and_stops_at_once(tmp_path: Path) -> None:
    torch.manual_seed(6)
    tokenizer = byte_pairs(tmp_path / "m")
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}<assistant>"
    network = llama(len(tokenizer))
    network.generation_config.eos_token_id = None  # it never ends by itself
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(card("transformers_writer", "AutoModelForCausalLM", "chat"), files)
    encoded = tokenizer("<system>Be kind\n<user>Hello\n<assistant>", return_tensors="pt")
    with torch.inference_mode():
        ids = network.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            max_new_tokens=14,
            do_sample=False,
            pad_token_id=1,
        )
    wanted = tokenizer.decode(ids[0, encoded["input_ids"].shape[1] :], skip_special_tokens=True)
    found = predict(model, "chat", "Hello", role="Be kind", length=10)
    assert found.text == wanted.strip()[: len(found.text)] and found.text
    control = Control()
    stop = StopsLater(control, 0.3)
    with pytest.raises(Cancelled):
        for _ in model.write([{"role": "user", "content": "x"}], Writing(max_tokens=100_000, temperature=1.5), control):
            time.sleep(0.001)
    assert stop.seconds < 0.2


def t5(tokens: int) -> Any:
    return tf.T5ForConditionalGeneration(
        tf.T5Config(
            vocab_size=tokens,
            d_model=32,
            d_kv=16,
            d_ff=32,
            num_layers=2,
            num_heads=2,
            decoder_start_token_id=1,
            pad_token_id=1,
            eos_token_id=2,
        )
    )


def bart(tokens: int) -> Any:
    return tf.BartForConditionalGeneration(
        tf.BartConfig(
            vocab_size=tokens,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_position_embeddings=128,
            pad_token_id=1,
            eos_token_id=2,
            bos_token_id=0,
            decoder_start_token_id=2,
            forced_bos_token_id=0,
            forced_eos_token_id=None,
        )
    )


def marian(tokens: int) -> Any:
    return tf.MarianMTModel(
        tf.MarianConfig(
            vocab_size=tokens,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_position_embeddings=128,
            pad_token_id=1,
            eos_token_id=2,
            decoder_start_token_id=1,
            forced_eos_token_id=None,
        )
    )


@pytest.mark.parametrize("make", [t5, bart, marian])
def test_what_is_changed_is_what_generate_changes(make: Callable[[int], Any], tmp_path: Path) -> None:
    torch.manual_seed(8)
    tokenizer = byte_pairs(tmp_path / "m")
    network = make(len(tokenizer))
    if hasattr(network, "final_logits_bias"):
        network.final_logits_bias[0] = -100  # random weights would end at once, or write what cannot be seen
        network.final_logits_bias[0, tokenizer.convert_tokens_to_ids([*"abcdefghij"])] = 0
    files = saved(network, tokenizer, tmp_path / "m")
    model: Any = open_model(
        card("transformers_writer", "AutoModelForSeq2SeqLM", "summarisation", options={"prefix": "sum: "}), files
    )
    encoded = tokenizer(f"sum: {TEXT[:60]}", return_tensors="pt")
    with torch.inference_mode():
        ids = network.generate(
            input_ids=encoded["input_ids"],
            attention_mask=encoded["attention_mask"],
            max_new_tokens=30,
            do_sample=False,
            num_beams=1,
            bad_words_ids=[[1]],
        )
    wanted = tokenizer.decode(ids[0], skip_special_tokens=True)
    found = "".join(model.write([{"role": "user", "content": TEXT[:60]}], Writing(max_tokens=30), Control()))
    assert found and wanted.startswith(found)
    parts = model._parts(f"{TEXT} " * 4, "sum: ")
    assert len(parts) > 1 and "".join("".join(p for _joint, p in parts).split()) == "".join((TEXT * 4).split())


def test_a_language_the_model_does_not_know_is_said(tmp_path: Path) -> None:
    tokenizer = byte_pairs(tmp_path / "m")
    files = saved(bart(len(tokenizer)), tokenizer, tmp_path / "m")
    options = {"languages": [["eng_Latn", "English"], ["deu_Latn", "German"]]}
    given = card("transformers_writer", "AutoModelForSeq2SeqLM", "translation", options=options)
    model: Any = open_model(given, files)
    assert get_task("translation").choices(given, get_task("translation").info.options[0])[1] == ("deu_Latn", "German")
    # What the text shall become is at first another language than its own.
    assert get_task("translation").choices(given, get_task("translation").info.options[1])[0] == ("deu_Latn", "German")
    with pytest.raises(UserError, match="are the same"):
        predict(model, "translation", "Hello", source="eng_Latn", target="eng_Latn")
    with pytest.raises(UserError, match="needs a language"):
        predict(model, "translation", "Hello")
    with pytest.raises(UserError, match="does not know the language"):
        predict(model, "translation", "Hello", source="eng_Latn", target="deu_Latn")


def test_damaged_folders_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for runtime, arch in (
        ("transformers_text", "AutoModelForMaskedLM"),
        ("transformers_writer", "AutoModelForCausalLM"),
        ("transformers_sound", "AutoModelForCTC"),
        ("transformers_vision", "AutoModelForObjectDetection"),
        ("chronos", ""),
    ):
        with pytest.raises(UserError, match="incomplete"):
            open_model(card(runtime, arch, "chat", preparation=Preparation()), ModelFiles(tmp_path))


def test_a_config_cannot_send_the_app_to_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import json
    import sys

    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from hub_server import serving
    from huggingface_hub import constants

    with serving() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        config = {"model_type": "detr", "architectures": ["DetrForObjectDetection"], "use_timm_backbone": True,
                  "backbone": "resnet50", "backbone_kwargs": {"out_indices": [1]}}  # fmt: skip
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "DetrImageProcessor"}')
        with pytest.raises(UserError):
            open_model(
                card("transformers_vision", "AutoModelForObjectDetection", "object-detection"), ModelFiles(tmp_path)
            )
        assert not hub.asked
    assert not constants.HF_HUB_OFFLINE
