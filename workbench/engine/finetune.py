"""Balanced and Thorough: part or all of the network learns, from Quick's head on, with early stopping."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

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
from workbench.engine.quick import best_head, live_samples, look
from workbench.engine.run import Outcome, Run
from workbench.errors import Cancelled, Problem, UserError
from workbench.runtimes.network import Network

if TYPE_CHECKING:
    import torch
    from torch import nn

# A state is written at the end of each epoch and, in long ones, this often.
CHECKPOINT_SECONDS = 60.0
_EPOCHS = {How.BALANCED: 12, How.THOROUGH: 20}
_BATCH = 16
_HEAD_RATE = 1e-3
# Each stage further from the head learns this much slower (Howard & Ruder 2018).
_STAGE_DECAY = 0.8
_WARM_UP = 0.1
_WEIGHT_DECAY = 0.01
_READERS = 2
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


def trained_stages(stages: Sequence[list[nn.Parameter]], how: How) -> list[list[nn.Parameter]]:
    """Those of `Network.stages()` (the head first) that a way of training changes: Quick the head, Balanced also the
    last third of the backbone, Thorough everything."""
    if how is How.QUICK:
        return list(stages[:1])
    return list(stages if how is How.THOROUGH else stages[: 1 + max(1, len(stages[1:]) // 3)])


@dataclass
class Training:
    """The moving parts of one training."""

    run: Run
    model: Network
    optimiser: torch.optim.Optimizer
    rates: list[float]
    epochs: int
    batch: int
    position: Position
    started: float
    saved_at: float
    weights: torch.Tensor | None = None

    @property
    def steps_per_epoch(self) -> int:
        return max(1, math.ceil(len(self.run.usable(Split.TRAIN)) / self.batch))

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
        checkpoint.save(self.run.folder, self.model.module, self.optimiser, replace(self.position, seconds=seconds))
        self.saved_at = time.monotonic()


def train_network(run: Run, resume: bool) -> Generator[RunEvent, None, Outcome]:
    """See `workbench.engine.fit.fit`. Stopped after the first best state there is, that state is the result."""
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_network

    resume = resume and (run.folder / checkpoint.LAST).is_file()
    model = open_network(run.card, files(run.card, run.paths), run.device)
    epochs = run.config.epochs or default_epochs(run.config.how)
    sizes = len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION])
    if resume:
        model.set_head(run.config.classes)
        training = _training(run, model, epochs)
        training.position = checkpoint.load(run.folder, model.module, training.optimiser)
        yield Started(run.config.run_id, *sizes, epochs, run.device, resumed_epoch=training.position.epoch)
    else:
        yield Started(run.config.run_id, *sizes, epochs, run.device)
        step = yield from _first_head(run, model)
        training = _training(run, model, epochs)
        training.position = replace(training.position, best_loss=step.validation_loss)
        _seed(run.config.seed)
        _save_best(training)
    reason = "done"
    try:
        reason = yield from _epochs(training)
    except Cancelled:
        reason = "cancelled"
    tensors, _ = checkpoint.read_tensors(run.folder / checkpoint.BEST)
    model.load_state(tensors)
    model.module.eval()
    if reason == "cancelled":
        # Answered within a second: what the best state said of the validation items is computed, the test waits for
        # the Results page.
        return Outcome(model, [], training.position.best_epoch, reason)
    yield StageChanged("Checking")
    predictions = []
    for split in (Split.VALIDATION, Split.TEST):
        items, logits = _logits(training, run.usable(split))
        predictions += run.predictions(items, logits, split)
    return Outcome(model, predictions, training.position.best_epoch, reason)


def _first_head(run: Run, model: Network) -> Generator[RunEvent, None, HeadStep]:
    yield StageChanged(f"Looking at your {run.task.info.nouns}")
    looked = yield from look(run, model, (Split.TRAIN, Split.VALIDATION))
    best: HeadStep | None = None
    for step in best_head(run, looked):
        if step.is_best or best is None:
            best = step
    assert best is not None
    model.set_head(run.config.classes, best.weight, best.bias)
    return best


def _seed(seed: int) -> None:
    import torch

    torch.manual_seed(seed)


def _training(run: Run, model: Network, epochs: int) -> Training:
    import torch

    kept = trained_stages(model.stages(), run.config.how)
    model.module.requires_grad_(False)
    groups, rates = [], []
    head_rate = run.config.learning_rate or _HEAD_RATE
    for number, stage in enumerate(kept):
        for parameter in stage:
            parameter.requires_grad_(True)
        rate = head_rate if number == 0 else model.learning_rate * _STAGE_DECAY ** (number - 1)
        groups.append({"params": stage, "lr": rate})
        rates.append(rate)
    batch = run.config.batch_size or min(_BATCH, max(2, len(run.usable(Split.TRAIN)) // 4))
    optimiser = torch.optim.AdamW(groups, weight_decay=_WEIGHT_DECAY)
    weights = run.class_weights()
    now = time.monotonic()
    return Training(
        run, model, optimiser, rates, epochs, batch, Position(micro_batch=batch), now, now,
        weights.to(run.device) if weights is not None else None,
    )  # fmt: skip


def _epochs(training: Training) -> Generator[RunEvent, None, str]:
    """All epochs. Returns the reason why it ended."""
    run = training.run
    yield StageChanged("Learning")
    previous_train = float("inf")
    while training.position.epoch <= training.epochs:
        if training.position.bad_epochs >= run.config.patience:
            # It was killed between saving its last epoch and stopping by itself.
            return "stopped-early"
        began = time.monotonic()
        yield from _one_epoch(training)
        items, logits = _logits(training, run.usable(Split.VALIDATION))
        loss, accuracy = _loss(training, items, logits)
        position = training.position
        train_loss = position.loss_sum / max(1, position.seen)
        is_best = loss < position.best_loss - 1e-6 or not items
        number = position.epoch
        yield EpochDone(
            number,
            train_loss,
            position.right / max(1, position.seen),
            loss,
            accuracy,
            is_best,
            time.monotonic() - began,
        )
        training.position = replace(
            position, epoch=number + 1, step_in_epoch=0, loss_sum=0.0, right=0, seen=0,
            best_loss=min(position.best_loss, loss), best_epoch=number if is_best else position.best_epoch,
            bad_epochs=0 if is_best else position.bad_epochs + 1,
        )  # fmt: skip
        if is_best:
            _save_best(training)
        training.save()
        yield CheckpointSaved(number, training.position.step, is_best)
        yield from live_samples(run, number, items, logits)
        bad = training.position.bad_epochs
        if bad == 2 and train_loss < previous_train:
            yield Advice(
                "overfitting",
                f"It goes on learning its own examples by heart, but gets no better on {run.task.info.nouns} it has not seen."
                " More or more varied examples would help more than more training.",
            )
        previous_train = train_loss
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


def _save_best(training: Training) -> None:
    model = training.model
    state = {f"backbone.{k}": v for k, v in model.backbone_state().items()}
    state |= {f"head.{k}": v for k, v in model.head_state().items()}
    checkpoint.write_tensors(training.run.folder / checkpoint.BEST, state)


def _one_epoch(training: Training) -> Iterator[RunEvent]:
    import torch

    run, control = training.run, training.run.control
    position = training.position
    items = run.usable(Split.TRAIN)
    generator = torch.Generator().manual_seed(run.config.seed * 100_003 + position.epoch)
    order = [items[i] for i in torch.randperm(len(items), generator=generator).tolist()]
    batches = [order[i : i + training.batch] for i in range(0, len(order), training.batch)]
    _training_mode(training.model)
    began, first = time.monotonic(), position.step
    for number, prepared in _read(training, batches[position.step_in_epoch :], augment=run.config.augment):
        if control.paused:
            training.save()
        control.check()
        rate = training.set_rates()
        loss, right, seen, advice = _step(training, prepared)
        yield from advice
        at = training.position
        training.position = replace(
            at, step=at.step + 1, step_in_epoch=at.step_in_epoch + 1, loss_sum=at.loss_sum + loss * seen,
            right=at.right + right, seen=at.seen + seen,
        )  # fmt: skip
        at = training.position
        spent = (time.monotonic() - began) / (at.step - first)
        left = spent * 1.2 * (training.steps_per_epoch * training.epochs - at.step)
        yield StepDone(at.step, at.epoch - 1 + at.step_in_epoch / len(batches), loss, rate, max(0.0, left))
        control.progress(at.step, training.steps_per_epoch * training.epochs, f"Round {at.epoch} of {training.epochs}")
        if time.monotonic() - training.saved_at > CHECKPOINT_SECONDS and number + 1 < len(batches):
            training.save()
            yield CheckpointSaved(at.epoch, at.step, False)


Prepared = list[tuple[Item, dict[str, Any]]]


def _read(training: Training, batches: Sequence[Sequence[Item]], augment: bool) -> Iterator[tuple[int, Prepared]]:
    """Batches of prepared items, read ahead in threads; items that cannot be read are noted and left out."""
    run = training.run
    epoch, seed = training.position.epoch, run.config.seed
    queue: deque[list[tuple[Item, Future[dict[str, Any]]]]] = deque()
    with ThreadPoolExecutor(_READERS) as readers:

        def submit(batch: Sequence[Item]) -> None:
            queue.append(
                [
                    (
                        item,
                        readers.submit(
                            run.task.prepare,
                            item.sample(),
                            training.model,
                            # From the item and the epoch alone, so that a resumed run sees the same.
                            augment_seed=(seed * 1_000_003 + epoch) * 1_000_003 + item.id if augment else None,
                        ),
                    )
                    for item in batch
                ]
            )

        coming = iter(batches)
        for _, batch in zip(range(2), coming, strict=False):
            submit(batch)
        number = 0
        while queue:
            current = queue.popleft()
            prepared: Prepared = []
            problems: dict[int, Problem] = {}
            for item, future in current:
                try:
                    prepared.append((item, future.result()))
                except UserError as error:
                    problems[item.id] = Problem.of(item.name, error, str(item.path or ""))
            if problems:
                run.project.mark_broken({i: p.message for i, p in problems.items()})
            following = next(coming, None)
            if following is not None:
                submit(following)
            if prepared:
                try:
                    yield number, prepared
                except GeneratorExit:
                    for waiting in queue:
                        for _, future in waiting:
                            future.cancel()
                    raise
            number += 1


def _training_mode(model: Network) -> None:
    """Training mode, but batch norms keep the statistics of their first, far larger training."""
    from torch.nn.modules.batchnorm import _BatchNorm

    model.module.train()
    for part in model.module.modules():
        if isinstance(part, _BatchNorm):
            part.eval()


def _step(training: Training, prepared: Prepared) -> tuple[float, int, int, list[Advice]]:
    """One optimiser step. When memory runs out the items go through in halves, their gradients summed."""
    advice: list[Advice] = []
    while True:
        try:
            return *_accumulated(training, prepared), advice
        except RuntimeError as error:
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


def _out_of_memory(error: RuntimeError) -> bool:
    import torch

    if isinstance(error, torch.OutOfMemoryError):
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True
    return "out of memory" in str(error).lower() or "not enough memory" in str(error).lower()


def _accumulated(training: Training, prepared: Prepared) -> tuple[float, int, int]:
    """Loss (mean), right answers and items of one step. Gradients of the parts are weighed by their size."""
    run, optimiser = training.run, training.optimiser
    optimiser.zero_grad(set_to_none=True)
    total, right = 0.0, 0
    size = training.position.micro_batch
    for start in range(0, len(prepared), size):
        part = prepared[start : start + size]
        targets = run.target_tensor([i for i, _ in part]).to(run.device)
        loss, logits = forward_loss(training, part, targets)
        (loss * (len(part) / len(prepared))).backward()  # type: ignore[no-untyped-call]
        total += float(loss.detach()) * len(part)
        right += int((logits.detach().argmax(1) == targets).sum())
    optimiser.step()
    return total / len(prepared), right, len(prepared)


def forward_loss(training: Training, part: Prepared, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss (a scalar) and logits [B, C] of some items; in half precision where the device is made for it."""
    import torch

    run, model = training.run, training.model
    batch = run.task.collate([p for _, p in part], model)
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=run.device == "cuda" and torch.cuda.is_bf16_supported()):
        logits = model.logits(batch)
    return run.task.loss(logits, targets, training.weights), logits


def _logits(training: Training, items: list[Item]) -> tuple[list[Item], torch.Tensor]:
    """Items that could be read and their logits float32 [N, C] on the CPU."""
    import torch

    model, run = training.model, training.run
    model.module.eval()
    kept: list[Item] = []
    rows: list[torch.Tensor] = []
    batches = [items[i : i + _EVALUATION_BATCH] for i in range(0, len(items), _EVALUATION_BATCH)]
    for _, prepared in _read(training, batches, augment=False):
        run.control.check()
        with torch.inference_mode():
            rows.append(model.logits(run.task.collate([p for _, p in prepared], model)).cpu())
        kept += [i for i, _ in prepared]
    return kept, torch.cat(rows) if rows else torch.zeros(0, len(run.config.classes))


def _loss(training: Training, items: list[Item], logits: torch.Tensor) -> tuple[float, float]:
    if not items:
        return 0.0, 0.0
    targets = training.run.target_tensor(items)
    loss = training.run.task.loss(logits, targets, None)
    return float(loss), float((logits.argmax(1) == targets).float().mean())
