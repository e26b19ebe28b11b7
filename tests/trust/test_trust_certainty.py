"""Certainty and costs against outside judges and planted truths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.data.types import ItemPrediction, Split
from workbench.tasks.decision import Decision, decided, decided_class, decision_of
from workbench.tasks.predictions import Score, Scores, from_record, to_record
from workbench.tasks.temperature import (
    at_temperature,
    fit_temperature,
    mean_nll,
    settle_temperature,
    temperature_of,
    tempered,
)
from workbench.trust.certainty import (
    answering,
    answering_curve,
    certainty,
    cheapest_threshold,
    consequences,
    limit_for,
    reliability,
    without_temperature,
)

NAMES = ("a", "b", "c")


def softmax(logits: np.ndarray) -> np.ndarray:
    grown = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(grown / grown.sum(1, keepdims=True))


def planted(n: int, overconfidence: float, seed: int = 0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities whose logits are so many times too large, and classes drawn from the true ones."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 1.5
    true = np.array([rng.choice(classes, p=row) for row in softmax(logits)])
    return softmax(logits * overconfidence), true


def items(rows: np.ndarray, true: np.ndarray, split: Split = Split.TEST) -> list[ItemPrediction]:
    return [
        ItemPrediction(n, split, NAMES[t], NAMES[int(np.argmax(row))], tuple(float(v) for v in row))
        for n, (row, t) in enumerate(zip(rows, true, strict=True))
    ]


def answers(rows: np.ndarray) -> list[Scores]:
    return [
        Scores(tuple(Score(NAMES[i], float(row[i]), int(i)) for i in np.argsort(-row, kind="stable"))) for row in rows
    ]


@pytest.mark.parametrize("overconfidence", [0.5, 1.0, 2.5])
def test_a_planted_temperature_is_found_and_agrees_with_scipy(overconfidence: float) -> None:
    from scipy.optimize import minimize_scalar

    rows, true = planted(3000, overconfidence)
    found = fit_temperature(rows.tolist(), true.tolist())
    assert found == pytest.approx(overconfidence, rel=0.08)
    outside = minimize_scalar(
        lambda t: mean_nll(rows.tolist(), true.tolist(), t),
        bounds=(0.05, 20),
        method="bounded",
        options={"xatol": 1e-6},
    )
    assert found == pytest.approx(outside.x, rel=0.01)  # the prior is all that differs


def test_the_likelihood_agrees_with_scikit_learn() -> None:
    from sklearn.metrics import log_loss

    rows, true = planted(200, 2.0)
    assert mean_nll(rows.tolist(), true.tolist()) == pytest.approx(log_loss(true, rows))


def test_a_temperature_makes_unseen_percentages_truthful() -> None:
    rows, true = planted(400, 3.0)
    options = settle_temperature(answers(rows), true.tolist(), 3)
    assert options["calibrated_on"] == 400
    unseen, truth = planted(2000, 3.0, seed=1)
    after = [tempered(row, options["temperature"]) for row in unseen.tolist()]
    seen = certainty(items(np.array(after), truth), NAMES, options["temperature"], 400)
    assert seen.before.error > 0.15
    assert seen.after.error < 0.05
    assert "less sure" in seen.sentence()
    assert f"{seen.before.error:.1%} before" in seen.sentence()


def test_too_few_examples_and_no_gain_leave_it_as_it_is() -> None:
    rows, true = planted(29, 5.0)
    assert settle_temperature(answers(rows), true.tolist(), 3) == {}
    assert "at least 30" in certainty([], NAMES, 1.0, 29).change()
    applied = 0
    for seed in range(20):
        rows, true = planted(60, 1.0, seed)
        applied += bool(settle_temperature(answers(rows), true.tolist(), 3))
    assert applied <= 10  # nothing is wrong with these: most of the time nothing is done
    assert "nothing made them more truthful" in certainty([], NAMES, 1.0, 60).change()


def test_it_says_so_when_it_got_worse() -> None:
    rows, true = planted(2000, 1.0)
    worse = [tempered(row, 3.0) for row in rows.tolist()]
    seen = certainty(items(np.array(worse), true), NAMES, 3.0, 50)
    assert seen.after.error > seen.before.error
    assert "did not help" in seen.sentence()


def test_where_all_is_right_it_does_not_claim_certainty() -> None:
    rows = np.tile([0.8, 0.1, 0.1], (40, 1))
    found = fit_temperature(rows.tolist(), [0] * 40)
    assert found > 0.3  # the likelihood alone would go to 0, where it says 100 %
    assert 0.9 < tempered(rows[0].tolist(), found)[0] < 0.999


@settings(deadline=None)
@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=6), st.floats(0.1, 10))
def test_the_order_stays_and_it_can_be_taken_out_again(weights: list[float], temperature: float) -> None:
    row = [w / sum(weights) for w in weights]
    changed = tempered(row, temperature)
    assert sum(changed) == pytest.approx(1)
    assert max(range(len(row)), key=lambda i: row[i]) == max(range(len(row)), key=lambda i: (changed[i], row[i]))
    assert tempered(changed, 1 / temperature) == pytest.approx(row, abs=1e-6)
    prediction = Scores(tuple(Score(str(i), v, i) for i, v in enumerate(sorted(row, reverse=True))))
    assert [s.name for s in at_temperature(prediction, temperature).top] == [s.name for s in prediction.top]  # type: ignore[union-attr]


@pytest.mark.parametrize("given_value", ["2", True, float("nan"), None, [1]])
def test_a_damaged_temperature_changes_nothing(given_value: object) -> None:
    assert temperature_of({"temperature": given_value}) == 1.0


def test_calibration_error_and_brier_agree_with_outside_judges() -> None:
    import torch
    from sklearn.metrics import brier_score_loss
    from torchmetrics.classification import MulticlassCalibrationError

    rows, true = planted(500, 2.0)
    found = reliability(items(rows, true), NAMES)
    outside = MulticlassCalibrationError(3, n_bins=10, norm="l1")(torch.tensor(rows), torch.tensor(true))
    assert found.error == pytest.approx(float(outside), abs=1e-5)
    assert found.brier == pytest.approx(brier_score_loss(true, rows, scale_by_half=False))
    assert sum(b.count for b in found.bins) == 500


def test_a_bin_in_words() -> None:
    rows = np.tile([0.8, 0.15, 0.05], (50, 1))
    true = np.array([0] * 25 + [1] * 25)
    found = reliability(items(rows, true), NAMES)
    assert found.sentence().startswith("When it says 80%, it is right 50% of the time (50 answers;")
    assert "surer than it should be" in found.sentence()
    assert "chance" in reliability(items(rows, np.array([0] * 40 + [1] * 10)), NAMES).sentence()


def test_what_was_before_the_temperature_can_be_seen_again() -> None:
    rows, true = planted(30, 1.5)
    kept = items(np.array([[round(v, 6) for v in tempered(row, 2.0)] for row in rows.tolist()]), true)
    before = without_temperature(kept, 2.0)
    assert np.array([p.scores for p in before]) == pytest.approx(rows, abs=1e-3)


# Costs ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", [0.1, 1.0, 10.0])
def test_the_threshold_has_the_smallest_cost_of_all(cost: float) -> None:
    rows, true = planted(300, 1.0)
    validation = items(rows, true, Split.VALIDATION)
    found = cheapest_threshold(validation, NAMES, "b", cost)
    assert found is not None
    mine = consequences(validation, NAMES, "b", found, cost)
    everything = [consequences(validation, NAMES, "b", t, cost).total for t in np.linspace(0.001, 0.999, 999)]
    assert mine.total <= min(everything) + 1e-9
    # Where probabilities are true, it is near what theory says (Elkan 2001).
    assert found == pytest.approx(1 / (1 + cost), abs=0.2)


def test_dear_misses_are_fewer_on_items_it_was_not_chosen_on() -> None:
    rows, true = planted(400, 1.0)
    unseen = items(*planted(1000, 1.0, seed=5))
    cheap, dear = (cheapest_threshold(items(rows, true), NAMES, "a", cost) for cost in (1.0, 20.0))
    assert cheap is not None and dear is not None
    few, many = consequences(unseen, NAMES, "a", dear, 20.0), consequences(unseen, NAMES, "a", cheap, 20.0)
    assert dear < cheap and few.missed < many.missed and few.false_alarms > many.false_alarms
    assert few.total < many.total
    usual = consequences(unseen, NAMES, "a", None, 20.0)
    assert f"costs {usual.total:g}; this costs {few.total:g}." in few.beside(usual)
    assert "did not pay off" in usual.beside(few)
    assert f"misses {few.missed} of {few.there}" in few.sentence()
    assert f"{few.false_alarms / 10:.1f} false alarms" in few.sentence()


def test_consequences_agree_with_scikit_learn() -> None:
    from sklearn.metrics import confusion_matrix

    rows, true = planted(200, 1.0)
    found = consequences(items(rows, true), NAMES, "c", 0.3, 1.0)
    _, alarms, missed, hit = confusion_matrix(true == 2, rows[:, 2] >= 0.3).ravel()
    assert (found.missed, found.false_alarms, found.there) == (missed, alarms, missed + hit)


def test_too_few_of_a_class_choose_nothing() -> None:
    rows, true = planted(200, 1.0)
    few = [p for p in items(rows, true) if p.true_class != "a"][:50] + [
        p for p in items(rows, true) if p.true_class == "a"
    ][:4]
    assert cheapest_threshold(few, NAMES, "a", 3.0) is None


# Saying nothing ---------------------------------------------------------------------------------------------------------


def test_the_surest_answers_are_the_rightest_where_percentages_are_true() -> None:
    validation, unseen = items(*planted(800, 1.0)), items(*planted(800, 1.0, seed=3))
    limit = limit_for(validation, 0.9)
    assert limit is not None
    chosen = answering(validation, limit)
    assert chosen.share_right >= 0.9
    held = answering(unseen, limit)
    assert held.share_right > 0.85 and 0 < held.share_answered < 1
    assert answering(unseen, 0).share_right < held.share_right
    assert f"leaves {held.n - held.answered} to you" in held.sentence()
    curve = answering_curve(unseen)
    assert curve[0].share_answered == 1 and [p.answered for p in curve] == sorted(
        (p.answered for p in curve), reverse=True
    )
    assert all(answering(unseen, p.sure_from) == p for p in curve[:: len(curve) // 10])


def test_nothing_reaches_what_cannot_be_reached() -> None:
    wrong = [ItemPrediction(n, Split.TEST, "a", "b", (0.1, 0.8, 0.1)) for n in range(10)]
    assert limit_for(wrong, 0.5) is None
    assert "say nothing at all" in answering(wrong, 0.95).sentence()


# What is kept with a model ------------------------------------------------------------------------------------------------


def test_a_decision_changes_the_answer_and_can_say_nothing() -> None:
    prediction = Scores((Score("a", 0.5, 0), Score("b", 0.3, 1), Score("c", 0.2, 2)))
    found = decided(prediction, Decision("c", 0.15, 10.0))
    assert found.best.name == "c" and found.summary() == "c" and [s.name for s in found.top] == ["c", "a", "b"]
    assert "“c” is the answer from 15% on" in found.note and not decided(prediction, Decision("a", 0.4)).note
    assert decided(prediction, Decision("a", 0.6)).best.name == "b"
    unsure = decided(prediction, Decision(sure_from=0.6))
    assert unsure.chosen == () and unsure.summary() == "not sure (perhaps a)" and unsure.to_json()["unsure"]
    assert from_record(to_record(unsure)) == unsure
    # A class that must not be missed is said even when it is doubtful.
    assert not decided(prediction, Decision("c", 0.15, 10.0, 0.6)).unsure
    for row in ((0.5, 0.3, 0.2), (0.2, 0.5, 0.3), (0.1, 0.1, 0.8)):
        given_scores = answers(np.array([row]))[0]
        for limit in (0.05, 0.25, 0.9):
            assert decided(given_scores, Decision("b", limit)).best.index == decided_class(row, 1, limit)


def test_a_decision_survives_the_card_and_damage() -> None:
    kept = Decision("b", 0.2, 4.0, 0.5)
    assert decision_of({"decision": kept.to_options()}, NAMES) == kept
    assert decision_of({"decision": kept.to_options()}, ("x",)) == Decision("", 0.2, 4.0, 0.5)
    for damaged in (None, "b", [], {"class": "b", "threshold": "x", "sure_from": float("nan"), "cost": -1}):
        found = decision_of({"decision": damaged}, NAMES)
        assert found is None or found == Decision("b", 0.5, 1.0, 0.0)
    assert "4 times as much" in kept.sentence() and "less than 50%" in kept.sentence()
