"""Answers wait on the disk until all columns are known: the table is that of all rows, and nothing else is left."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.engine import bulk
from workbench.engine.bulk import run_to_csv
from workbench.errors import UserError

TRY = resources() / "samples" / "try"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_columns_that_come_late_are_filled_in_earlier_rows(tmp_path: Path) -> None:
    with bulk._kept_rows(tmp_path / "new" / "t.csv") as rows:
        rows.add({"item": "a", "answer": "x", "certainty": 0.1})
        rows.add({"item": "b\udc80\n", "problem": "It is damaged."})
        rows.add({"item": "c", "answer": "y", "unlike": 1, "label: cat": 1})
        assert (rows.count, rows.unlike) == (3, 1)
        assert list(rows.filled()) == [
            {"item": "a", "answer": "x", "certainty": 0.1, "label: cat": 0},
            {"item": "b\udc80\n", "problem": "It is damaged."},
            {"item": "c", "answer": "y", "unlike": 1, "label: cat": 1},
        ]
        # A file without a name: whatever happens, nothing of it stays.
        assert not [f for f in (tmp_path / "new").iterdir() if f.is_file() and f.stat().st_size]
    assert not any((tmp_path / "new").iterdir())


def test_a_folder_into_a_table_and_stopped_in_the_midst(catalog: Catalog, tmp_path: Path) -> None:
    card, _ = catalog.suggest("image-classification")
    for number in range(3):
        (tmp_path / "in" / f"{number}.jpg").parent.mkdir(exist_ok=True)
        (tmp_path / "in" / f"{number}.jpg").write_bytes((TRY / "flower.jpg").read_bytes())
    (tmp_path / "in" / "9.jpg").write_bytes(b"no picture")
    out = tmp_path / "out"
    done = run_to_csv(card, [tmp_path / "in"], out / "answers.csv")
    rows = read(out / "answers.csv")
    assert done.answered == 3 and done.complete and [bool(r["answer"]) for r in rows] == [True] * 3 + [False]
    assert len({r["answer"] for r in rows[:3]}) == 1 and rows[3]["problem"]

    class AfterOne(Control):
        def progress(self, done: float, total: float, text: str = "") -> None:
            if text.endswith(" of 4") and done >= 1:
                self.cancel()

    stopped = run_to_csv(card, [tmp_path / "in"], out / "more.csv", AfterOne())
    assert not stopped.complete and 1 <= stopped.answered < 4
    assert len(read(out / "more (stopped early).csv")) >= 1
    assert {f.name for f in out.iterdir()} == {"answers.csv", "more (stopped early).csv"}


def test_a_place_that_cannot_be_written_is_said_before_anything_is_computed(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(bulk, "predict", None)
    card, _ = catalog.suggest("image-classification")
    with pytest.raises(UserError, match="could not be written"):
        run_to_csv(card, [TRY], tmp_path / "file" / "t.csv")
