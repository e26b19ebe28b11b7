"""Fine-tuning: `fit` is a generator of events that ends with a model among the person's own."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project, now
from workbench.data.types import Split
from workbench.engine.cost.expect import expected
from workbench.engine.cost.meter import Meter
from workbench.engine.cost.past import learn
from workbench.engine.course import course_of, train_course
from workbench.engine.evaluate import judge_kept
from workbench.engine.events import Advice, CheckpointSaved, Finished, How, RunConfig, RunEvent, StageChanged, Started
from workbench.engine.familiar import facts, know_familiar, sentence_of
from workbench.engine.finetune import train_network
from workbench.engine.head import STRENGTHS
from workbench.engine.pool import shared_pool
from workbench.engine.quick import train_quick
from workbench.engine.report.make import keep_with_model
from workbench.engine.report.provenance import MADE_WITH, made_with
from workbench.engine.run import Outcome, Run, RunLog, new_config, prepare, read_events, resumable, trainable
from workbench.engine.together import Together
from workbench.engine.untaught import ask_untaught
from workbench.engine.usual import keep_usual
from workbench.errors import Cancelled, UserError, no_memory, out_of_memory
from workbench.tasks.base import CasesTask, PooledTask
from workbench.tasks.tag_calibration import SCALES, SHIFTS
from workbench.tasks.temperature import TEMPERATURE
from workbench.trust.judging import Judgement

__all__ = ["fit", "new_config", "read_events", "resumable", "trainable"]

log = logging.getLogger(__name__)

_TINY_VALIDATION = 10


def fit(
    config: RunConfig,
    project: Project,
    catalog: Catalog,
    control: Control | None = None,
    resume: bool = False,
    paths: AppPaths | None = None,
    together: Together | None = None,
) -> Iterator[RunEvent]:
    """Train. Everything is kept on disk on the way; the same config on the same data on a CPU gives the same numbers.

    Args:
        resume: go on with the run `config.run_id` where its last checkpoint stands.
        paths: where models and caches lie; None: where this app keeps them.
        together: the processes that train together; only the leader makes a model, the others' `Finished` names none.

    Yields:
        Events; the last one is `Finished`.

    Raises:
        UserError: when something a person can mend stands in the way.
        Cancelled: when asked to stop before there was anything worth keeping.
    """
    import torch  # noqa: F401 - so that what the libraries take is not counted as the training's

    control = control or Control()
    with Meter(control) as meter:
        run = prepare(config, project, catalog, control, paths, together)
        yield from _kept(run, RunLog(run), meter, resume)


def _kept(run: Run, book: RunLog, meter: Meter, resume: bool) -> Iterator[RunEvent]:
    """The run's events, with its record, its events and its cost kept on the way."""
    try:
        book.status("running")
        if run.together.leads:
            _watch_cost(run, meter, resume)
        for event in _events(run, book, meter, resume):
            if isinstance(event, CheckpointSaved):
                meter.keep()
            yield book.event(event)
    except Cancelled:
        if run.control.leaving:
            book.status("interrupted")
        else:
            book.status("cancelled", "Stopped before there was anything worth keeping.")
        raise
    except UserError as error:
        _say_failed(book, str(error))
        raise
    except GeneratorExit:
        book.status("interrupted")
        raise
    except Exception as error:
        if out_of_memory(error):
            _say_failed(book, str(no_memory()))
            raise no_memory() from error
        _say_failed(book, "Something unexpected went wrong.")
        raise
    finally:
        book.close()


def _watch_cost(run: Run, meter: Meter, resume: bool) -> None:
    """Keep the cost beside the run, after what was expected of it."""
    config = run.config
    meter.belongs_to(
        config.run_id,
        run.folder,
        lambda: expected(run.project, run.card, config.how, config.epochs, run.device),
        again=resume,
    )
    if config.how is How.QUICK and isinstance(run.task, PooledTask) and run.card.id in shared_pool().loaded():
        meter.loaded_already(run.card.parameters * 4)
    if run.device == "cuda":
        meter.use_cuda()
    elif run.device != "cpu":
        meter.not_counted()


def _say_failed(book: RunLog, message: str) -> None:
    try:
        book.status("failed", message)
    except UserError as error:
        # The disk may be the very trouble; the first error is the one to show.
        log.warning("the failed run could not be noted: %s", error)


