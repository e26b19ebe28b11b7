"""Training of models that learn in a way of their own (`workbench.tasks.lesson.Course`): trees, and models that take their
examples along."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

from workbench.data.types import Item, Split
from workbench.engine.events import Advice, EpochDone, RunEvent, StageChanged, Started, StepDone
from workbench.engine.judging import live_samples, sample_places
from workbench.engine.run import Outcome, Run
from workbench.errors import Cancelled, Problem, UserError
from workbench.tasks.lesson import Course, CourseTask, Example, Material

_SHOWN_EVERY = 5.0


def course_of(run: Run) -> Course | None:
    """The course by which the run's model learns its task; None where it is taught by a lesson.

    Raises:
        UserError: when it cannot be taught this task, or its files are not there.
    """
    if not isinstance(run.task, CourseTask):
        return None
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_model

    if run.together.size > 1:
        raise UserError("This model learns in one process only.", "Start it without several processes.")
    model = open_model(run.card, files(run.card, run.paths), run.device)
    options = run.config.options | ({"rounds": run.config.epochs} if run.config.epochs else {})
    return run.task.course(
        Material(
            model, run.config.classes, run.config.how, run.device, run.control,
            tuple(run.examples[i.id] for i in run.usable(Split.TRAIN)), run.paths.cache / "lessons", run.class_weights(),
            run.config.augment, run.config.seed, options,
        )
    )  # fmt: skip


def train_course(run: Run, course: Course) -> Generator[RunEvent, None, Outcome]:
    """See `workbench.engine.fit.fit`. Stopped after the first round that was the best, that state is the result."""
    nouns, config = run.task.info.nouns, run.config
    sizes = len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION])
    yield Started(config.run_id, *sizes, course.rounds, "cpu")
    yield StageChanged(f"Looking at your {nouns}")
    ready: dict[Split, list[tuple[Item, Example, Any]]] = {}
    broken: dict[int, Problem] = {}
    total, done = sum(len(run.usable(s)) for s in Split), 0
    for split in (Split.TRAIN, Split.VALIDATION, Split.TEST):
        ready[split] = []
        for item in run.usable(split):
            run.control.check()
            done += 1
            if done % 100 == 0:
                run.control.progress(done, total, f"Looking at your {nouns}")
            example = run.examples[item.id]
            try:
                ready[split].append((item, example, course.prepare(example)))
            except UserError as error:
                broken[item.id] = Problem.of(item.name, error)
    if broken:
        run.note_broken(broken)
        first = next(iter(broken.values()))
        yield Advice(
            "skipped-items",
            f"{len(broken):,} {nouns} could not be read and are left out, for example {first.where}: {first.message}",
        )
    if not ready[Split.TRAIN]:
        raise UserError(f"None of your {nouns} could be read.", "Look at the sentences beside them on the Data page.")
    for sentence in course.notes():
        yield Advice("how-it-learns", sentence)
    yield StageChanged(course.doing)
    reason, best, last = "done", 0, 0
    began = shown = time.monotonic()
    validation = [item for item, _, _ in ready[Split.VALIDATION]]
    places = sample_places(run, validation) if validation else []
    kept = [ready[Split.VALIDATION][p][2] for p in places]
    try:
        for step in course.learn(_pairs(ready[Split.TRAIN]), _pairs(ready[Split.VALIDATION]), config.patience):
            run.control.check()
            spent = time.monotonic() - began
            left = spent / step.number * max(0, step.of - step.number)
            yield StepDone(step.number, float(step.number), step.train_loss, 0.0, left)
            yield EpochDone(
                step.number, step.train_loss, step.train_score, step.validation_loss, step.validation_score, step.is_best,
                spent, step.metric,
            )  # fmt: skip
            run.control.progress(step.number, step.of, f"Round {step.number} of at most {step.of}")
            best, last = (step.number if step.is_best else best), step.number
            if step.is_best and kept and (step.number == 1 or time.monotonic() - shown > _SHOWN_EVERY):
                shown = time.monotonic()
                yield from live_samples(run, step.number, [validation[p] for p in places], course.say(kept))
    except Cancelled:
        if run.control.leaving or not best:
            raise
        reason = "cancelled"
    if last - best >= config.patience and reason == "done":
        reason = "stopped-early"
        yield Advice(
            "plateau",
            f"It has stopped improving, so training stopped by itself after round {last}. The version of round {best} is kept.",
        )
    if reason == "cancelled":
        # Answered within a second: the test waits for the Results page.
        return Outcome(course.result(), [], best, reason)
    yield StageChanged("Checking")
    if kept:
        yield from live_samples(run, max(1, best), [validation[p] for p in places], course.say(kept))
    said = course.say([p for _, _, p in ready[Split.VALIDATION]])
    run.control.check()
    said = course.settle([e for _, e, _ in ready[Split.VALIDATION]], said)
    predictions = [run.said(i, p, Split.VALIDATION) for i, p in zip(validation, said, strict=True)]
    said = course.say([p for _, _, p in ready[Split.TEST]])
    predictions += [run.said(i, p, Split.TEST) for (i, _, _), p in zip(ready[Split.TEST], said, strict=True)]
    for sentence in course.remarks():
        yield Advice("unread-cells", sentence)
    return Outcome(course.result(), predictions, best, reason)


def _pairs(ready: Sequence[tuple[Item, Example, Any]]) -> list[tuple[Example, Any]]:
    return [(example, prepared) for _, example, prepared in ready]
