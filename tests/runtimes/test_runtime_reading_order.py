"""In which order lines are read, on drawn layouts: turned, seen from the side, mixed up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.runtimes.line_reader import ReadLine, from_upper_left, joined, laid_down, widened
from workbench.runtimes.reading_order import reading_order, rows
from workbench.runtimes.words import runs_to_the_left, word_spans


def line(x: float, y: float, width: float, height: float = 20) -> list[list[float]]:
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]


def newspaper(columns: int = 3, each: int = 14) -> Any:
    """A heading, columns whose lines do not stand level, a line across, two columns more: in the order of reading."""
    found = [line(100, 20, 800, 40)]
    found += [line(40 + c * 340, 100 + r * 28 + 9 * c, 300 if r % 5 else 190) for c in range(columns) for r in range(each)]  # fmt: skip
    end = 120 + each * 28
    found.append(line(60, end + 40, 900))
    found += [line(40 + c * 510, end + 100 + r * 28, 470) for c in range(2) for r in range(5)]
    return np.array(found, float)


def turned(corners: Any, angle: float) -> Any:
    c, s = math.cos(angle), math.sin(angle)
    return corners @ np.array([[c, s], [-s, c]]) + 700


def from_the_side(corners: Any, much: float) -> Any:
    """What is lower is nearer (or farther) and the columns lean towards each other."""
    near = 1 + much * (corners[..., 1:] - 400) / 1000
    return (corners - (500, 0)) / near


@settings(deadline=None, max_examples=40)
@given(st.floats(-math.pi, math.pi), st.floats(-0.25, 0.25), st.randoms(use_true_random=False))
def test_columns_are_read_one_after_the_other_however_the_page_lies(angle: float, much: float, chance: Any) -> None:
    page = newspaper()
    mixed = list(range(len(page)))
    chance.shuffle(mixed)
    found = reading_order(turned(from_the_side(page, much), angle)[mixed])
    assert [mixed[i] for i in found.order] == list(range(len(page)))
    assert found.blocks == sorted(found.blocks) and max(found.blocks) >= 6


def test_rows_of_a_bill_stay_together() -> None:
    bill = []
    for row, width in enumerate((180, 260, 150, 240, 90, 200)):
        bill += [line(0, row * 30, width), line(400 + row % 2 * 8, row * 30 + 2, 50)]
    assert reading_order(np.array(bill)[::-1]).order == list(range(11, -1, -1))


def test_words_in_two_columns_are_read_row_by_row() -> None:
    corners = np.array([line(60, 32, 40, 10), line(0, 2, 40, 10), line(60, 0, 40, 10), line(0, 30, 40, 10)])
    assert reading_order(corners).order == [1, 2, 3, 0]
    assert rows(corners) == [[1, 2], [3, 0]]


def test_short_entries_that_stand_in_no_common_rows_are_columns() -> None:
    index = [line(300 * c, 11 * c + 30 * r + (7 * c * r) % 13, 70) for c in range(2) for r in range(9)]
    assert reading_order(np.array(index)).order == list(range(18))


def test_hebrew_and_arabic_are_read_from_the_right() -> None:
    assert runs_to_the_left(["שלום עולם", "ok"]) and runs_to_the_left(["مرحبا"]) and not runs_to_the_left(["abc", "12"])
    page = np.array([line(500, 0, 200), line(200, 0, 200), line(500, 40, 200)])
    assert reading_order(page, ["א", "ב", "ג"]).order == [0, 1, 2]
    assert reading_order(page, ["a", "b", "c"]).order == [1, 0, 2]
    columns = np.array([line(x, 11 * (x > 0) + 30 * r, 300) for x in (400, 0) for r in range(6)])
    assert reading_order(columns, ["אבג"] * 12).order == list(range(12))


def test_a_note_along_the_margin_comes_last() -> None:
    page = [line(100, 30 * r, 400) for r in range(4)]
    page.insert(0, [[60, 110], [60, 0], [80, 0], [80, 110]])  # reads upwards
    assert reading_order(np.array(page)).order == [1, 2, 3, 4, 0]


def test_paragraphs_are_blocks() -> None:
    page = [line(0, y, 300) for y in (0, 30, 60, 130, 160, 190, 260)]
    assert reading_order(np.array(page)).blocks == [0, 0, 0, 1, 1, 1, 2]
    assert reading_order(np.zeros((0, 4, 2))).order == []
    assert sorted(reading_order(np.array([line(0, 0, 0, 0)] * 3)).order) == [0, 1, 2]


def test_corners_in_any_order_are_sorted() -> None:
    quad = np.array([[10, 5], [110, 15], [108, 35], [8, 25]], np.float32)
    for shift in range(4):
        np.testing.assert_allclose(from_upper_left(np.roll(quad, shift, 0)), quad)
        np.testing.assert_allclose(from_upper_left(np.roll(quad[::-1], shift, 0)), quad)
    wide = widened(np.array(line(0, 0, 100, 20), np.float32), 0.1)
    np.testing.assert_allclose(wide, line(-2, -2, 104, 24))
    assert laid_down(quad) and not laid_down(np.roll(quad, 1, 0))


def test_words_found_alone_become_lines() -> None:
    def word(text: str, x: float, y: float, width: float) -> ReadLine:
        return ReadLine(text, 0.9, np.array(line(x, y, width), np.float32), ())

    found = joined([word("lamps,", 60, 2, 60), word("Two", 0, 0, 50), word("84.00", 300, 1, 50), word("Total", 0, 40, 50)])  # fmt: skip
    assert [one.text for one in found] == ["Two lamps,", "84.00", "Total"]
    np.testing.assert_allclose(found[0].corners, [[0, 0], [120, 2], [120, 22], [0, 20]])
    assert joined([]) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one  two", ["one", "two"]),
        (" a b", ["a", "b"]),
        ("", []),
        ("今天ok 你", ["今", "天", "ok", "你"]),
        ("x、y", ["x、y"]),
    ],
)
def test_words_of_a_line(text: str, words: list[str]) -> None:
    assert [text[a:b] for a, b in word_spans(text)] == words
