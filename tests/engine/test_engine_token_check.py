"""How a model's tokenizer takes a person's texts, counted again here by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog
from workbench.cli.app import run as main
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.engine.journey import project_from_plan
from workbench.engine.token_check import TokenCheck, check_project, check_texts
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Loaded

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "catalog"))
from small_copies import tokenizer_of


class Reads(Loaded):
    def __init__(self, tokenizer: Any, limit: int) -> None:
        super().__init__(
            ModelCard("m", "M", (), "x", "x", Source("import", "/"), preparation=Preparation(max_tokens=limit))
        )
        self._tokens = tokenizer

    @property
    def tokenizer(self) -> Any:
        return self._tokens


def word_pieces(folder: Path, words: str) -> Any:
    import transformers as tf

    letters = [*"abcdefghijklmnopqrstuvwxyz.,!?"]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters), *words.split()]
    (folder / "vocab.txt").write_text("\n".join(dict.fromkeys(tokens)), encoding="utf-8")
    return tf.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=512)


def test_what_is_cut_and_what_is_not_known(tmp_path: Path) -> None:
    tokenizer = word_pieces(tmp_path, "the cat sat on mat and dog ran")
    texts = ["the cat sat on the mat", "the dog ran and ran and ran and ran", "the жук sat on ☃ mat", "the жар"]
    found = check_texts(texts, Reads(tokenizer, 8))
    assert found.lengths == tuple(len(tokenizer(t)["input_ids"]) for t in texts) == (8, 11, 8, 4)
    assert (found.cut, found.words, found.words_lost) == (1, 23, 3) and not found.knows_all
    unknown = sum(tokenizer(t)["input_ids"].count(tokenizer.unk_token_id) for t in texts)
    assert found.unknown == unknown == 3 and found.tokens == sum(found.lengths) - 2 * 4
    assert dict(found.unknown_letters) == {"ж": 2, "у": 1, "к": 1, "а": 1, "р": 1, "☃": 1}
    assert found.unknown_letters[0] == ("ж", 2) and dict(found.unknown_words) == {"жук": 1, "☃": 1, "жар": 1}
    said = " ".join(found.lines())
    assert "does not know these letters: ж" in said and "25 % of your texts are longer" in said
    assert "13 % of all words" in said and found.worry and "multilingual" in found.advice()
    whole = check_texts(texts, Reads(tokenizer, 8), in_parts=True)
    assert "nothing is lost" in " ".join(whole.lines()) and "reads more at once" not in whole.advice()
    edges, counts = found.histogram()
    assert len(edges) == len(counts) + 1 and sum(counts) == 4 and edges[-1] >= 8


def test_bytes_know_every_letter_and_are_judged_by_their_number() -> None:
    tokenizer = tokenizer_of({})
    found = check_texts(["κόσμε μικρέ", "ab"], Reads(tokenizer, 100))
    assert found.knows_all and found.unknown == 0 and "reads bytes" in " ".join(found.lines())
    # Eleven letters, of which each Greek one is two or three bytes, and a blank.
    assert found.tokens == len("κόσμε μικρέ".encode()) + 2 and found.words == 3
    assert found.pieces > 4 and "another language" in found.lines()[-1] and found.worry


def test_a_project_and_the_starter_model(tmp_path: Path, catalog: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "t.csv"
    rows = ["text,label", *(f"the film was {'good' if n % 2 else 'bad'} number {n},{n % 2}" for n in range(20))]
    table.write_text("\n".join([*rows, f"{'word ' * 600},1"]), encoding="utf-8")
    project, _ = project_from_plan(sniff([table]))
    with project:
        found = check_project(project, catalog.get("text-starter"))
        assert isinstance(found, TokenCheck) and found.texts == 21 and found.cut == 1 and not found.in_parts
        assert found.words_lost == pytest.approx(600 - found.limit + 2, abs=1)
        control = Control()
        control.cancel()
        with pytest.raises(Cancelled):
            check_project(project, catalog.get("text-starter"), control)
    assert main(["inspect", "text-starter", "--texts", str(table)]) == 0
    out = capsys.readouterr().out
    assert "tokens" in out and "does not see" in out
    assert main(["inspect", "text-starter", "--texts", str(table), "--json"]) == 0
    import json

    assert json.loads(capsys.readouterr().out)["texts"] == 21
    with pytest.raises(UserError, match="does not read texts"):
        check_texts(["x"], Loaded(catalog.get("text-starter")))


def test_no_texts_and_odd_ones(tmp_path: Path) -> None:
    tokenizer = word_pieces(tmp_path, "a")
    empty = check_texts([], Reads(tokenizer, 8))
    assert empty.lines() == ["There are no texts to look at."] and empty.histogram() == ([0.0, 1.0], [0])
    odd = check_texts(["", "   ", "\u200b", "!!!", "👩‍👩‍👧", "x" * 300], Reads(tokenizer, 8))
    assert odd.texts == 6 and odd.lines() and odd.unknown
