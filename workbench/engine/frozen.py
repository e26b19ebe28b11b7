"""Computing once what the part of a network that stays as it is gives, before the rest learns from it."""

from __future__ import annotations

from collections.abc import Generator

from workbench.data.types import Item, Split
from workbench.engine.buckets import length_of
from workbench.engine.events import RunEvent, StageChanged
from workbench.engine.reading import read_batches
from workbench.engine.run import Run
from workbench.tasks.lesson import KeepingLesson, Lesson

_BATCH = 8


def keep_frozen(run: Run, lesson: Lesson) -> Generator[RunEvent, None, None]:
    """Of the validation items, and of those that are learnt from where they are not varied.

    Always in the same batches, all of a batch or none: what a batch gives hangs in its last bits on what is in it, and a
    run that was cut off must go on with what it began with.

    Raises:
        Cancelled: when asked to stop.
    """
    if run.together.size > 1 or not isinstance(lesson, KeepingLesson):
        return
    wanted = [*run.usable(Split.VALIDATION), *([] if lesson.varies else run.usable(Split.TRAIN))]
    length = length_of(lesson, run.examples)
    wanted.sort(key=lambda item: (length(item), item.id))
    batches = [wanted[i : i + _BATCH] for i in range(0, len(wanted), _BATCH)]
    probe = next(read_batches(run, lesson, batches[len(batches) // 2 :][:1], 0, augment=False), None)
    if probe is None or not lesson.begin_keeping([p for _, p in probe[1]], len(wanted)):
        return

    def lacking(batch: list[Item]) -> bool:
        return any(lesson.lacks(run.examples[item.id]) for item in batch)

    missing = [batch for batch in batches if lacking(batch)]
    if missing:
        yield StageChanged("Computing what stays as it is")
    for number, prepared in read_batches(run, lesson, missing, 0, augment=False):
        run.control.check()
        lesson.keep([p for _, p in prepared])
        run.control.progress(number + 1, len(missing), "Computing what stays as it is")
    lesson.use_kept()
