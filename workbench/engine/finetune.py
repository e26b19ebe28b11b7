"""Training by steps: part or all of a network learns, with early stopping and exact resume. What differs between tasks
is in the lesson (`workbench.tasks.lesson`)."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.data.types import Item, Split
from workbench.engine import checkpoint
from workbench.engine.checkpoint import Position
from workbench.engine.events import (
    Advice,
    CheckpointSaved,
    EpochDone,
    How,
    RunEvent,
    StageChanged,
    Started,
    StepDone,
)
from workbench.engine.head import HeadStep
from workbench.engine.judging import Verdict, live_samples, verdict
from workbench.engine.overfitting import rising
from workbench.engine.quick import best_head, look
from workbench.engine.reading import Prepared, read_batches
from workbench.engine.run import Outcome, Run
from workbench.engine.step_clock import StepClock
from workbench.errors import Cancelled, UserError, out_of_memory
from workbench.runtimes.base import Loaded
from workbench.tasks.base import PooledTask
from workbench.tasks.lesson import Lesson, Material, Step
from workbench.tasks.pooled_lesson import trained_stages
from workbench.tasks.predictions import Prediction

if TYPE_CHECKING:
    import torch

__all__ = ["default_epochs", "load_libraries", "train_network", "trained_stages"]

# A state is written at the end of each epoch and, in long ones, this often.
CHECKPOINT_SECONDS = 60.0
_EPOCHS = {How.BALANCED: 12, How.THOROUGH: 20}
# Each stage further from the head learns this much slower (Howard & Ruder 2018).
_STAGE_DECAY = 0.8
_WARM_UP = 0.1
_EVALUATION_BATCH = 8


def load_libraries() -> None:
    """Have the optimisers' libraries in memory: torch loads a good part of itself with the first optimiser step, which
    would make the window stutter at the start of the first training."""
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.AdamW([weight])
    weight.sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def default_epochs(how: How) -> int:
    """How many epochs a way of training takes at most when nothing else is said."""
    return _EPOCHS.get(how, 1)


@dataclass
class Training:
    """The moving parts of one training."""

    run: Run
    lesson: Lesson
    optimiser: torch.optim.Optimizer
    rates: list[float]
    epochs: int
    batch: int
    position: Position
    started: float
    saved_at: float

    @property
    def repeats(self) -> int:
        """How many times an epoch goes through the examples."""
        return max(1, getattr(self.lesson, "repeats", 1))

    @property
    def steps_per_epoch(self) -> int:
        return max(1, math.ceil(len(self.run.usable(Split.TRAIN)) / self.batch) * self.repeats)

    def set_rates(self) -> float:
        """Linear warm-up, then half a cosine down to a hundredth. Returns the head's rate."""
        total = self.steps_per_epoch * self.epochs
        warm = max(1, round(total * _WARM_UP))
        step = self.position.step
        if step < warm:
            factor = (step + 1) / warm
        else:
            factor = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))
        for group, rate in zip(self.optimiser.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        return self.rates[0] * factor

    def save(self) -> None:
        seconds = self.position.seconds + time.monotonic() - self.started
        checkpoint.save(self.run.folder, self.lesson.module, self.optimiser, replace(self.position, seconds=seconds))
        self.saved_at = time.monotonic()

    def save_best(self) -> None:
        checkpoint.write_tensors(self.run.folder / checkpoint.BEST, self.lesson.state())


def train_network(run: Run, resume: bool) -> Generator[RunEvent, None, Outcome]:
    """See `workbench.engine.fit.fit`. Stopped after the first best state there is, that state is the result."""
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    resume = resume and (run.folder / checkpoint.LAST).is_file()
    model = open_model(run.card, files(run.card, run.paths), run.device)
    sizes = len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION])
    first: HeadStep | None = None
    if isinstance(run.task, PooledTask):
        first = yield from _pooled_start(run, run.task, model, resume)
    lesson = run.task.lesson(_material(run, model))
    epochs = run.config.epochs or lesson.epochs
    training = _training(run, lesson, epochs)
    start: Verdict | None = None
    if lesson.checks_first:
        # Before the state of a resumed training is loaded: this is the model as it was.
        yield StageChanged("Looking at what it can do already")
        start = _beginning(training)
    if resume:
        training.position = checkpoint.load(run.folder, lesson.module, training.optimiser)
        yield Started(run.config.run_id, *sizes, epochs, run.device, resumed_epoch=training.position.epoch)
    else:
        if first is None:
            yield Started(run.config.run_id, *sizes, epochs, run.device)
            if start is not None:
                training.position = replace(training.position, best_loss=start.loss, best_score=start.score)
                yield EpochDone(0, -1.0, -1.0, start.loss, start.score, True, 0.0, start.metric)
        else:
            training.position = replace(training.position, best_loss=first.validation_loss)
        _seed(run.config.seed)
        training.save_best()
    for sentence in getattr(lesson, "notes", list)():
        yield Advice("how-it-learns", sentence)
    reason = "done"
    try:
        reason = yield from _epochs(training)
    except Cancelled:
        if run.control.leaving:
            training.save()
            raise
        if not isinstance(run.task, PooledTask) and not training.position.best_epoch:
            raise  # nothing has been learnt yet
        reason = "cancelled"
    tensors, _ = checkpoint.read_tensors(run.folder / checkpoint.BEST)
    lesson.load_state(tensors)
    lesson.module.eval()
    best = training.position.best_epoch
    if reason == "cancelled":
        # Answered within a second: the test waits for the Results page.
        return Outcome(lesson.result(), [], best, reason)
    yield StageChanged("Checking")
    predictions = []
    for split in (Split.VALIDATION, Split.TEST):
        # Settled once more: when no epoch was the best, nothing has been settled for the state that is kept.
        validation = split is Split.VALIDATION
        items, found, _losses = _validated(training) if validation else _checked(training, run.usable(split))
        predictions += [run.said(item, p, split) for item, p in zip(items, found, strict=True)]
    return Outcome(lesson.result(), predictions, best, reason)


