"""Teaching to find answers: a small network from nothing, its loss, its windows, and what is settled on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.answer_sets import passages, small_answerer, words_of
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.questions import questions_of
from workbench.data.types import Item, ItemPrediction, NewItem, Split
from workbench.errors import UserError
from workbench.runtimes.answer_places import Scored, decoded, token_places
from workbench.runtimes.base import Loaded
from workbench.tasks.answer_lesson import MARGIN, AnswerLesson
from workbench.tasks.answer_scores import Sure, best_margin
from workbench.tasks.base import TryOptions
from workbench.tasks.lesson import Example, How, Material
from workbench.tasks.predictions import Prediction, Text, from_record, to_record
from workbench.tasks.registry import get_task
from workbench.trust.judge_answers import AnswersJudgement
from workbench.trust.judging import Answered, judge


def examples(given: Sequence[NewItem]) -> list[Example]:
    made = []
    for number, new in enumerate(given, start=1):
        marks = tuple(Annotation(a.shape, text=a.text, ignored=a.ignored) for a in new.annotations or ())
        made.append(Example(Item(number, "text", new.name, text=new.text, marked=True), -1, marks, (-1,) * len(marks)))
    return made


def lesson_of(model: Any, train: Sequence[Example], how: How = How.THOROUGH, **options: Any) -> AnswerLesson:
    return AnswerLesson(Material(model, (), how, "cpu", Control(), tuple(train), Path("/nowhere"), options=options))


def judged(tests: Sequence[Example], found: Sequence[Prediction]) -> AnswersJudgement:
    answers = [
        Answered(e.item, ItemPrediction(e.item.id, Split.TEST, "", "", (), to_record(p)), e.annotations, ("",) * len(e.annotations))
        for e, p in zip(tests, found, strict=True)
    ]  # fmt: skip
    said = judge("answers", (), answers)
    assert isinstance(said, AnswersJudgement)
    return said


def test_a_small_network_learns_where_answers_stand(tmp_path: Path) -> None:
    """Whom a question is about and what it asks for must both be found in the passage."""
    given = [replace(n, annotations=(n.annotations or ())[:2]) for n in passages(230, 5, missing=False)]
    model = small_answerer(tmp_path / "m", words_of(given))
    every = examples(given)
    train, tests = every[:200], every[200:]
    lesson = lesson_of(model, train)
    with torch.no_grad():
        before = lesson.check([lesson.prepare(e) for e in tests])
    optimiser = torch.optim.AdamW([p for stage in lesson.stages() for p in stage], lr=2e-3)
    prepared = [lesson.prepare(e) for e in train]
    lesson.training_mode()
    torch.manual_seed(0)
    losses = []
    for epoch in range(12):
        order = torch.randperm(len(prepared)).tolist()
        total = 0.0
        for at in range(0, len(order), 20):
            optimiser.zero_grad()
            loss = lesson.step([prepared[i] for i in order[at : at + 20]]).loss
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            total += float(loss.detach())
        losses.append(total)
        if epoch > 2 and losses[-1] < losses[0] / 8:
            break
    lesson.module.eval()
    after = lesson.check([lesson.prepare(e) for e in tests])
    untaught, taught = judged(tests, before.predictions), judged(tests, after.predictions)
    print([round(v, 2) for v in losses], untaught.total.exact, taught.total.exact, taught.total.f1)
    assert losses[-1] < losses[0] / 2
    assert taught.total.exact > untaught.total.exact + 0.2
    assert sum(after.losses) < sum(before.losses)
    # What it says in the lesson and what it says when it is asked are the same, of any passage.
    task, asked = get_task("question-answering"), tests[0]
    sample = task.sample_of(asked.item, asked.annotations)
    (said,) = task.predict_batch([task.prepare(sample, lesson.result())], lesson.result(), TryOptions(), Control())
    assert isinstance(said, Text) and isinstance(after.predictions[0], Text)
    assert [(a.question, a.start, a.end, a.answered) for a in said.asked] == [
        (a.question, a.start, a.end, a.answered) for a in after.predictions[0].asked
    ]
    assert from_record(to_record(said)) == said


def test_the_loss_is_that_of_transformers_where_all_tokens_count(tmp_path: Path) -> None:
    """BertForQuestionAnswering's own loss on the same windows, with the tokens that cannot be it taken out of both."""
    given = passages(3, 2)
    model = small_answerer(tmp_path / "m", words_of(given))
    lesson = lesson_of(model, examples(given))
    prepared = lesson.prepare(examples(given)[0])
    assert [w.target == (0, 0) for w in prepared["windows"]] == [False, False, False, True]
    ours = float(lesson.step([prepared]).loss.detach())
    theirs = []
    for window in prepared["windows"]:
        inputs = {k: torch.tensor([v]) for k, v in window.inputs.items()}
        out = model.net(**inputs)
        inside = torch.tensor([i == 0 or o is not None for i, o in enumerate(window.offsets)])
        losses = [
            torch.nn.functional.nll_loss(
                (logits[0].softmax(-1) * inside / (logits[0].softmax(-1) * inside).sum()).log()[None], torch.tensor([t])
            )
            for logits, t in ((out.start_logits, window.target[0]), (out.end_logits, window.target[1]))
        ]
        theirs.append(float(sum(losses).detach()) / 2)
        whole = model.net(
            **inputs, start_positions=torch.tensor([window.target[0]]), end_positions=torch.tensor([window.target[1]])
        )
        assert float(whole.loss.detach()) > theirs[-1]  # all tokens count there, so it can only be larger
    assert ours == pytest.approx(sum(theirs) / len(theirs), rel=1e-5)
    words = given[0].text or ""
    for window, question in zip(prepared["windows"], questions_of(given[0].annotations or ()), strict=True):
        if question.places:
            first, last = window.offsets[window.target[0]], window.offsets[window.target[1]]
            assert first and last and words[first[0] : last[1]] == words[slice(*question.places[0])]


