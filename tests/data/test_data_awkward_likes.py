"""Likes and molecules as people have them: decimals with a comma, times under any name, what things are called in the rows themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.importers.interactions import InteractionsPlan, roles_of
from workbench.data.importers.tables import TablePlan
from workbench.data.types import NewItem
from workbench.engine.journey import project_from_plan

_NAMES = ("Blue chair", "Red chair", "Old lamp", "New lamp", "Round table", "Blue chair")


def _bought(folder: Path, stars: str = "5,0") -> Path:
    lines = [
        f"k{person};A{thing};{stars if (person + thing) % 3 else '1,5'};{1 + step:02}.{1 + person % 9:02}.2023 08:3{step};"
        f"{_NAMES[thing] if thing != 4 or person % 2 else ''};{('seats', 'seats', 'light', 'light', 'tables', 'seats')[thing]}"
        for person in range(24)
        for step, thing in enumerate({(person * 5 + i) % 6 for i in range(4)})
    ]
    file = folder / "bought.csv"
    file.write_text("Kunde;Artikel;Bewertung;Kaufzeit;Artikelname;Warengruppe\n" + "\n".join(lines), encoding="cp1252")
    return file


def test_stars_with_a_comma_times_by_their_cells_and_titles_in_the_rows(tmp_path: Path) -> None:
    plan = sniff([_bought(tmp_path)])
    assert isinstance(plan, InteractionsPlan)
    assert plan.summary == "96 ratings by 24 people of 6 things, with times."
    asked = {q.id: q for q in plan.questions()}
    assert asked["time"].chosen == "Kaufzeit" and asked["liked"].choices == (("1.5", "1.5"), ("5", "5"))
    assert any("“Artikelname”, “Warengruppe” in the rows themselves" in w for w in plan.warnings)
    project, result = project_from_plan(plan, tmp_path / "project")
    with project:
        assert not result.problems
        items = project.items(project.item_ids())
        keys = project.keys_of([i.id for i in items])
        texts = {keys[i.id]: i.text for i in items}
        assert texts["A4"] == "Round table\ntables" and texts["A2"] == "Old lamp\nlight"
        # Two articles of one name stay two things.
        assert {texts["A0"], texts["A5"]} in ({"Blue chair\nseats", f"Blue chair\nseats ({k})"} for k in ("A0", "A5"))
        counts = project.interaction_counts()
        assert counts.things == 6 and counts.timed and counts.liked == sum((p + t) % 3 > 0 for p in range(24) for t in {(p * 5 + i) % 6 for i in range(4)})  # fmt: skip


def test_what_differs_between_rows_of_one_thing_says_nothing_of_it(tmp_path: Path) -> None:
    lines = [
        f"u{p},i{p * i % 7},2023-01-{1 + i:02},{('phone', 'desk', 'tablet')[(p + i) % 3]}"
        for p in range(30)
        for i in range(1, 6)
    ]
    (tmp_path / "a.csv").write_text("user,item,date,bought with\n" + "\n".join(lines))
    plan = sniff([tmp_path / "a.csv"])
    assert isinstance(plan, InteractionsPlan) and not plan.words_of and any("by name only" in w for w in plan.warnings)
    texts = [i.text for i in plan.read() if isinstance(i, NewItem)]
    assert sorted(t or "" for t in texts) == sorted({f"i{p * i % 7}" for p in range(30) for i in range(1, 6)})


def test_another_column_as_the_thing_takes_nothing_over(tmp_path: Path) -> None:
    plan = sniff([_bought(tmp_path)])
    assert isinstance(plan, InteractionsPlan)
    plan.say("thing", "Warengruppe")
    assert not plan.words_of and {i.text for i in plan.read() if isinstance(i, NewItem)} == {"seats", "light", "tables"}


def test_people_with_one_like_each_are_told_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user,item\n" + "\n".join(f"u{p},i{p % 13}" for p in range(40)))
    plan = sniff([tmp_path / "a.csv"])
    assert isinstance(plan, InteractionsPlan) and any("Nobody comes twice" in w for w in plan.warnings)
    # With more about each person it is a table of people.
    head = [[f"u{p}", f"i{p % 13}", str(20 + p)] for p in range(40)]
    assert roles_of(("user", "item", "age"), head) is None


@pytest.mark.parametrize("odd", ["", "n/a", "not measured"])
def test_what_was_measured_may_have_a_comma_and_a_bad_cell(tmp_path: Path, odd: str) -> None:
    rows = [f"m{i};{'C' * (i % 9 + 1)}{'ON'[i % 2]}{'C' * (i // 9)};{odd if i == 7 else f'-{i},5'}" for i in range(30)]
    (tmp_path / "a.csv").write_text("Name;SMILES;Löslichkeit\n" + "\n".join(rows), encoding="utf-8")
    plan = sniff([tmp_path / "a.csv"])
    assert isinstance(plan, TablePlan) and plan.media == "molecule"
    assert plan.summary == "30 molecules with a number each: Löslichkeit."
    found = list(plan.read(Control()))
    told = [i.annotations[0].text for i in found if isinstance(i, NewItem) and i.annotations]
    assert told[:3] == ["-0.5", "-1.5", "-2.5"] and len(told) == 29
    assert sum(not isinstance(i, NewItem) for i in found) == (odd == "not measured")


def test_times_are_read_with_the_day_first(tmp_path: Path) -> None:
    project, _ = project_from_plan(sniff([_bought(tmp_path)]), tmp_path / "project")
    with project:
        rows = project._store.query("SELECT at FROM interactions ORDER BY at")
        months = {datetime.fromtimestamp(r[0], UTC).month for r in rows}
        assert months == set(range(1, 10))
