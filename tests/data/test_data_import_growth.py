"""Taking an item in costs the same however many there are: counted in SQLite's own steps, so that no clock decides."""

from __future__ import annotations

from pathlib import Path

from workbench.data.project import Project
from workbench.data.types import NewItem


def _steps(project: Project, first: int, count: int) -> int:
    """Steps of SQLite's machine, in hundreds, for taking in so many texts."""
    asked = 0

    def count_one() -> int:
        nonlocal asked
        asked += 1
        return 0

    with project._store.transaction() as sql:
        sql.set_progress_handler(count_one, 100)
    try:
        added = project.add_items(NewItem("text", f"t{n}", text=f"text {n}") for n in range(first, first + count))
    finally:
        with project._store.transaction() as sql:
            sql.set_progress_handler(None, 100)
    assert len(added.added) == count
    return asked


def test_the_thousandth_item_costs_what_the_first_did(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p", "P", "text-classification") as project:
        few = _steps(project, 0, 300)
        project.add_items(NewItem("text", f"t{n}", text=f"text {n}") for n in range(300, 3000))
        many = _steps(project, 3000, 300)
        assert 0 < many < 1.5 * few
        # What is there already is found, and not taken in again.
        again = project.add_items(NewItem("text", f"t{n}", text=f"text {n}") for n in range(2990, 3010))
        assert again.duplicates == 20 and not again.added