def _beginning(training: Training) -> Verdict:
    """What the untaught model says; the lesson keeps what it wants of it."""
    run = training.run
    items, found, losses = _validated(training)
    _checked(training, run.usable(Split.TEST))
    return verdict(run, items, found, losses)


def _material(run: Run, model: Loaded) -> Material:
    return Material(
        model, run.config.classes, run.config.how, run.device, run.control,
        tuple(run.examples[i.id] for i in run.usable(Split.TRAIN)), run.paths.cache / "lessons", run.class_weights(),
        run.config.augment, run.config.seed, run.config.options,
    )  # fmt: skip


def _pooled_start(
    run: Run, task: PooledTask, model: Loaded, resume: bool
) -> Generator[RunEvent, None, HeadStep | None]:
    """Quick's head, from which a classifier goes on. None when it is resumed and has learnt further already."""
    from workbench.runtimes.network import Network

    if not isinstance(model, Network):
        raise UserError(f"“{run.card.name}” cannot be taught.", "Choose another model.")
    if resume:
        model.set_head(run.config.classes)
        return None
    epochs = run.config.epochs or default_epochs(run.config.how)
    yield Started(run.config.run_id, len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION]), epochs, run.device)
    yield StageChanged(f"Looking at your {run.task.info.nouns}")
    looked = yield from look(run, task, model, (Split.TRAIN, Split.VALIDATION))
    best: HeadStep | None = None
    for step in best_head(run, task, looked):
        if step.is_best or best is None:
            best = step
    assert best is not None
    model.set_head(run.config.classes, best.weight, best.bias)
    return best


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _training(run: Run, lesson: Lesson, epochs: int) -> Training:
    import torch

    lesson.module.requires_grad_(False)
    groups, rates = [], []
    head_rate = run.config.learning_rate or lesson.head_rate
    for number, stage in enumerate(lesson.stages()):
        for parameter in stage:
            parameter.requires_grad_(True)
        rate = head_rate if number == 0 else lesson.body_rate * _STAGE_DECAY ** (number - 1)
        groups.append({"params": stage, "lr": rate})
        rates.append(rate)
    batch = run.config.batch_size or min(lesson.batch, max(2, len(run.usable(Split.TRAIN)) // 4))
    optimiser = torch.optim.AdamW(groups, weight_decay=lesson.weight_decay)
    now = time.monotonic()
    return Training(run, lesson, optimiser, rates, epochs, batch, Position(micro_batch=batch), now, now)


def _epochs(training: Training) -> Generator[RunEvent, None, str]:
    """All epochs. Returns the reason why it ended."""
    run = training.run
    yield StageChanged("Learning")
    rounds: list[EpochDone] = []
    told = False
    while training.position.epoch <= training.epochs:
        if training.position.bad_epochs >= run.config.patience:
            # It was killed between saving its last epoch and stopping by itself.
            return "stopped-early"
        began = time.monotonic()
        yield from _one_epoch(training)
        items, found, losses = _validated(training)
        said = verdict(run, items, found, losses)
        position = training.position
        train_loss = position.loss_sum / max(1, position.seen)
        is_best, moved = _better(training, said, bool(items))
        number = position.epoch
        rounds.append(EpochDone(
            number, train_loss, position.right / max(1, position.seen) if position.right >= 0 else -1.0, said.loss,
            said.score, is_best, time.monotonic() - began, said.metric,
        ))  # fmt: skip
        yield rounds[-1]
        training.position = replace(
            position, epoch=number + 1, step_in_epoch=0, loss_sum=0.0, right=0, seen=0,
            best_loss=min(position.best_loss, said.loss) if losses else position.best_loss,
            best_score=max(position.best_score, said.score),
            best_epoch=number if is_best else position.best_epoch,
            bad_epochs=0 if is_best or moved else position.bad_epochs + 1,
        )  # fmt: skip
        if is_best:
            training.save_best()
        training.save()
        yield CheckpointSaved(number, training.position.step, is_best)
        yield from live_samples(run, number, items, found)
        bad = training.position.bad_epochs
        by_heart = None if told else rising(rounds, run.config.how, run.task.info.nouns, run.config.augment)
        if by_heart is not None:
            told = True
            yield by_heart
        if bad >= run.config.patience:
            yield Advice(
                "plateau",
                f"It has stopped improving, so training stopped by itself after round {number}."
                + (
                    f" The version of round {training.position.best_epoch} is kept."
                    if training.position.best_epoch
                    else " The version before these rounds was the best and is kept."
                ),
            )
            return "stopped-early"
    return "done"


def _better(training: Training, said: Verdict, there_is_validation: bool) -> tuple[bool, bool]:
    """Whether this is the best epoch so far, and whether anything has moved: a detector's loss falls for some epochs
    before it finds its first thing, and must not be stopped then."""
    position = training.position
    if not there_is_validation:
        return True, True
    lower = said.loss >= 0 and said.loss < position.best_loss - 1e-6
    if training.lesson.judged_by == "loss":
        return lower, lower
    higher = said.score > position.best_score + 1e-9
    same = abs(said.score - position.best_score) <= 1e-9
    return higher or (same and lower), higher or lower


def _one_epoch(training: Training) -> Iterator[RunEvent]:
    import torch

    run, control = training.run, training.run.control
    position = training.position
    items = run.usable(Split.TRAIN)
    generator = torch.Generator().manual_seed(run.config.seed * 100_003 + position.epoch)
    batches: list[list[Item]] = []
    turns: list[int] = []
    for turn in range(training.repeats):
        order = [items[i] for i in torch.randperm(len(items), generator=generator).tolist()]
        batches += [order[i : i + training.batch] for i in range(0, len(order), training.batch)]
        turns += [turn] * (len(batches) - len(turns))
    training.lesson.training_mode()
    clock = StepClock()
    left_over, turns = batches[position.step_in_epoch :], turns[position.step_in_epoch :]
    for number, prepared in read_batches(run, training.lesson, left_over, position.epoch, run.config.augment, turns):
        if control.paused:
            training.save()
        control.check()
        rate = training.set_rates()
        loss, right, seen, advice = _step(training, prepared)
        yield from advice
        at = training.position
        training.position = replace(
            at, step=at.step + 1, step_in_epoch=at.step_in_epoch + 1, loss_sum=at.loss_sum + loss * seen,
            right=at.right + right if right >= 0 else -1, seen=at.seen + seen,
        )  # fmt: skip
        at = training.position
        left = clock.step() * 1.2 * (training.steps_per_epoch * training.epochs - at.step)
        yield StepDone(at.step, at.epoch - 1 + at.step_in_epoch / len(batches), loss, rate, max(0.0, left))
        control.progress(at.step, training.steps_per_epoch * training.epochs, f"Round {at.epoch} of {training.epochs}")
        if time.monotonic() - training.saved_at > CHECKPOINT_SECONDS and number + 1 < len(left_over):
            training.save()
            yield CheckpointSaved(at.epoch, at.step, False)


def _step(training: Training, prepared: Prepared) -> tuple[float, int, int, list[Advice]]:
    """One optimiser step. When memory runs out the items go through in halves, their gradients summed."""
    advice: list[Advice] = []
    while True:
        try:
            return *_accumulated(training, prepared), advice
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            if training.position.micro_batch <= 1:
                raise UserError(
                    "There is not enough memory to train this model this way.",
                    "Choose Quick or a smaller model, or close other programs.",
                ) from error
            half = max(1, min(training.position.micro_batch, len(prepared)) // 2)
            training.position = replace(training.position, micro_batch=half)
            advice.append(
                Advice(
                    "memory-halved",
                    f"Memory ran short, so it now looks at {half} items at once. The result stays the same.",
                )
            )


def _out_of_memory(error: BaseException) -> bool:
    import torch

    if not out_of_memory(error):
        return False
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return True


def _accumulated(training: Training, prepared: Prepared) -> tuple[float, int, int]:
    """Loss (mean), right answers (-1 where that is not known) and items of one step. Gradients of the parts are weighed
    by their size."""
    import torch

    optimiser = training.optimiser
    optimiser.zero_grad(set_to_none=True)
    total, right = 0.0, 0
    size = training.position.micro_batch
    for start in range(0, len(prepared), size):
        part = prepared[start : start + size]
        taken = forward(training, part)
        value = float(taken.loss.detach())
        if not math.isfinite(value):
            raise UserError(
                "The training has become unstable: its numbers grew without bounds.",
                "Start again with a lower speed of learning (More settings), or choose Quick.",
            )
        if taken.loss.requires_grad:  # a part with nothing to learn from gives a plain zero
            (taken.loss * (len(part) / len(prepared))).backward()  # type: ignore[no-untyped-call]
        total += value * len(part)
        right = right + taken.right if taken.right >= 0 and right >= 0 else -1
    if training.lesson.clip_norm > 0:
        torch.nn.utils.clip_grad_norm_(
            [p for group in optimiser.param_groups for p in group["params"]], training.lesson.clip_norm
        )
    optimiser.step()
    return total / len(prepared), right, len(prepared)


def forward(training: Training, part: Prepared) -> Step:
    """One forward pass on some examples."""
    return training.lesson.step([p for _, p in part])


def _validated(training: Training) -> tuple[list[Item], list[Prediction], list[float]]:
    """As `_checked` on the validation items, after the lesson has settled what it settles on them."""
    items, found, losses = _checked(training, training.run.usable(Split.VALIDATION))
    settle = getattr(training.lesson, "settle", None)
    if settle is not None:
        found = settle([training.run.examples[i.id] for i in items], found)
    return items, found, losses


def _checked(training: Training, items: list[Item]) -> tuple[list[Item], list[Prediction], list[float]]:
    """Items that could be read, what the model says of them, and their losses."""
    run, lesson = training.run, training.lesson
    lesson.module.eval()
    kept: list[Item] = []
    found: list[Prediction] = []
    losses: list[float] = []
    batches = [items[i : i + _EVALUATION_BATCH] for i in range(0, len(items), _EVALUATION_BATCH)]
    for _, prepared in read_batches(run, lesson, batches, training.position.epoch, augment=False):
        run.control.check()
        said = lesson.check([p for _, p in prepared])
        kept += [i for i, _ in prepared]
        found += said.predictions
        losses += said.losses
    return kept, found, losses
