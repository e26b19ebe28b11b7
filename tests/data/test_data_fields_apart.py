"""A table is taken for what it holds: rows, texts, molecules, series, or who liked what."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.data.importers import sniff

SAMPLES = resources() / "samples"
BOUGHT = "person,item,rating,time\n" + "".join(
    f"p{n % 7},i{n % 5},{n % 5 + 1},2026-01-{n % 28 + 1:02}\n" for n in range(60)
)
ROWS = "age,income,town,stays\n" + "".join(
    f"{20 + n % 50},{1000 + 13 * n},{'Ulm' if n % 3 else 'Bonn'},{'yes' if n % 2 else 'no'}\n" for n in range(60)
)
TEXTS = "text,label\n" + "".join(
    f"This is message number {n} and it says little,{'a' if n % 2 else 'b'}\n" for n in range(30)
)


@pytest.mark.parametrize(
    ("given", "media"),
    [
        (SAMPLES / "molecules.csv", "molecule"),
        (SAMPLES / "co2.csv", "series"),
        (SAMPLES / "reviews.csv", "text"),
        (ROWS, "row"),
        (TEXTS, "text"),
    ],
)
def test_a_table_is_taken_for_what_it_holds(given: Path | str, media: str, tmp_path: Path) -> None:
    path = given if isinstance(given, Path) else tmp_path / "given.csv"
    if isinstance(given, str):
        path.write_text(given)
    assert sniff([path]).media == media


def test_who_liked_what_is_no_table_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(BOUGHT)
    assert sniff([path]).marks == "likes"