def _events(run: Run, book: RunLog, meter: Meter, resume: bool) -> Iterator[RunEvent]:
    import torch

    _leave_room_for_the_window(torch)
    train, validation = len(run.items[Split.TRAIN]), len(run.items[Split.VALIDATION])
    if validation < _TINY_VALIDATION and not run.task.info.parts_within:
        yield Advice(
            "tiny-validation",
            f"Only {validation} {run.task.info.nouns} are left to check on while training, so the curves will jump."
            " More examples make them steadier.",
        )
    if run.config.how is How.QUICK and isinstance(run.task, PooledTask):
        yield Started(run.config.run_id, train, validation, len(STRENGTHS), run.device)
        outcome = yield from train_quick(run, run.task)
    else:
        course = course_of(run)
        outcome = yield from (train_network(run, resume) if course is None else train_course(run, course))
    if not run.together.leads:
        book.status("done")
        seconds = meter.record().sessions[-1].seconds
        yield Finished(run.config.run_id, outcome.reason, "", outcome.best_epoch, {}, seconds)
        return
    yield from know_familiar(run, outcome)
    yield StageChanged("Saving your model")
    card, evaluation = _keep(run, outcome)
    # Noted with the run, too: its model may be deleted.
    kept = {name: card.options[name] for name in (TEMPERATURE, SCALES, SHIFTS) if name in card.options}
    kept |= {MADE_WITH: made_with(run.device)}
    unlike = sentence_of(card.metrics, run.config.task)
    metrics = evaluation.headline() | {"model_id": card.id, "unlike": unlike, "waited": outcome.waited} | kept
    if outcome.as_before:
        metrics["as_before"] = outcome.as_before
        yield Advice("as-before", outcome.as_before)
    meter.keep(ended=outcome.reason != "cancelled")
    cost = meter.record()
    learn(run.config, cost)
    book.status("cancelled" if outcome.reason == "cancelled" else "done", "", metrics)
    yield from ask_untaught(run, evaluation, outcome.reason)
    if outcome.reason != "cancelled":  # which must end within a second
        keep_with_model(run.project, book.record, evaluation, run.catalog, run.control)
    yield Finished(
        run.config.run_id,
        outcome.reason,
        card.id,
        outcome.best_epoch,
        evaluation.headline(),
        cost.sessions[-1].seconds,
    )


def _leave_room_for_the_window(torch: object) -> None:
    """One core stays free for the window where there are more than two."""
    import os

    import torch as library

    from workbench.runtimes import torch_threads

    torch_threads.begin()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores > 2:
        library.set_num_threads(min(library.get_num_threads(), cores - 1))


def _keep(run: Run, outcome: Outcome) -> tuple[ModelCard, Judgement]:
    """Predictions into the project, the model among the own ones, the report into the run's folder."""
    from workbench.runtimes.folder import save_folder

    run.project.save_predictions(run.config.run_id, outcome.predictions)
    tested = any(p.split is Split.TEST for p in outcome.predictions)
    evaluation = judge_kept(
        run.project,
        run.task.info.judge,
        run.config.classes,
        outcome.predictions,
        Split.TEST if tested else Split.VALIDATION,
    )
    for saved in run.catalog.own():
        # Cut off between saving the model and noting it: the run makes the same model again.
        if saved.metrics.get("run") == run.config.run_id:
            run.catalog.remove_own(saved.id)
    folder = _free_folder(run)
    card = _card(run, folder, evaluation, outcome.model.card)
    familiar = getattr(outcome.model, "familiar", None)
    if familiar is not None:
        card = replace(card, metrics=card.metrics | facts(familiar))
    save_folder(outcome.model, card, folder)
    keep_usual(folder, outcome.predictions, run.config.seed)
    run.catalog.refresh()
    return card, evaluation


def _free_folder(run: Run) -> Path:
    slug = re.sub(r"[^a-z0-9]+", "-", run.config.name.lower()).strip("-")[:40] or "model"
    taken = {card.id for card in run.catalog.cards()}
    name, number = f"{slug}-{run.config.run_id[:4]}", 1
    while name in taken or (run.paths.models / name).exists():
        number += 1
        name = f"{slug}-{run.config.run_id[:4]}-{number}"
    return run.paths.models / name


def _card(run: Run, folder: Path, evaluation: Judgement, built: ModelCard) -> ModelCard:
    """The new model's card. `built`: that of the taught network, which may be opened in another way than its base."""
    counts = sum(i.id > 0 for i in run.usable(Split.TRAIN))  # what is no item of the project has no id in it
    cases = isinstance(run.task, CasesTask)
    own = run.task.learns_from(run.project) if cases else f"{counts} of your own {run.task.info.nouns}"
    base = run.card
    summary, limits = run.task.describe(run.config.classes)
    # What was learnt through the project's window must be asked through it, too.
    lengths = [i.seconds for i in run.usable(Split.TRAIN) if i.seconds > 0]
    # A stream is best listened to in pieces as long as what was learnt from.
    heard = {"example_seconds": round(median(lengths), 2)} if lengths else {}
    window = next((i.window for i in run.items[Split.TRAIN]), None) or base.preparation.window
    return replace(
        base,
        preparation=replace(base.preparation, window=window),
        id=folder.name,
        runtime=built.runtime,
        arch=built.arch,
        options={**built.options, **heard},
        name=run.config.name or folder.name,
        tasks=(run.config.task,),
        trainable_for=(run.config.task,),
        source=Source("folder", str(folder), size=0),
        labels="",
        label_names=run.config.classes,
        starter=False,
        summary=summary,
        trained_on=f"{own} from the project “{run.project.name}”, starting from “{base.name}”.",
        strengths=evaluation.sentence(),
        limits=(
            f"{limits} Reliable only for {run.task.info.nouns} like those it was trained on. It carries over the limits of"
            f" “{base.name}”: {base.limits}"
            if not base.is_own
            else base.limits
        ),
        base=base.id,
        created=now(),
        metrics=evaluation.headline()
        | {"how": run.config.how.value, "seed": run.config.seed, "train_items": counts, "run": run.config.run_id},
    )
