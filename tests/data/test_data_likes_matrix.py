"""Ratings with a row for each person and a column for each thing are the same as one row for each rating."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.likes import write_likes
from workbench.data.importers import sniff
from workbench.data.importers.interactions import InteractionsPlan
from workbench.data.importers.rows import RowsPlan
from workbench.data.project import Project
from workbench.engine.journey import add_plan


def _spread(folder: Path) -> Path:
    """`ratings.csv` of a folder as a matrix beside it; times are gone."""
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
        deeds = list(csv.DictReader(file))
    things = sorted({d["movieId"] for d in deeds}, key=int)
    people = list(dict.fromkeys(d["userId"] for d in deeds))
    given = {(d["userId"], d["movieId"]): d["rating"] for d in deeds}
    matrix = folder / "matrix.csv"
    with matrix.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["userId", *things])
        writer.writerows([p, *[given.get((p, t), "") for t in things]] for p in people)
    return matrix


def _taken(folder: Path, *paths: Path) -> tuple[int, int, int, int]:
    with Project.create(folder, folder.name, "recommendation") as project:
        result = add_plan(project, sniff(list(paths)))
        assert not result.problems
        counts = project.interaction_counts()
        return counts.people, counts.things, counts.pairs, counts.liked


def test_a_matrix_says_the_same_as_its_rows(tmp_path: Path) -> None:
    folder = write_likes(tmp_path / "set")
    rows = _taken(tmp_path / "rows", folder / "ratings.csv", folder / "films.csv")
    matrix = _spread(folder)
    plan = sniff([matrix, folder / "films.csv"])
    assert isinstance(plan, InteractionsPlan)
    assert (plan.roles.person, plan.roles.meaning, plan.roles.liked_from) == ("userId", "rating", 4)
    assert "without times" in plan.summary
    assert _taken(tmp_path / "matrix", matrix, folder / "films.csv") == rows


def test_marks_are_likes_and_the_things_are_called_as_their_columns(tmp_path: Path) -> None:
    file = tmp_path / "who.csv"
    file.write_text(
        "Customer;Tea;Cup;Spoon;Pot;Honey\nAnn;x;;x;;\nBen;;x;;;\nCem;x;;;x;\nDora;;;;x;x\n", encoding="utf-8"
    )
    plan = sniff([file])
    assert isinstance(plan, InteractionsPlan) and not plan.roles.strength
    assert plan.summary == "7 entries by 4 people of 5 things, without times."
    assert _taken(tmp_path / "p", file) == (4, 5, 7, 7)


def test_a_cell_that_is_no_rating_has_its_line_and_the_rest_comes_in(tmp_path: Path) -> None:
    lines = [f"u{n}," + ",".join(str(3 + n % 2) if (n + t) % 3 == 0 else "" for t in range(6)) for n in range(300)]
    lines[250] = "u250,,,oh,,,5"
    file = tmp_path / "matrix.csv"
    file.write_text("\n".join(["user,A,B,C,D,E,F", *lines]), encoding="utf-8")
    with Project.create(tmp_path / "p", "p", "recommendation") as project:
        result = add_plan(project, sniff([file]))
        assert [p.where for p in result.problems] == ["row 252"] and "oh" in result.problems[0].message
        assert project.interaction_counts().people == 300


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # Measurements, of many values.
        ("patient,a,b,c,d,e", [f"p{n},{n}.1,,{n * 7}.3,,{n * 3}" for n in range(40)]),
        ("customer,a,b,c,d,e", [f"c{n},{n}.1,,{n * 7}.3,,{n * 3}" for n in range(40)]),
        # Nearly all is known of each.
        ("customer,a,b,c,d,e", [f"c{n},1,{n % 2},3,{n % 5},4" for n in range(40)]),
        # Words among them.
        ("customer,a,b,c,d,e,city", [f"c{n},1,,,,4,Rome" for n in range(40)]),
        # How often somebody came, month by month and year by year.
        (
            "customer,2023-01,2023-02,2023-03,2023-04,2023-05,2023-06",
            [f"c{n},{1 + n % 3},,2,,,{n % 4}" for n in range(40)],
        ),
        ("customer,2001,2002,2003,2004,2005,2006", [f"c{n},{1 + n % 3},,2,,,{n % 4}" for n in range(40)]),
        # People who come again; a table of something else; too few things.
        ("customer,a,b,c,d,e", [f"c{n % 4},1,,,,4" for n in range(40)]),
        ("house,a,b,c,d,e", [f"h{n},1,,,,4" for n in range(40)]),
        ("customer,a,b,c", [f"c{n},1,,4" for n in range(40)]),
    ],
)
def test_other_tables_stay_tables(tmp_path: Path, header: str, rows: list[str]) -> None:
    file = tmp_path / "table.csv"
    file.write_text("\n".join([header, *rows]), encoding="utf-8")
    assert not isinstance(sniff([file]), InteractionsPlan)


def test_a_person_may_have_it_as_rows_all_the_same(tmp_path: Path) -> None:
    matrix = _spread(write_likes(tmp_path / "set"))
    assert isinstance(sniff([matrix], rows=True), RowsPlan)
