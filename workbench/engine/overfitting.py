"""Learning by heart (overfitting), told from a training's curves in plain words, with what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.engine.events import Advice, EpochDone, How
from workbench.trust.metrics import wilson

# The loss on unseen items must have risen by so much of its best value, and by so much at all (nats), to be no jitter.
_RISE, _LEAST_RISE = 0.10, 0.02
# And that of the examples fallen by so much of its value at the best round.
_FALL = 0.05
# How far right answers on the examples are ahead of those on unseen items, beyond what few of these explain.
_AHEAD = 0.10
_DO = {
    How.QUICK: "More, and more varied, examples help most; then a model that was pre-trained on something closer to yours.",
    How.BALANCED: "What helps: more, and more varied, examples; fewer rounds; varying the examples (augmentation); or Quick,"
    " which changes less of the model.",
    How.THOROUGH: "What helps: more, and more varied, examples; Balanced instead of Thorough; fewer rounds; varying the"
    " examples (augmentation).",
}


def rising(epochs: Sequence[EpochDone], how: How, nouns: str, augment: bool = True) -> Advice | None:
    """That it has begun to learn by heart: for the last two rounds at least, the loss on unseen items lies clearly above
    its best while that on the examples went on falling. None when it has not."""
    told = [e for e in epochs if e.validation_loss >= 0 and e.train_loss >= 0]
    if len(told) < 3:
        return None
    best = min(told, key=lambda e: e.validation_loss)
    limit = best.validation_loss + max(_LEAST_RISE, _RISE * best.validation_loss)
    last = told[-2:]
    risen = all(e.epoch > best.epoch and e.validation_loss > limit for e in last)
    fallen = told[-1].train_loss < best.train_loss * (1 - _FALL)
    if not (risen and fallen):
        return None
    return Advice(
        "overfitting",
        f"Since round {best.epoch} it learns its own examples by heart: on those it is ever less wrong"
        f" ({best.train_loss:.2f} to {told[-1].train_loss:.2f}), on {nouns} it has not seen more so"
        f" ({best.validation_loss:.2f} to {told[-1].validation_loss:.2f}). The best round is kept, not the last."
        f" {what_to_do(how, augment)}",
    )


def ahead(epochs: Sequence[EpochDone], validation: int, how: How, nouns: str, augment: bool = True) -> Advice | None:
    """That the version that is kept knows its own examples much better than unseen items; None when it does not, or when
    too few unseen items were there to tell it from chance.

    Args:
        validation: number of unseen items behind the scores.
    """
    best = next((e for e in reversed(epochs) if e.is_best), None)
    if best is None or not validation or best.train_score < 0 or best.metric not in ("", "accuracy"):
        return None
    _, high = wilson(round(best.validation_score * validation), validation)
    if best.train_score - high < _AHEAD:
        return None
    return Advice(
        "overfitting",
        f"It is right on {best.train_score:.0%} of the {nouns} it learnt from, but on {best.validation_score:.0%} of those"
        f" it has not seen: a good part of it is learnt by heart. {what_to_do(how, augment)}",
    )


def what_to_do(how: How, augment: bool = True) -> str:
    """The advice for a way of training; what is done already is not advised."""
    return _DO[how].replace("; varying the examples (augmentation)", "") if augment else _DO[how]
