"""Texts longer than a model reads at once: read in windows or pieces and said so, never silently cut. Small copies of each
architecture of the catalogue."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "catalog")]
from small_copies import hub_folder  # noqa: E402

from workbench.catalog.card import ModelCard  # noqa: E402
from workbench.catalog.catalog import Catalog  # noqa: E402
from workbench.control import Control  # noqa: E402
from workbench.data.types import Sample  # noqa: E402
from workbench.errors import Cancelled, UserError  # noqa: E402
from workbench.hub.store import ModelFiles  # noqa: E402
from workbench.runtimes.base import Writing  # noqa: E402
from workbench.runtimes.registry import open_model  # noqa: E402
from workbench.tasks.base import TryOptions  # noqa: E402
from workbench.tasks.registry import get_task  # noqa: E402

Opened = tuple[ModelCard, Any]
SENTENCES = [f"Sentence number {n} speaks of a lamp." for n in range(12)]


@pytest.fixture
def opened(tmp_path: Path, catalog: Catalog) -> Callable[[str], Opened]:
    def make(name: str) -> Opened:
        card = catalog.get(name)
        return card, open_model(card, ModelFiles(hub_folder(card, tmp_path / name)))

    return make


def predict(task_id: str, model: Any, text: str, labels: tuple[str, ...] = (), **values: Any) -> Any:
    task = get_task(task_id)
    return task.predict_batch([task.prepare(Sample("text", text=text), model)], model, TryOptions(labels, values), Control())[0]  # fmt: skip


@pytest.mark.parametrize("name", ["xlnet-base-cased", "distilbert-base-uncased", "roberta-base", "all-minilm-l6-v2"])
def test_networks_that_read_see_the_end_of_a_long_text(name: str, opened: Callable[[str], Opened]) -> None:
    _card, model = opened(name)
    start = "a lamp and a table " * 80
    one = predict("sentence-embedding", model, f"{start} zzzz")
    other = predict("sentence-embedding", model, f"{start} quite another end than before")
    assert "overlapping parts" in one.note and one.values != other.values
    found = predict("text-classification", model, f"{start} zzzz", ("lamp", "sea"))
    assert "overlapping parts" in found.note
    short = predict("sentence-embedding", model, "a lamp")
    assert short.note == ""


@pytest.mark.parametrize("name", ["bert-base-ner", "camembert-ner", "xlm-roberta-ner"])
def test_markers_reach_the_end(name: str, opened: Callable[[str], Opened]) -> None:
    _card, model = opened(name)
    text = "Anna Berg lives in Oslo and works there . " * 40
    assert max(t.end for t in model.tag(text, Control())) > len(text) - 60


@pytest.mark.parametrize("name", ["distilbert-squad", "roberta-squad2"])
def test_answers_are_looked_for_to_the_end_and_long_questions_are_a_sentence(
    name: str, opened: Callable[[str], Opened]
) -> None:
    _card, model = opened(name)
    seen = list(model._windows("Who?", "word " * 400, control=Control()))
    assert len(seen) > 2 and max(s[1] for w in seen for s in w.offsets if s) >= len("word " * 400) - 1
    with pytest.raises(UserError, match="question is too long"):
        model.answer("who " * 300, "Anna", Control())


@pytest.mark.parametrize("name", ["t5-small", "bart-large-cnn", "opus-mt-en-de"])
def test_networks_that_change_texts_take_all_of_it_in_pieces(name: str, opened: Callable[[str], Opened]) -> None:
    _card, model = opened(name)
    text = " ".join(SENTENCES)
    parts = model._parts(text, "", 0)
    assert len(parts) > 1 and " ".join(p for _j, p in parts) == text
    # Cut at the ends of sentences, and no piece is longer than what is read at once.
    assert all(p.endswith(".") for _j, p in parts)
    assert all(len(model.tokenizer(p)["input_ids"]) <= model.reads_at_once for _j, p in parts)
    model.net.generation_config.eos_token_id = None  # it never ends by itself
    list(model.write([{"role": "user", "content": text}], Writing(max_tokens=3), Control()))
    assert f"read in {len(parts)} pieces" in model.last_note and "broken off" in model.last_note
    list(model.write([{"role": "user", "content": "Short."}], Writing(max_tokens=3), Control()))
    assert "pieces" not in model.last_note
    # One word that is longer than everything, and no blanks at all.
    for odd in ("x" * 1000, "語" * 500, "a" * 300 + " b " + "c" * 300):
        pieces = [p for _j, p in model._parts(odd, "", 0)]
        assert "".join(pieces).replace(" ", "") == odd.replace(" ", "")
        assert all(len(model.tokenizer(p)["input_ids"]) <= model.reads_at_once for p in pieces)
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        model._parts(text, "", 0, control)


def test_translations_go_sentence_by_sentence_and_keep_their_paragraphs(
    opened: Callable[[str], Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.tasks.translation._LONGEST", 8)
    _card, model = opened("opus-mt-en-de")
    text = f"{SENTENCES[0]} {SENTENCES[1]}\n\n{SENTENCES[2]}\r\nA list:\n- one\n- two"
    parts = model._parts(text, "", 40)
    assert [j for j, _p in parts] == ["", " ", "\n\n", "\n", "\n", "\n"]
    assert [p for _j, p in parts][:3] == SENTENCES[:3] and parts[-1] == ("\n", "- two")
    chinese = model._parts("今天天气很好。我们去公园！你呢？", "", 22)
    assert "".join(j + p for j, p in chinese) == "今天天气很好。我们去公园！你呢？" and len(chinese) == 3
    found = predict("translation", model, text)
    assert "pieces" in found.note and found.text.count("\n") >= 1
    # A summary is not torn apart where the text fits.
    assert model._parts("One.\nTwo.", "", 0) == [("", "One.\nTwo.")]


@pytest.mark.parametrize("name", ["distilgpt2", "gpt-neo-125m"])
def test_networks_that_go_on_say_when_they_did_not_read_the_beginning(
    name: str, opened: Callable[[str], Opened]
) -> None:
    _card, model = opened(name)
    # As if it held less: going on to the end of a thousand tokens takes long.
    config = model.net.config
    setattr(config, "n_positions" if name == "distilgpt2" else "max_position_embeddings", 64)
    context = model.reads_at_once
    assert context == 64
    long = "word " * context
    assert list(model.write([{"role": "user", "content": long}], Writing(max_tokens=5), Control())) is not None
    assert "Only the last" in model.last_note and "words were read" in model.last_note
    # More words wanted than the network holds: it stops at its end instead of failing.
    model.net.generation_config.eos_token_id = None
    made = list(model.write([{"role": "user", "content": "Once"}], Writing(max_tokens=10 * context), Control()))
    assert made and model.last_note == ""
    found = predict("text-generation", model, long, length=10)
    assert "Only the last" in found.note
