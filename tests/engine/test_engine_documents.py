"""Search in one's own documents with the real built-in model: what is found, what is read again, and what a crash costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_time import Watch

from tests.engine.questions_set import IN_OTHER_WORDS, NAMES_AND_NUMBERS, PASSAGES
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.engine import document_index, document_store
from workbench.engine.document_index import DocumentIndex, Passage, Progress
from workbench.errors import Cancelled, UserError
from workbench.runtimes.network import Network


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the texts that go through the network."""
    seen: Counter[str] = Counter()
    real = Network.features

    def counted(self: Network, batch: Any) -> Any:
        found = real(self, batch)
        seen["texts"] += len(found)
        return found

    monkeypatch.setattr(Network, "features", counted)
    return seen


@pytest.fixture
def paths() -> AppPaths:
    return app_paths().ensure()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    (made / "below").mkdir(parents=True)
    (made / "bread.txt").write_text("Knead the dough for ten minutes.\n\nLet it rise for two hours in a warm place.")
    (made / "below" / "invoice.md").write_text(
        "# Invoices\n\nInvoice RX-4471 is due in March.\n\n## Late\n\nReminders cost five euros."
    )
    (made / "broken.pdf").write_bytes(b"no pdf")
    (made / "picture.png").write_bytes(b"is not looked at")
    (made / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    return made


def updated(index: DocumentIndex, *sources: Path, control: Control | None = None) -> Progress:
    return list(index.update(list(sources), control))[-1]


def texts(found: list[Passage]) -> list[str]:
    return [p.text for p in found]


def test_found_by_meaning_by_words_and_with_its_place(folder: Path, paths: AppPaths) -> None:
    index = DocumentIndex.open(paths.cache / "x", paths)
    assert index.search("anything") == [] and index.count() == (0, 0) and index.documents() == []
    assert updated(index, folder).done == 4
    assert index.count() == (2, 3)
    best = index.search("baking a loaf", 2)[0]
    assert best.document == folder / "bread.txt" and best.title == "bread" and best.place == "paragraph 1"
    assert best.text == "Knead the dough for ten minutes.\n\nLet it rise for two hours in a warm place."
    assert (best.start, best.end) == (0, len(best.text)) and best.words == ()
    best = index.search("the RX 4471?")[0]
    assert best.place == "“Invoices”" and set(best.words) == {"RX", "4471"} and best.score == pytest.approx(1)
    assert index.search("rx-44")[0].words == () or index.search("rx-44")[0].place == "“Invoices”"
    late = index.search("how expensive is being late?", 3)[0]
    assert late.title == "Invoices" and late.place == "“Late”" and late.text.startswith("Late")
    text, start, end = index.surroundings(late)
    assert text[start:end] == late.text and text.startswith("Invoices\n\nInvoice RX-4471 is due in March.")
    assert index.text_of(next(d.id for d in index.documents() if d.path == late.document)) == text
    first, last = index.best_sentences("how long must it rest", [best, index.search("dough")[0]])[1]
    assert index.search("dough")[0].text[first:last] == "Let it rise for two hours in a warm place."
    assert {p.where: p.message for p in index.problems()} == {
        "broken.pdf": "This PDF is damaged.", "old.doc": "Documents of this kind cannot be read."
    }  # fmt: skip
    assert texts(index.more_like(late, 1)) != [late.text]
    assert index.search_words("reminders")[0].text == late.text
    assert index.search_words("remi")[0].text == late.text, "words are found while they are typed"
    assert index.search_words('"; DROP* (NEAR') == [] and index.search("  ") == [] and index.search("x", 0) == []


def test_only_what_is_new_or_changed_is_looked_at(folder: Path, paths: AppPaths, looks: Counter[str]) -> None:
    index = DocumentIndex.open(paths.cache / "x", paths)
    updated(index, folder)
    assert looks.pop("texts") == 3
    assert updated(index, folder).computed == 0 and not looks["texts"]
    # A changed document: only its new passages.
    (folder / "below" / "invoice.md").write_text(
        "# News\n\nThe office moves.\n\n# Invoices\n\nInvoice RX-4471 is due in March.\n\n## Late\n\nReminders cost five euros."
    )
    updated(index, folder)
    assert looks.pop("texts") == 1
    text, start, end = index.surroundings(index.search_words("reminders")[0])
    assert text[start:end].startswith("Late") and "The office moves." in text
    # One goes, one is renamed, one comes.
    (folder / "bread.txt").rename(folder / "loaf.txt")
    (folder / "broken.pdf").unlink()
    updated(index, folder)
    assert {d.name for d in index.documents()} == {"loaf.txt", "below/invoice.md", "old.doc"}
    assert index.search("dough")[0].document == folder / "loaf.txt" and index.search_words("bread") == []
    # A drive that is not plugged in: nothing is forgotten.
    away = folder.with_name("away")
    folder.rename(away)
    looks.clear()
    updated(index, folder)
    assert index.count()[0] == 2
    away.rename(folder)
    updated(index, folder)
    assert index.count()[0] == 2 and not looks["texts"]
    updated(index)
    assert index.count() == (0, 0) and index.search("dough") == []


def test_a_stop_keeps_what_was_read(tmp_path: Path, paths: AppPaths, looks: Counter[str]) -> None:
    long = tmp_path / "long.txt"
    long.write_text("\n\n".join(f"Number {n}. " + f"About subject {n} there is much to say. " * 3 for n in range(220)))
    index = DocumentIndex.open(paths.cache / "x", paths)
    control = Control()
    with pytest.raises(Cancelled):
        for progress in index.update([long], control):
            if progress.computed:
                watch = Watch()
                control.cancel()
    assert watch.seconds < 3
    kept = index.count()[1]
    assert 0 < kept < 40
    assert index.search_words("subject")[0].title == "long", "what is there can be searched"
    looks.clear()
    updated(index, long)
    assert looks["texts"] == index.count()[1] - kept
    whole = index.text_of(1)
    assert all(f"Number {n}. " in whole for n in range(220))


def test_a_killed_process_loses_a_batch_at_most(tmp_path: Path, paths: AppPaths, looks: Counter[str]) -> None:
    documents = tmp_path / "many"
    documents.mkdir()
    for n in range(100):
        (documents / f"{n:03}.txt").write_text(f"Document {n} says: " + f"the answer to question {n} is {n * n}. " * 2)
    code = (
        "import sys, torch; torch.set_num_threads(1)\n"
        "from pathlib import Path\nfrom workbench.app_paths import app_paths\n"
        "from workbench.engine.document_index import DocumentIndex\n"
        "paths = app_paths()\n"
        "for p in DocumentIndex.open(paths.cache / 'x', paths).update([Path(sys.argv[1])]):\n"
        "    print(p.computed, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(documents)], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= 32:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    index = DocumentIndex.open(paths.cache / "x", paths)
    kept = index.count()[1]
    assert 32 <= kept < 100
    updated(index, documents)
    assert index.count() == (100, 100) and looks["texts"] == 100 - kept
    assert "is 8281." in index.search_words("91 8281")[0].text
    vectors = index.points().vectors
    assert vectors.shape == (100, 384) and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_two_at_once_and_searching_meanwhile(tmp_path: Path, paths: AppPaths) -> None:
    documents = tmp_path / "d"
    documents.mkdir()
    for n in range(80):
        (documents / f"{n}.txt").write_text(f"Text {n}. " + "It goes on and on about nothing at all. " * 2)
    index = DocumentIndex.open(paths.cache / "x", paths)
    control, running, goes_on = Control(), threading.Event(), threading.Event()

    def fill() -> None:
        for progress in index.update([documents], control):
            if progress.computed:
                running.set()
                goes_on.wait(120)

    thread = threading.Thread(target=fill)
    thread.start()
    assert running.wait(120)
    assert index.search("nothing at all"), "found while the others still come in"
    with pytest.raises(UserError, match="another window"):
        updated(index, documents)
    goes_on.set()
    thread.join()
    assert index.count() == (80, 80)


def test_rows_of_what_is_gone_are_given_back(folder: Path, paths: AppPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_store, "_MANY_USELESS", 1)
    index = DocumentIndex.open(paths.cache / "x", paths)
    updated(index, folder)
    before = index.search("baking a loaf", 1)[0]
    (folder / "below" / "invoice.md").unlink()
    updated(index, folder)
    updated(index, folder)
    after = index.search("baking a loaf", 1)[0]
    assert after.text == before.text and after.likeness == pytest.approx(before.likeness)
    files = list((paths.cache / "x").rglob("vectors-*.f16"))
    assert [f.stat().st_size for f in files] == [2 * 384]
    # Vectors that are lost are made again; a damaged index is begun anew.
    files[0].write_bytes(b"")
    updated(index, folder)
    assert index.search("baking a loaf", 1)[0].likeness == pytest.approx(before.likeness)
    database = next((paths.cache / "x").rglob("index.db"))
    for file in database.parent.glob("index.db-*"):
        file.unlink()
    database.write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(UserError):
        updated(index, folder)
    updated(index, folder)
    assert index.count()[0] == 1


def test_search_is_exact_and_never_shows_what_is_gone(tmp_path: Path, paths: AppPaths) -> None:
    """Against brute force over the kept vectors."""
    documents = tmp_path / "d"
    documents.mkdir()
    for name, text in PASSAGES.items():
        (documents / f"{name}.txt").write_text(text)
    index = DocumentIndex.open(paths.cache / "x", paths)
    updated(index, documents)
    (documents / "bank.txt").unlink()
    updated(index, documents)
    points = index.points()
    given = points.passages[5]
    expected = np.argsort(-(points.vectors @ points.vectors[5]), kind="stable")[1:6]
    found = index.more_like(given, 5)
    assert [p.id for p in found] == [points.passages[n].id for n in expected]
    assert not any("3.85" in p.text for p in index.search("interest rate of the loan", 30))
    assert len(index.search("interest rate of the loan", 30)) == len(PASSAGES) - 1
    by_document = index.points(by_document=True)
    assert len(by_document.passages) == len(PASSAGES) - 1


def test_questions_are_answered_better_than_by_words_alone(tmp_path: Path, paths: AppPaths) -> None:
    documents = tmp_path / "d"
    documents.mkdir()
    for name, text in PASSAGES.items():
        (documents / f"{name}.txt").write_text(text)
    index = DocumentIndex.open(paths.cache / "x", paths)
    updated(index, documents)

    def recall(questions: dict[str, str], top: int, words: bool) -> float:
        search = index.search_words if words else index.search
        return float(np.mean([right in [p.document.stem for p in search(q, top)] for q, right in questions.items()]))

    figures = {}
    for name, questions in (("other words", IN_OTHER_WORDS), ("names and numbers", NAMES_AND_NUMBERS)):
        for top in (1, 3):
            figures[name, top] = recall(questions, top, False), recall(questions, top, True)
            print(f"{name}: recall@{top} {figures[name, top][0]:.2f}, by words alone {figures[name, top][1]:.2f}")
    assert figures["other words", 1][0] >= 0.7 and figures["other words", 3][0] >= 0.85
    assert figures["other words", 1][0] >= figures["other words", 1][1] + 0.3
    assert figures["names and numbers", 1][0] == 1


def test_another_model_has_an_index_of_its_own(folder: Path, paths: AppPaths) -> None:
    usual = document_index.usual_embedder()
    with pytest.raises(UserError, match="does not compare meanings"):
        DocumentIndex.open(paths.cache / "x", paths, ModelCard("a", "A", ("dictation",), "x", "y", Source("url", "")))
    from dataclasses import replace

    said = replace(usual, id="other", options={"before_query": "query: ", "before_passage": "passage: "})
    one, other = DocumentIndex.open(paths.cache / "x", paths), DocumentIndex.open(paths.cache / "x", paths, said)
    updated(one, folder)
    assert other.count() == (0, 0)
    updated(other, folder)
    first, second = one.search("baking", 1)[0], other.search("baking", 1)[0]
    assert first.text == second.text and first.likeness != pytest.approx(second.likeness, abs=1e-4)


def test_texts_of_a_project(make_project: Any, tmp_path: Path, paths: AppPaths) -> None:
    table = tmp_path / "t.csv"
    table.write_text("text,label\nThe train leaves at eight.,travel\nSoup with pumpkin.,food\n")
    project = make_project(table)
    index = DocumentIndex.open(document_index.index_folder(paths, str(project.folder)), paths)
    list(index.update_sources(document_index.project_sources(project)))
    found = index.search("cooking", 1)[0]
    assert found.text == "Soup with pumpkin." and project.items([found.item_id])[0].text == found.text