def test_long_passages_are_taught_window_by_window(tmp_path: Path) -> None:
    given = [passages(1, 3)[0]]
    filler = "Nothing else happened that day. " * 25
    text = filler + (given[0].text or "")
    marks = tuple(
        replace(a, shape=replace(a.shape, start=a.shape.start + len(filler), end=a.shape.end + len(filler)))
        if hasattr(a.shape, "start") else a
        for a in given[0].annotations or ()
    )  # fmt: skip
    new = NewItem("text", "long", text=text, annotations=marks)
    model = small_answerer(tmp_path / "m", [*words_of(given), filler], longest=64)
    lesson = lesson_of(model, examples([new]))
    windows = lesson.prepare(examples([new])[0])["windows"]
    for number in range(3):
        there = [w.target != (0, 0) for w in windows if w.question == number]
        assert len(there) > 3 and any(there) and not all(there)
    assert all(w.target == (0, 0) for w in windows if w.question == 3)
    assert lesson.check([lesson.prepare(examples([new])[0])]).predictions


def test_a_question_that_leaves_no_room_for_the_text_is_not_cut_in_silence(tmp_path: Path) -> None:
    given = passages(2, 3)
    model = small_answerer(tmp_path / "m", words_of(given), longest=64)
    text = given[0].text or ""
    with pytest.raises(UserError, match="question is too long"):
        model.look_for("Where does Anna live? " * 40, text, Control())
    found = model.look_for("Where does Anna live?", text, Control())
    assert found.best and all(0 <= t.start < t.end <= len(text) for t in found.best)
    assert all(w.length <= 64 for w in lesson_of(model, examples(given)).prepare(examples(given)[0])["windows"])


def test_a_place_stands_in_a_window_as_a_whole_or_not_at_all() -> None:
    offsets = [None, (0, 4), None, (0, 4), (5, 9), (9, 9), (9, 12), None]
    assert token_places(offsets[2:], 0, 9) == (1, 2)
    assert token_places(offsets[2:], 6, 11) == (2, 4)
    assert token_places(offsets[2:], 5, 20) == (0, 0)
    assert token_places(offsets[2:], 4, 9) == (0, 0)


def test_places_come_in_order_and_do_not_overlap() -> None:
    starts, ends = torch.tensor([0.0, 9, 3, 5, 0]), torch.tensor([0.0, 9, 3, 0, 5])
    found = decoded([Scored([None, None, (0, 2), (3, 5), (6, 8)], starts, ends)], "ab cd ef", 3)
    assert [(t.start, t.end) for t in found.best] == [(3, 8), (0, 2)]
    assert found.margin == pytest.approx(10.0, abs=1e-4) and 0 < found.nothing < found.best[0].score
    assert decoded([], "ab", 3).best == ()
    assert decoded([Scored([None, (0, 1)], torch.zeros(2), torch.zeros(2))], " ", 3).best == ()


def test_the_margin_is_settled_on_validation_and_kept(tmp_path: Path) -> None:
    given = passages(6, 4)
    model = small_answerer(tmp_path / "m", words_of(given))
    lesson = lesson_of(model, examples(given))
    validation = examples(given)
    found = lesson.check([lesson.prepare(e) for e in validation]).predictions
    settled = lesson.settle(validation, found)
    margin = float(lesson.state()[MARGIN])
    assert lesson.result().card.options == {"no_answer": True, MARGIN: margin}
    # No other margin does better on these.
    score = judged(validation, settled).total.f1
    for other in (-1e6, 0.0, 1e6, margin - 0.5, margin + 0.5):
        lesson.load_state({**lesson.state(), MARGIN: torch.tensor(other, dtype=torch.float64)})
        assert judged(validation, lesson.check([lesson.prepare(e) for e in validation]).predictions).total.f1 <= score
    lesson.load_state({**lesson.state(), MARGIN: torch.tensor(margin, dtype=torch.float64)})
    assert lesson.check([lesson.prepare(e) for e in validation]).predictions == settled


def test_without_questions_that_have_no_answer_it_always_answers(tmp_path: Path) -> None:
    given = passages(4, 4, missing=False)
    model = small_answerer(tmp_path / "m", words_of(given))
    lesson = lesson_of(model, examples(given))
    found = lesson.check([lesson.prepare(e) for e in examples(given)]).predictions
    assert lesson.settle(examples(given), found) == found
    assert all(a.answered for p in found if isinstance(p, Text) for a in p.asked)
    assert lesson.result().card.options["no_answer"] is False


def test_margins_part_what_can_be_parted() -> None:
    assert best_margin([Sure(3, 1, True), Sure(1, 0.5, True)]) == 0
    assert best_margin([Sure(3, 1, True), Sure(1, 0, False), Sure(-1, 0, False)]) == 2
    assert best_margin([Sure(3, 1, True), Sure(-1, 0, False)]) == 0
    assert best_margin([Sure(-3, 1, True), Sure(-5, 0, False)]) == -4
    assert best_margin([Sure(2, 0, True), Sure(1, 0, False)]) == pytest.approx(1.5)
    assert best_margin([Sure(2, 0, True), Sure(5, 0, False)]) == 6
    assert best_margin([]) == 0


def test_what_cannot_be_taught_says_so() -> None:
    card = ModelCard("p", "Pictures", ("image-classification",), "timm", "x", Source("import", "/"))
    with pytest.raises(UserError, match="answer questions"):
        lesson_of(Loaded(card), [])
