"""Judging found sounds: against sed_eval, against a matching by trial of everything, and in words."""

from __future__ import annotations

import json
import math
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.annotations import Annotation
from workbench.data.shapes import Clip
from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.event_matching import Span, f1, matched
from workbench.tasks.predictions import Event, Events, to_record
from workbench.trust.card.html import parts_html
from workbench.trust.judge_clips import ClipsJudgement, judge
from workbench.trust.judging import Answered, compare
from workbench.trust.report_clips import failures, sections

REFERENCE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("sed_eval_reference.json").read_text())


def answered(
    number: int, seconds: float, truth: list[Any], found: list[Any], ignored: tuple[int, ...] = ()
) -> Answered:
    item = Item(number, "sound", f"{number}.wav", seconds=seconds, marked=True)
    said = Events(tuple(Event(b, e, n, 0.9) for b, e, n in found), seconds)
    marks = tuple(Annotation(Clip(b, e), 1, ignored=k in ignored) for k, (b, e, _) in enumerate(truth))
    record = to_record(said)
    return Answered(item, ItemPrediction(number, Split.TEST, "", "", (), record), marks, tuple(n for *_, n in truth))


@pytest.mark.parametrize("number", range(len(REFERENCE)))
def test_same_numbers_as_sed_eval(number: int) -> None:
    expected = REFERENCE[number]
    answers = [answered(k, s, t, f) for k, (s, t, f) in enumerate(expected["answers"])]
    found = judge(("wren", "owl", "frog"), answers, "test")
    numbers = found.headline()
    for kind, overall in (("segments", numbers["seconds"]), ("events", numbers["score"])):
        wanted = expected[kind]
        assert overall == pytest.approx(wanted["overall"]["f_measure"])
        for counts in found.per_class:
            right, wrong, missed = counts.seconds if kind == "segments" else counts.sounds
            label = wanted[counts.name]
            assert right / (right + wrong) == pytest.approx(label["precision"])
            assert right / (right + missed) == pytest.approx(label["recall"])
            assert f1(right, wrong, missed) == pytest.approx(label["f_measure"])


spans = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 12)).map(lambda v: (v[0] / 10, (v[0] + v[1]) / 10)), max_size=5
)


@settings(max_examples=150, deadline=None)
@given(spans, spans)
def test_as_many_pairs_as_there_can_be(truth: list[Span], found: list[Span]) -> None:
    def same(a: Span, b: Span) -> bool:
        return math.fabs(a[0] - b[0]) <= 0.2 and math.fabs(a[1] - b[1]) <= max(0.2, 0.5 * (a[1] - a[0]))

    pairs = matched(truth, found)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert all(same(truth[a], found[b]) for a, b in pairs)
    few, many = (truth, found) if len(truth) <= len(found) else (found, truth)
    best = 0
    for order in permutations(range(len(many)), len(few)):
        hits = sum(same(*((few[i], many[k]) if few is truth else (many[k], few[i]))) for i, k in enumerate(order))
        best = max(best, hits)
    assert len(pairs) == best


def test_mistakes_are_named_and_the_unsure_does_not_count() -> None:
    truth = [(1.0, 2.0, "wren"), (4.0, 5.0, "owl"), (7.0, 8.0, "wren"), (10.0, 12.0, "")]
    found = [(1.1, 2.1, "wren"), (4.1, 5.0, "wren"), (14.0, 15.0, "owl"), (10.5, 11.5, "owl")]
    one = judge(("wren", "owl"), [answered(1, 20.0, truth, found, ignored=(3,))], "test")
    assert isinstance(one, ClipsJudgement)
    assert [(s.kind, s.label, s.said) for s in one.slips] == [
        ("wrongly named", "owl", "wren"), ("missed", "wren", ""), ("made up", "", "owl"),
    ]  # fmt: skip
    assert one.total.sounds == (1, 2, 2) and one.total.support == 3
    # Always "wren": right in the seconds of both wrens, wrong in 18, and the owl is missed.
    assert one.baseline == (0.0, pytest.approx(f1(2, 18, 1)))
    assert "found 1 of 3 sounds" in one.sentence() and "1 of the wrong ones is at the right place" in one.sentence()
    assert one.low == one.high == one.headline()["score"]
    html = parts_html([*sections(None, one), *failures(None, one, None)])  # type: ignore[arg-type]
    assert "taken for" in html and "missed" in html
    better = judge(("wren", "owl"), [answered(1, 20.0, truth, truth[:3], ignored=(3,))], "test")
    assert better.headline()["score"] == 1.0 and compare(better, one).only_a == (1,)


def test_a_recording_with_nothing_in_it() -> None:
    quiet, wrong = answered(1, 9.0, [], []), answered(2, 9.0, [], [(1.0, 2.0, "owl")])
    found = judge(("owl",), [quiet, wrong], "validation")
    assert found.per_item() == {1: 1.0, 2: 0.0}
    assert "Nothing is to be heard" in found.sentence() and found.table()[1][-1][-1] == "0"
