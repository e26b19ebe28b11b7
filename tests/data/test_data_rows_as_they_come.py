"""Tables are written row by row: no more than one row need be in memory, and what is broken off leaves the old table."""

from __future__ import annotations

import csv
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.control import Control
from workbench.data.exporters.project import export_labels
from workbench.data.exporters.tables import write_csv
from workbench.data.project import Project
from workbench.data.types import NewItem
from workbench.errors import Cancelled, UserError


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_rows_are_on_the_disk_before_the_last_one_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"

    def rows() -> Iterator[dict[str, str]]:
        for number in range(5_000):
            yield {"a": f"=word {number}", "b": "x" * 20}
        (part,) = (f for f in tmp_path.iterdir() if f.name.startswith("."))
        assert part.stat().st_size > 100_000 and not path.exists()

    assert write_csv(path, rows(), ["a", "b", "c"]) == 5_000
    found = read(path)
    assert len(found) == 5_000 and found[7] == {"a": "'=word 7", "b": "x" * 20, "c": ""}
    assert path.read_bytes().startswith(b"\xef\xbb\xbfa,b,c\r\n")


@pytest.mark.parametrize("error", [UserError("It is gone."), Cancelled()])
def test_broken_off_the_old_table_stays(error: Exception, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("old")

    def rows() -> Iterator[dict[str, str]]:
        yield {"a": "1"}
        raise error

    with pytest.raises(type(error)):
        write_csv(path, rows(), ["a"])
    assert path.read_text() == "old" and [f.name for f in tmp_path.iterdir()] == ["t.csv"]


def _peak(count: int, folder: Path) -> int:
    """Bytes of Python's own that the export took at most."""
    with Project.create(folder / f"p{count}", "P", "text-classification") as project:
        project.add_items(NewItem("text", f"t{n}", text=f"text {n} " * 20, label="ab"[n % 2]) for n in range(count))
        export_labels(project, folder / "warm.csv")
        tracemalloc.start()
        try:
            assert export_labels(project, folder / f"{count}.csv") == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


def test_memory_does_not_grow_with_the_labels(tmp_path: Path) -> None:
    """A page is held at a time, and the ids of all; four times as many took four times as much before."""
    few, many = _peak(1_000, tmp_path), _peak(4_000, tmp_path)
    assert many < few * 1.6
    rows = read(tmp_path / "4000.csv")
    assert (
        len(rows) == 4_000 and list(rows[0]) == ["text", "label", "split"] and {r["label"] for r in rows} == {"a", "b"}
    )


def test_numbers_have_their_column_only_where_there_are_some(tmp_path: Path) -> None:
    from workbench.data.annotations import Annotation, AnnotationState
    from workbench.data.shapes import Whole

    with Project.create(tmp_path / "p", "P", "molecule-property") as project:
        project.add_items(NewItem("molecule", f"m{n}", text="C" * (n + 1)) for n in range(3))
        export_labels(project, tmp_path / "bare.csv")
        last = project.item_ids()[-1]
        project.set_annotations({last: AnnotationState((Annotation(Whole(), text="4.5"),), True)})
        export_labels(project, tmp_path / "told.csv")
        with pytest.raises(Cancelled):
            stopped = Control()
            stopped.cancel()
            export_labels(project, tmp_path / "stopped.csv", stopped)
    assert list(read(tmp_path / "bare.csv")[0]) == ["smiles", "name", "label", "split"]
    told = read(tmp_path / "told.csv")
    assert list(told[0]) == ["smiles", "name", "label", "number", "split"]
    assert [r["number"] for r in told] == ["", "", "4.5"]
    assert not (tmp_path / "stopped.csv").exists()
