"""Answers against the right texts: which text belongs to which item, and what cannot be compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.data.types import Sample
from workbench.engine.predict import collect_samples
from workbench.engine.save import endings, endings_together, save_prediction, save_together
from workbench.engine.truth import answer_text, compare_with_truth
from workbench.errors import UserError
from workbench.tasks.predictions import Box, Boxes, Score, Scores, Span, Text
from workbench.tasks.registry import get_task


def read(*lines: str) -> Boxes:
    return Boxes(tuple(Box(0, 20.0 * n, 90, 20.0 * n + 15, t, 0.9, block=n // 2) for n, t in enumerate(lines)), 100, 80, reading=True)  # fmt: skip


def test_texts_are_found_by_name_or_by_page(tmp_path: Path) -> None:
    answers = [("a/p.png", read("one two", "three")), ("b/p.png", read("four")), ("talk.wav", Text("five six"))]
    folder = tmp_path / "right"
    for name, text in (("a/p.txt", "one two three"), ("b/p.gt.txt", "for"), ("talk.wav.txt", "five six seven")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    report = compare_with_truth(answers, folder)
    assert [c.words.counts.errors for c in report.compared] == [0, 1, 1] and report.problems == ()
    assert (report.words.units, report.words.errors) == (7, 2)
    assert [line.split(":")[0] for line in report.lines()[:4]] == ["a/p.png", "b/p.png", "talk.wav", "Together"]
    (tmp_path / "right.txt").write_text("one two three\ffour\ffive six", encoding="utf-8")
    assert compare_with_truth(answers, tmp_path / "right.txt").words.errors == 0
    # One answer: the whole file, however many pages it has.
    assert compare_with_truth(answers[:1], tmp_path / "right.txt").words.missing == 3
    (folder / "b" / "p.gt.txt").write_bytes(b"\0\1\2")
    broken = compare_with_truth(answers, folder)
    assert [c is None for c in broken.comparisons] == [False, True, False] and len(broken.problems) == 1
    with pytest.raises(UserError, match="has 3 pages and there are 2 answers"):
        compare_with_truth(answers[:2], tmp_path / "right.txt")


def test_only_texts_are_compared(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("x", encoding="utf-8")
    marked = Text("given", (Span(0, 5, "name"),), marked=True)
    found = Boxes((Box(0, 0, 9, 9, "cat", 0.9),), 20, 20)
    for prediction in (marked, found, Scores((Score("cat", 1.0),))):
        assert answer_text(prediction) is None
        with pytest.raises(UserError, match="no texts"):
            compare_with_truth([("x", prediction)], tmp_path / "t.txt")
    assert endings(found) == (".csv", ".json") and endings_together([found]) == () == endings_together([])
    assert endings_together([read("a"), read("b")]) == (".pdf", ".hocr", ".txt")
    assert endings_together([read("a"), found]) == ()


def test_pages_are_saved_together_and_what_is_none_is_refused(tmp_path: Path) -> None:
    answers = [(Sample("picture", "a"), read("one", "two", "three")), (Sample("picture", "b"), read("four"))]
    save_together(answers, tmp_path / "t.txt")
    assert (tmp_path / "t.txt").read_text(encoding="utf-8") == "one\ntwo\n\nthree\n\ffour\n"
    save_prediction(read("only"), tmp_path / "one.txt")
    assert (tmp_path / "one.txt").read_text(encoding="utf-8") == "only\n"
    with pytest.raises(UserError, match="Pages cannot be saved"):
        save_together(answers, tmp_path / "t.csv")
    with pytest.raises(UserError, match="Only text that was read"):
        save_together([(Sample("picture"), Boxes((), 1, 1))], tmp_path / "t.hocr")
    with pytest.raises(UserError, match="no picture"):
        save_prediction(read("a"), tmp_path / "t.pdf")
    assert not list(tmp_path.glob("*.part")) and not (tmp_path / "t.pdf").exists()


def test_files_come_in_the_order_one_counts(tmp_path: Path) -> None:
    for name in ("page 10.png", "page 2.png", "Page 1.png", "b/1.png", "a10/1.png", "a9/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [s.name for s in collect_samples([tmp_path], get_task("text-in-pictures"))]
    assert names == ["a9/1.png", "a10/1.png", "b/1.png", "Page 1.png", "page 2.png", "page 10.png"]
