"""The judge of answers against other programs' SQuAD scores, and what it says of questions without an answer."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.annotations import Annotation
from workbench.data.shapes import TextSpan, Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.tasks.answer_scores import Sure, best_margin, exact_and_f1
from workbench.tasks.predictions import Asked, Text, to_record
from workbench.trust.judge_answers import MADE_UP, MISSED, PARTLY, RIGHT, WRONG, AnswersJudgement
from workbench.trust.judging import Answered, compare, judge

TEXT = "The tower, built in 1889 by a firm of Gustave Eiffel's, stands in Paris 🗼."
_WORDS = st.sampled_from(
    ["the", "A", "an", "Anna", "U.S.", "don't", "1889", ",", "—", "Paris", "PARIS.", "é", "β", "😀", "x-y", "«a»", "\n", ""]
)  # fmt: skip
_PHRASES = st.lists(_WORDS, max_size=4).map(" ".join)


def place(words: str) -> tuple[int, int]:
    return TEXT.index(words), TEXT.index(words) + len(words)


def answered(item_id: int, *given: tuple[str, list[str], str | None]) -> Answered:
    """Questions with their right answers and what was said; None: nothing."""
    marks: list[Annotation] = []
    asked = []
    for question, truths, said in given:
        marks += [Annotation(TextSpan(*place(t)), text=question) for t in truths] or [
            Annotation(Whole(), text=question)
        ]
        start, end = place(said) if said else (-1, -1)
        asked.append(Asked(question, start, end, 0.8, 0.1, 1.0, said is not None))
    record = to_record(Text(TEXT, marked=True, asked=tuple(asked)))
    item = Item(item_id, "text", f"text {item_id}", text=TEXT, marked=True)
    return Answered(item, ItemPrediction(item_id, Split.TEST, "", "", (), record), tuple(marks), ("",) * len(marks))


def judged(*answers: Answered) -> AnswersJudgement:
    found = judge("answers", (), list(answers))
    assert isinstance(found, AnswersJudgement)
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_PHRASES, st.lists(_PHRASES, min_size=1, max_size=3)), min_size=1, max_size=5))
def test_exact_match_and_f1_are_those_of_torchmetrics(cases: list[tuple[str, list[str]]]) -> None:
    from torchmetrics.functional.text import squad

    # Answers that are only articles or marks are left out by SQuAD 2.0's script and counted by 1.1's.
    cases = [(said, [t for t in truths if exact_and_f1(t, [])[0] == 0]) for said, truths in cases]
    cases = [(said, truths) for said, truths in cases if truths and exact_and_f1(said, [])[0] == 0]
    if not cases:
        return
    theirs = squad(
        [{"prediction_text": said, "id": str(i)} for i, (said, _) in enumerate(cases)],
        [{"answers": {"text": truths, "answer_start": [0] * len(truths)}, "id": str(i)} for i, (_, truths) in enumerate(cases)],
    )  # fmt: skip
    ours = [exact_and_f1(said, truths) for said, truths in cases]
    assert 100 * sum(o[0] for o in ours) / len(ours) == pytest.approx(float(theirs["exact_match"]), abs=1e-3)
    assert 100 * sum(o[1] for o in ours) / len(ours) == pytest.approx(float(theirs["f1"]), abs=1e-3)


# Made with the evaluation script of SQuAD 2.0 (as in transformers 4.57, data/metrics/squad_metrics.py): what was said, the
# right answers, exact match, F1.
OFFICIAL = [
    ("", [], 1.0, 1.0), ("Paris", [], 0.0, 0.0), ("", ["Paris"], 0.0, 0.0), ("the", [], 1.0, 1.0),
    ("the Paris!", ["paris"], 1.0, 1.0), ("in Paris", ["Paris"], 0.0, 2 / 3), ("Paris Paris", ["Paris"], 0.0, 2 / 3),
    ("a firm of Gustave", ["Gustave Eiffel", "a firm"], 0.0, 0.5), ("", ["the", "."], 1.0, 1.0),
    ("U.S.", ["us"], 1.0, 1.0), ("dont", ["don't"], 1.0, 1.0), ("x y", ["x-y"], 0.0, 0.0), ("«a»", ["a"], 0.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("said", "truths", "exact", "f1"), OFFICIAL)
def test_the_scores_of_squads_own_script(said: str, truths: list[str], exact: float, f1: float) -> None:
    assert exact_and_f1(said, truths) == (exact, pytest.approx(f1))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(Sure, st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 4.0]), st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), max_size=12))  # fmt: skip
def test_no_other_margin_is_better_on_the_questions_it_was_chosen_on(asked: list[Sure]) -> None:
    asked = [Sure(a.margin, a.f1 if a.answerable else 0.0, a.answerable) for a in asked]

    def score(margin: float) -> float:
        return sum(a.f1 if a.margin >= margin else float(not a.answerable) for a in asked)

    chosen = best_margin(asked)
    if len({a.answerable for a in asked}) < 2:
        assert chosen == 0
    else:
        assert score(chosen) == pytest.approx(max(map(score, (-9, -2, -0.7, -0.2, 0.1, 0.5, 2, 9))))


def test_every_outcome_has_its_name() -> None:
    found = judged(
        answered(
            1, ("When?", ["1889"], "1889"), ("Who?", ["Gustave Eiffel"], "Eiffel's"), ("Where?", ["Paris"], "1889")
        ),
        answered(2, ("Where?", ["Paris", "in Paris"], None), ("Why?", [], "Paris"), ("How?", [], None)),
    )
    assert [c.outcome for c in found.cases] == [RIGHT, WRONG, WRONG, MISSED, MADE_UP, RIGHT]
    assert judged(answered(1, ("Who?", ["Gustave Eiffel"], "of Gustave"))).cases[0].outcome == PARTLY
    assert (found.answerable.number, found.unanswerable.number, found.n) == (4, 2, 2)
    assert found.unanswerable.exact == 0.5 and found.answerable.exact == 0.25
    assert [c.question for c in found.mistakes] == ["Who?", "Where?", "Why?", "Where?"]
    headings, rows = found.table()
    assert [r[0] for r in rows] == ["answered in the text", "not answered in it", "all questions"] and len(
        headings
    ) == 4
    sentence = found.sentence()
    assert "Of 6 questions about 2 texts" in sentence and "rightly said nothing in 50% of 2" in sentence
    assert "Only 2 texts" in sentence
    assert found.to_json()["outcomes"] == {RIGHT: 2, PARTLY: 0, WRONG: 2, MISSED: 1, MADE_UP: 1}
    assert "whether it keeps silent" in judged(answered(1, ("When?", ["1889"], "1889"))).sentence()
    assert judged().headline() == {"split": "test", "n": 0}


def test_what_nobody_has_answered_or_nobody_has_asked_does_not_count() -> None:
    one = answered(1, ("When?", ["1889"], "1889"))
    more = (
        *one.annotations, Annotation(Whole(), text="Open?", ignored=True), Annotation(TextSpan(0, 3), text="Later?"),
    )  # fmt: skip
    found = judged(Answered(one.item, one.said, more, ("",) * len(more)))
    assert [c.question for c in found.cases] == ["When?"] and found.unasked == 1 and "added later" in found.sentence()


def test_blanks_around_a_place_make_no_difference() -> None:
    one = answered(1, ("When?", ["1889"], " 1889 "))
    assert judged(one).cases[0].found == place("1889")


def test_the_interval_holds_the_score_and_narrows_with_more_texts() -> None:
    rng = random.Random(1)

    def some(count: int) -> AnswersJudgement:
        return judged(*(answered(i, ("When?", ["1889"], rng.choice(["1889", "Paris"])), ("Where?", ["Paris"], "Paris")) for i in range(count)))  # fmt: skip

    few, many = some(12), some(120)
    for found in (few, many):
        numbers = found.headline()
        assert numbers["low"] <= numbers["score"] <= numbers["high"]
        assert numbers["exact_low"] <= numbers["exact"] <= numbers["exact_high"]
    assert many.high - many.low < few.high - few.low
    assert compare(few, few).sentence()
