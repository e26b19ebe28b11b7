"""Written texts on the command line: judged by a table, by right texts, taught by pairs, and sorted by any labels."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sacrebleu

sys.path[:0] = [
    str(Path(__file__).resolve().parent.parent),
    str(Path(__file__).resolve().parent.parent / "catalog"),
]
from hub_server import Hub, serving  # noqa: E402
from small_copies import served  # noqa: E402

from workbench.__main__ import main  # noqa: E402
from workbench.catalog.catalog import Catalog  # noqa: E402
from workbench.hub.store import download  # noqa: E402

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    # Random weights hardly ever end a text by themselves.
    monkeypatch.setattr("workbench.tasks.translation._LONGEST", 12)
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


def run(*words: object) -> int:
    return main([str(w) for w in words])


def fetch(name: str, hub: Hub, folder: Path, catalog: Catalog) -> str:
    download(served(catalog.get(name), hub, folder / name))
    return name


def test_a_table_and_right_texts_judge_a_translator(
    hub: Hub, tmp_path: Path, catalog: Catalog, capsys: Capture
) -> None:
    model = fetch("opus-mt-en-de", hub, tmp_path, catalog)
    table = tmp_path / "pairs.csv"
    table.write_text("text,german\na house,ein Haus\na dog,ein Hund\na cat,eine Katze\n", encoding="utf-8")
    assert run("evaluate", model, table, "--words-column", "german", "--json") == 0
    judged = json.loads(capsys.readouterr().out)
    assert judged["n"] == 3 and "tok:13a" in judged["scores"]["bleu"]["signature"]
    assert judged["scores"]["bleu"]["low"] <= judged["scores"]["bleu"]["score"] <= judged["scores"]["bleu"]["high"]
    assert run("evaluate", model, table, "--words-column", "german") == 0
    assert "Letter groups in common" in capsys.readouterr().out
    assert run("evaluate", model, table) != 0
    assert "--words-column" in capsys.readouterr().err
    (tmp_path / "right.txt").write_text("ein Haus", encoding="utf-8")
    assert run("predict", "a house", "--model", model, "--json") == 0
    said = json.loads(capsys.readouterr().out)[0]["text"]
    assert run("predict", "a house", "--model", model, "--truth", tmp_path / "right.txt") == 0
    out = capsys.readouterr().out
    wanted = sacrebleu.sentence_chrf(said, ["ein Haus"]).score
    assert f"Letter groups in common: {wanted:.1f} of 100" in out and "many ways" in out


def test_languages_are_set_and_kept(hub: Hub, tmp_path: Path, catalog: Catalog, capsys: Capture) -> None:
    model = fetch("nllb-600m", hub, tmp_path, catalog)
    table = tmp_path / "pairs.csv"
    rows = [f"house {n},Haus {n}" for n in range(12)]
    table.write_text("\n".join(["text,translation", *rows]), encoding="utf-8")
    assert run("evaluate", model, table, "--words-column", "translation") != 0
    assert "needs a language" in capsys.readouterr().err
    languages = ("--set", "source=eng_Latn", "--set", "target=deu_Latn")
    assert run("evaluate", model, table, "--words-column", "translation", *languages) == 0
    asked = ("train", table, "--words-column", "translation", "--task", "translation", "--model", model, "--epochs", 1)
    assert run(*asked) != 0
    assert "needs to know the language" in capsys.readouterr().err
    assert run(*asked, *languages, "--json") == 0
    own = json.loads(capsys.readouterr().out)["model"]
    card = Catalog.load().get(own)
    assert card.options["target"] == "deu_Latn" and "languages" not in card.options
    assert run("predict", "house", "--model", own) == 0


def test_any_labels_sort_a_text(hub: Hub, tmp_path: Path, catalog: Catalog, capsys: Capture) -> None:
    model = fetch("nli-distilroberta", hub, tmp_path, catalog)
    asked = ("predict", "The choir sang.", "--model", model, "--labels", "music,sport", "--json")
    assert run(*asked) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert sum(s["score"] for s in one["scores"]) == pytest.approx(1.0, abs=1e-4)
    assert run(*asked, "--set", "several=several", "--set", "sentence=It is about {}.") == 0
    (several,) = json.loads(capsys.readouterr().out)
    assert {s["label"] for s in several["scores"]} == {"music", "sport"} and several["scores"] != one["scores"]
    assert run(*asked, "--set", "sentence=It has no place.") != 0
    assert "no place for the label" in capsys.readouterr().err
