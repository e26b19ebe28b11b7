"""Training by steps: part or all of a network learns, with early stopping and exact resume. What differs between tasks
is in the lesson (`workbench.tasks.lesson`)."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.data.types import WRITTEN, Item, Split
from workbench.engine import checkpoint
from workbench.engine.buckets import by_length, drawn_batches, length_of
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
from workbench.engine.frozen import keep_frozen
from workbench.engine.head import HeadStep
from workbench.engine.judging import Verdict, live_samples, verdict
from workbench.engine.overfitting import rising
from workbench.engine.quick import best_head, look
from workbench.engine.reading import Prepared, read_batches
from workbench.engine.run import Outcome, Run
from workbench.engine.step_clock import StepClock
from workbench.engine.waiting import Waiting
from workbench.errors import Cancelled, UserError, out_of_memory
from workbench.runtimes.base import Loaded
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import PooledTask
from workbench.tasks.lesson import Lesson, Material, Step
from workbench.tasks.pooled_lesson import trained_stages
from workbench.tasks.predictions import Prediction, from_record, to_record

if TYPE_CHECKING:
    import torch

__all__ = ["default_epochs", "load_libraries", "train_network", "trained_stages"]

# A state is written at the end of each epoch and, in long ones, this often.
CHECKPOINT_SECONDS = 60.0
# Training by steps only begins with Quick's head: of many items a part is enough for that, and every process holds its features.
HEAD_START = {Split.TRAIN: 100_000, Split.VALIDATION: 20_000}
_EPOCHS = {How.BALANCED: 12, How.THOROUGH: 20}
# Each stage further from the head learns this much slower (Howard & Ruder 2018).
_STAGE_DECAY = 0.8
_WARM_UP = 0.1
_EVALUATION_BATCH = 8
_SPARED = (
    "Memory is short, so parts are computed twice instead of being remembered. It is slower; the result stays the same."
)


def load_libraries() -> None:
    """Have the optimisers' libraries in memory: torch loads a good part of itself with the first optimiser step, which
    would make the window stutter at the start of the first training."""
    import torch

    weight = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.AdamW([weight], fused=True)
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
    waiting: Waiting

    @property
    def repeats(self) -> int:
        """How many times an epoch goes through the examples."""
        return max(1, self.lesson.repeats)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, math.ceil(len(self.run.usable(Split.TRAIN)) / self.batch) * self.repeats)

    @property
    def restless(self) -> bool:
        """The rates are above half of their peak and examples are varied: rounds go up and down by chance, so that one that is
        no better says little of those to come (docs/speed.md, "Pictures")."""
        early = 2 * self.position.step < self.steps_per_epoch * self.epochs
        return early and self.lesson.varies

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
        """All processes that train together call this; the leader writes."""
        together = self.run.together
        position = replace(self.position, seconds=self.position.seconds + time.monotonic() - self.started)
        mine = checkpoint.random_states()
        gathered = {name: together.gather_tensor(value) for name, value in mine.items()}
        random = [{name: values[rank] for name, values in gathered.items()} for rank in range(together.size)]

        def write() -> None:
            if together.leads:
                checkpoint.save(self.run.folder, self.lesson.module, self.optimiser, position, random)

        together.all_of(write)
        self.saved_at = time.monotonic()

    def save_best(self) -> None:
        """As `save`."""

        def write() -> None:
            if self.run.together.leads:
                checkpoint.write_tensors(self.run.folder / checkpoint.BEST, self.lesson.state())

        self.run.together.all_of(write)


def train_network(run: Run, resume: bool) -> Generator[RunEvent, None, Outcome]:
    """See `workbench.engine.fit.fit`. Stopped after the first best state there is, that state is the result."""
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    together = run.together
    resume = bool(together.gather(resume and (run.folder / checkpoint.LAST).is_file())[0])
    model = open_model(run.card, files(run.card, run.paths), run.device)
    sizes = len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION])
    first: _Heads | None = None
    if isinstance(run.task, PooledTask):
        first = yield from _pooled_start(run, run.task, model, resume)
    lesson = run.task.lesson(_material(run, model))
    # New heads and add-ons begin at random: at the same random numbers everywhere.
    together.same(lesson.module.state_dict().values())
    epochs = run.config.epochs or lesson.epochs
    training = _training(run, lesson, epochs)
    start: Verdict | None = None
    if lesson.checks_first:
        # Before the state of a resumed training is loaded: this is the model as it was.
        yield StageChanged("Looking at what it can do already")
        start = _beginning(training)
    if resume:
        last = together.from_leader(lambda: checkpoint.read_tensors(run.folder / checkpoint.LAST))
        _seed(run.config.seed + together.rank)  # for one that was not there when it was saved
        training.position = checkpoint.load(run.folder, lesson.module, training.optimiser, last, together.rank)
        yield Started(run.config.run_id, *sizes, epochs, run.device, resumed_epoch=training.position.epoch)
    else:
        if first is None:
            yield Started(run.config.run_id, *sizes, epochs, run.device)
            if start is not None:
                training.position = replace(training.position, best_loss=start.loss, best_score=start.score)
                yield EpochDone(0, -1.0, -1.0, start.loss, start.score, True, 0.0, start.metric)
        else:
            training.position = _after_quick(training, first.best)
        _seed(run.config.seed + together.rank)
        training.save_best()
        if first is not None:
            _begin_with(model, first.begin)
    if _short_of_memory(run) and lesson.spare_memory():
        yield Advice("memory-spared", _SPARED)
    for sentence in lesson.notes():
        yield Advice("how-it-learns", sentence)
    reason = "done"
    try:
        yield from keep_frozen(run, lesson)
        # Processes that train together stop together, between two steps.
        with between_layers(lesson.module if together.size == 1 else None, run.control, learning=True):
            reason = yield from _epochs(training)
    except Cancelled:
        if run.control.leaving:
            training.save()
            raise
        if not isinstance(run.task, PooledTask) and not training.position.best_epoch:
            raise  # nothing has been learnt yet
        reason = "cancelled"
    nouns = run.task.info.nouns
    # What is written down lies on no disk: reading it is computing.
    if training.waiting.much and run.task.info.media not in WRITTEN:
        yield Advice("waiting", training.waiting.advice(run.device, nouns))
    waited = training.waiting.sentence(run.device, nouns)
    tensors, _ = together.from_leader(lambda: checkpoint.read_tensors(run.folder / checkpoint.BEST))
    lesson.load_state(tensors)
    lesson.module.eval()
    best = training.position.best_epoch
    if reason == "cancelled":
        # Answered within a second: the test waits for the Results page.
        return Outcome(lesson.result(), [], best, reason, waited, _as_before(training))
    yield StageChanged("Checking")
    predictions = []
    for split in (Split.VALIDATION, Split.TEST):
        # Settled once more: when no epoch was the best, nothing has been settled for the state that is kept.
        validation = split is Split.VALIDATION
        items, found, _losses = _validated(training) if validation else _checked(training, split)
        predictions += [run.said(item, p, split) for item, p in zip(items, found, strict=True)]
    # An item that holds its own parts is in both: what was said last of it speaks of all of them.
    kept = {p.item_id: p for p in predictions}
    return Outcome(lesson.result(), list(kept.values()), best, reason, waited, _as_before(training))


def _as_before(training: Training) -> str:
    """That no round was better than what there was before them, so that nobody believes the rounds made the model; "" where
    one was, and where none was ended."""
    info = training.run.task.info
    rounds = training.position.epoch - 1
    if training.position.best_epoch or rounds < 1:
        return ""
    none = f"None of the {rounds} rounds" if rounds > 1 else "The round"
    verb = "was" if rounds > 1 else "was not"
    quick = isinstance(training.run.task, PooledTask)
    before, kept = (
        ("Quick's result, with which it began", "this is what Quick makes of your examples")
        if quick
        else ("the model was before", "the model is as it was")
    )
    return (
        f"{none} {verb} better on the {info.nouns} that steer the training than {before}. So {kept}; the rounds added"
        " nothing to it."
    )


def _beginning(training: Training) -> Verdict:
    """What the untaught model says; the lesson keeps what it wants of it."""
    run = training.run
    items, found, losses = _validated(training)
    if training.lesson.tests_first:
        _checked(training, Split.TEST)
    return verdict(run, items, found, losses)


def _material(run: Run, model: Loaded) -> Material:
    return Material(
        model, run.config.classes, run.config.how, run.device, run.control,
        tuple(run.examples[i.id] for i in run.usable(Split.TRAIN)), run.paths.cache / "lessons", run.class_weights(),
        run.config.augment, run.config.seed, run.config.options,
    )  # fmt: skip


@dataclass(frozen=True)
class _Heads:
    """`best`: Quick's, which is the result where nothing better is learnt; `begin`: the one to learn further from."""

    best: HeadStep
    begin: HeadStep


