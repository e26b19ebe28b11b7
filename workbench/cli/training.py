"""Watching a training on a terminal; shared by train and demo."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from workbench.catalog.catalog import Catalog
from workbench.cli.output import note, progress
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine.cost.expect import expected, free_memory
from workbench.engine.estimate import measure
from workbench.engine.events import Advice, EpochDone, Finished, RunConfig, RunEvent, StageChanged, StepDone
from workbench.engine.fit import fit
from workbench.errors import UserError
from workbench.runtimes.devices import best_device
from workbench.trust.cost import rates, records, words

log = logging.getLogger(__name__)


def watch(config: RunConfig, project: Project, catalog: Catalog, resume: bool = False) -> Finished:
    """Train with a progress bar (or, without a terminal, one line per round). Returns how it ended."""
    finished: Finished | None = None
    if not resume:
        _say_cost(config, project, catalog)
    with progress("Training") as control:
        for event in fit(config, project, catalog, control, resume):
            tell(event, control, config.epochs)
            if isinstance(event, Finished):
                finished = event
    assert finished is not None
    run = project.run(config.run_id)
    if run.metrics.get("waited"):
        note(str(run.metrics["waited"]))
    record = records.read(run.folder)
    if record is not None:
        note(words.after(record))
    return finished


def _say_cost(config: RunConfig, project: Project, catalog: Catalog) -> None:
    """What it will take, by this model's speed on this computer."""
    card = catalog.get(config.model)
    with progress("Measuring") as control:
        try:
            measure(project, card, control)
        except UserError as error:
            log.info("the speed is not measured: %s", error)  # the training itself says what is wrong
            return
        told = expected(project, card, config.how, config.epochs, best_device(config.device))
    for line in (*words.before(told, rates.load()), words.room(told, free_memory(told.device))):
        if line:
            note(line)


def tell(event: RunEvent, control: Control, epochs: int) -> None:
    """Say one event of a training of so many rounds (0: not known)."""
    if isinstance(event, StageChanged):
        control.progress(0, 0, event.text)
        note(event.text)
    elif isinstance(event, EpochDone) and not sys.stderr.isatty():
        unseen = f", on unseen {event.validation_loss:.3f}" if event.validation_loss >= 0 else ""
        loss = f"loss {event.train_loss:.3f}{unseen}, " if event.train_loss >= 0 else ""  # -1: there is none
        note(f"  round {event.epoch}: {loss}{event.metric} {event.validation_score:.0%}")
    elif isinstance(event, StepDone):
        control.progress(event.epoch, max(event.epoch, float(epochs or event.epoch)), "Learning")
    elif isinstance(event, Advice):
        note(event.text)


def report(project: Project, catalog: Catalog, finished: Finished, target: Path) -> dict[str, Any]:
    """Evaluate, write the report as a web page, give the numbers."""
    from workbench.data.types import Split
    from workbench.engine.evaluate import evaluate
    from workbench.engine.report.make import make_report

    split = Split(finished.metrics.get("split", "test"))
    evaluation = evaluate(project, finished.run_id, split, catalog)
    (path,) = make_report(project, finished.run_id, catalog, html=target, split=split)
    metrics = catalog.get(finished.model_id).metrics
    unlike = {name: value for name, value in metrics.items() if name.startswith("unlike_")}
    return evaluation.to_json() | {
        "model": finished.model_id, "report": str(path), "reason": finished.reason, **unlike,
    }  # fmt: skip