def _pooled_start(run: Run, task: PooledTask, model: Loaded, resume: bool) -> Generator[RunEvent, None, _Heads | None]:
    """Quick's head is set. None when it is resumed and has learnt further already."""
    from workbench.runtimes.network import Network

    if not isinstance(model, Network):
        raise UserError(f"“{run.card.name}” cannot be taught.", "Choose another model.")
    if resume:
        model.set_head(run.config.classes)
        return None
    epochs = run.config.epochs or default_epochs(run.config.how)
    yield Started(run.config.run_id, len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION]), epochs, run.device)
    yield StageChanged(f"Looking at your {run.task.info.nouns}")
    looked = yield from look(run, task, model, (Split.TRAIN, Split.VALIDATION), HEAD_START)
    steps = run.together.all_of(lambda: list(best_head(run, task, looked)))
    best = [step for step in steps if step.is_best or step is steps[0]][-1]
    model.set_head(run.config.classes, best.weight, best.bias)
    return _Heads(best, to_begin_with(steps, best))


def to_begin_with(steps: Sequence[HeadStep], best: HeadStep) -> HeadStep:
    """Of a path from strict to free, the head from which the backbone learns further: the freest one, up to the best,
    that is as wrong on its examples as the best is on unseen items.

    Quick's own head mostly knows its examples by heart: they have almost no loss left, and so no gradient that would tell
    the backbone anything. A head like new (Kumar et al. 2022 show what it spoils) would have to be learnt first.
    """
    unsure = [step for step in steps if step.index <= best.index and step.train_loss >= best.validation_loss]
    return unsure[-1] if unsure else steps[0]


def _after_quick(training: Training, best: HeadStep) -> Position:
    """A round must be less wrong than Quick, and no less right: a loss may also fall by being less sure."""
    return replace(training.position, best_loss=best.validation_loss, start_score=best.validation_accuracy)


def _begin_with(model: Loaded, step: HeadStep) -> None:
    """In place: the optimiser holds the head's parameters already."""
    import torch

    from workbench.runtimes.network import Network

    assert isinstance(model, Network) and model.head is not None
    with torch.no_grad():
        model.head.weight.copy_(step.weight)
        model.head.bias.copy_(step.bias)


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
    # Fused: all of a weight's arithmetic in one pass over memory.
    optimiser = torch.optim.AdamW(groups, weight_decay=lesson.weight_decay, fused=True)
    now = time.monotonic()
    return Training(
        run, lesson, optimiser, rates, epochs, batch, Position(micro_batch=batch), now, now, Waiting(run.control)
    )


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
        # Norms that learn their statistics have seen other items in each process: the leader's are kept.
        run.together.same(training.lesson.module.buffers())
        items, found, losses = _validated(training)
        said = verdict(run, items, found, losses)
        # What decides how it goes on must be one number, on whatever machines they are.
        said = Verdict(*run.together.gather([said.loss, said.score, said.metric])[0])
        position = training.position
        train_loss = position.loss_sum / max(1, position.seen)
        is_best, moved = _better(training, said, bool(items))
        number = position.epoch
        rounds.append(EpochDone(
            number, train_loss, position.right / max(1, position.seen) if position.right >= 0 else -1.0, said.loss,
            said.score, is_best, time.monotonic() - began, said.metric, training.waiting.of_round,
        ))  # fmt: skip
        yield rounds[-1]
        training.position = replace(
            position, epoch=number + 1, step_in_epoch=0, loss_sum=0.0, right=0, seen=0,
            best_loss=min(position.best_loss, said.loss) if losses else position.best_loss,
            least_loss=min(position.least_loss, said.loss) if losses else position.least_loss,
            best_score=max(position.best_score, said.score),
            best_epoch=number if is_best else position.best_epoch,
            bad_epochs=0 if is_best or moved or training.restless else position.bad_epochs + 1,
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
    before it finds its first thing, and what began less sure than the best head must catch up with it; neither must be
    stopped then."""
    position = training.position
    if not there_is_validation:
        return True, True
    lower = said.loss >= 0 and said.loss < position.best_loss - 1e-6
    if training.lesson.judged_by == "loss":
        # Several labels are judged by another score than the head was.
        comparable = isinstance(training.run.task, PooledTask) and said.metric == training.run.task.metric
        best = lower and (not comparable or said.score >= position.start_score - 1e-6)
        return best, best or 0 <= said.loss < position.least_loss - 1e-6
    higher = said.score > position.best_score + 1e-9
    same = abs(said.score - position.best_score) <= 1e-9
    return higher or (same and lower), higher or lower


def _one_epoch(training: Training) -> Iterator[RunEvent]:
    import torch

    run, control = training.run, training.run.control
    position = training.position
    items = run.usable(Split.TRAIN)
    generator = torch.Generator().manual_seed(run.config.seed * 100_003 + position.epoch)
    length = length_of(training.lesson, run.examples)
    batches: list[list[Item]] = []
    turns: list[int] = []
    for turn in range(training.repeats):
        whole = drawn_batches(items, training.batch, generator, length)
        batches += [run.together.share(batch) for batch in whole]
        turns += [turn] * (len(batches) - len(turns))
    training.lesson.training_mode()
    clock = StepClock()
    left_over, turns = batches[position.step_in_epoch :], turns[position.step_in_epoch :]
    alone = run.together.size == 1
    training.waiting.begin_round()
    for number, prepared in read_batches(
        run, training.lesson, left_over, position.epoch, run.config.augment, turns, not alone, training.waiting
    ):
        if alone and control.paused:
            training.save()
        if alone:
            control.check()
        rate = training.set_rates()
        if alone:
            loss, right, seen, advice = _step(training, prepared)
            due = time.monotonic() - training.saved_at > CHECKPOINT_SECONDS
        else:
            loss, right, seen, advice, due = _step_together(training, prepared)
            if not seen:
                continue
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
        if due and number + 1 < len(left_over):
            training.save()
            yield CheckpointSaved(at.epoch, at.step, False)
    training.waiting.end_round()


def _step(training: Training, prepared: Prepared) -> tuple[float, int, int, list[Advice]]:
    """One optimiser step. Returns the mean loss, right answers (-1 where that is not known), items, advice.

    Raises:
        Cancelled: in the midst of it; everything is as if the step had not begun.
    """
    import torch

    chance = checkpoint.random_states()
    # Norms that learn their statistics do so in the pass.
    buffers = [(b, b.detach().clone()) for b in training.lesson.module.buffers()]
    try:
        taken, advice = _gradients(training, prepared, len(prepared))
        training.run.control.check()
    except Cancelled:
        checkpoint.put_random_states(chance)
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
        raise
    _change(training)
    return taken.loss / len(prepared), taken.right, len(prepared), advice


def _step_together(training: Training, prepared: Prepared) -> tuple[float, int, int, list[Advice], bool]:
    """As `_step`, with this process's part of the items: every gradient is the one of all items together, whatever each
    process had of them. Also returns whether it is time to save."""
    run, together = training.run, training.run.together

    def mine() -> tuple[_Taken, list[Advice]]:
        run.control.check()
        return _gradients(training, prepared, 1.0)

    taken, advice = together.all_of(mine)
    due = together.leads and time.monotonic() - training.saved_at > CHECKPOINT_SECONDS
    loss, weight, right, unknown, seen, saving = together.sums(
        [taken.loss, taken.weight, max(0, taken.right), taken.right < 0, len(prepared), due]
    )
    if not seen:
        return 0.0, -1, 0, advice, bool(saving)
    gradients = []
    for group in training.optimiser.param_groups:
        for parameter in group["params"]:
            if parameter.grad is None:  # of nothing, or of another's items only
                parameter.grad = parameter.detach().clone().zero_()
            gradients.append(parameter.grad)
    together.add_up(gradients)
    for gradient in gradients:
        gradient /= weight
    _change(training)
    return loss / weight, -1 if unknown else int(right), int(seen), advice, bool(saving)


@dataclass
class _Taken:
    """What came of some items: the sum of their losses, each counted with its weight; the sum of the weights; how many
    answers were right, -1 where that is not known."""

    loss: float = 0.0
    weight: float = 0.0
    right: int = 0


def _gradients(training: Training, prepared: Prepared, whole: float) -> tuple[_Taken, list[Advice]]:
    """Gradients of the sum of the losses divided by `whole`. When memory runs out the items go through in halves, their
    gradients summed."""
    advice: list[Advice] = []
    while True:
        try:
            return _accumulated(training, prepared, whole), advice
        except (RuntimeError, MemoryError) as error:
            if not _out_of_memory(error):
                raise
            if training.position.micro_batch <= 1:
                if training.lesson.spare_memory():
                    advice.append(Advice("memory-spared", _SPARED))
                    continue
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


def _short_of_memory(run: Run) -> bool:
    """By the estimate, and by what is free now. A processor that runs out of memory does not say so: the training is ended
    from outside, or the computer stands still."""
    from workbench.engine.cost.expect import free_memory
    from workbench.engine.estimate import estimate

    free = free_memory(run.device)
    return 0 < free < estimate(run.project, run.card, run.config.how).memory_bytes


def _out_of_memory(error: BaseException) -> bool:
    import torch

    if not out_of_memory(error):
        return False
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return True


def _accumulated(training: Training, prepared: Prepared, whole: float) -> _Taken:
    """Gradients of the parts are weighed by their size."""
    training.optimiser.zero_grad(set_to_none=True)
    found = _Taken()
    alone = training.run.together.size == 1
    size = training.position.micro_batch
    for start in range(0, len(prepared), size):
        part = prepared[start : start + size]
        taken = forward(training, part)
        value = float(taken.loss.detach())
        # One process alone counts items: what it gave before must stay what it gives, bit by bit.
        weight = float(len(part)) if alone or taken.weight < 0 else taken.weight
        if not math.isfinite(value):
            raise UserError(
                "The training has become unstable: its numbers grew without bounds.",
                "Start again with a lower speed of learning (More settings), or choose Quick.",
            )
        if taken.loss.requires_grad:  # a part with nothing to learn from gives a plain zero
            (taken.loss * (weight / whole)).backward()  # type: ignore[no-untyped-call]
        found.loss += value * weight
        found.weight += weight
        found.right = found.right + taken.right if taken.right >= 0 and found.right >= 0 else -1
    return found


def _change(training: Training) -> None:
    """One step of the optimiser by the gradients there are."""
    import torch

    if training.lesson.clip_norm > 0:
        torch.nn.utils.clip_grad_norm_(
            [p for group in training.optimiser.param_groups for p in group["params"]], training.lesson.clip_norm
        )
    training.optimiser.step()


def forward(training: Training, part: Prepared) -> Step:
    """One forward pass on some examples."""
    return training.lesson.step([p for _, p in part])


def _validated(training: Training) -> tuple[list[Item], list[Prediction], list[float]]:
    """As `_checked` on the validation items, after the lesson has settled what it settles on them."""
    items, found, losses = _checked(training, Split.VALIDATION)
    return items, training.lesson.settle([training.run.examples[i.id] for i in items], found), losses


def _checked(training: Training, split: Split) -> tuple[list[Item], list[Prediction], list[float]]:
    """The split's items that could be read, what the model says of them, and their losses. Processes that train together
    share the items out, and all get all answers."""
    together = training.run.together
    items = training.run.usable(split)
    training.lesson.look_at(split)
    if together.size == 1:
        return _checked_here(training, items)
    whole = training.lesson.checks_whole
    kept, found, losses = together.all_of(lambda: _checked_here(training, items if whole else together.share(items)))
    if whole:
        return kept, found, losses
    mine = [[i.id for i in kept], [to_record(p) for p in found], losses]
    said: dict[int, tuple[Prediction, float | None]] = {}
    for ids, records, values in together.gather(mine):
        for item_id, record, value in zip(ids, records, values or [None] * len(ids), strict=True):
            said[item_id] = from_record(record), value
    return _in_order(items, said)


def _checked_here(training: Training, items: list[Item]) -> tuple[list[Item], list[Prediction], list[float]]:
    """`_checked` by this process."""
    run, lesson = training.run, training.lesson
    lesson.module.eval()
    said: dict[int, tuple[Prediction, float | None]] = {}
    batches = by_length(items, _EVALUATION_BATCH, length_of(lesson, run.examples))
    for _, prepared in read_batches(run, lesson, batches, training.position.epoch, augment=False):
        run.control.check()
        checked = lesson.check([p for _, p in prepared])
        losses: Sequence[float | None] = checked.losses or [None] * len(prepared)
        for (item, _), prediction, loss in zip(prepared, checked.predictions, losses, strict=True):
            said[item.id] = prediction, loss
    return _in_order(items, said)


def _in_order(
    items: list[Item], said: dict[int, tuple[Prediction, float | None]]
) -> tuple[list[Item], list[Prediction], list[float]]:
    """Those items of which something was said, in their order."""
    kept = [i for i in items if i.id in said]
    values = [said[i.id][1] for i in kept]
    return kept, [said[i.id][0] for i in kept], [v for v in values if v is not None]
