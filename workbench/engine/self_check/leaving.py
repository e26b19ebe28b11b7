"""Models and trainings that leave the app, engines looked for in a process of their own, and what is noted of a model at work."""

from __future__ import annotations

import subprocess
import time

from workbench.data.types import Sample
from workbench.engine.self_check.base import Failed, Place, Step, expect
from workbench.engine.self_check.starters import photo

_CLASSES = ("zero", "one", "two")
_LONGEST = 600.0


def _digits(place: Place, each: int) -> list[Sample]:
    files = [f for name in _CLASSES for f in sorted((place.folder / "digits" / name).glob("*.png"))[:each]]
    return [Sample("picture", f.name, path=f) for f in files]


def _forms(place: Place) -> str:
    """Every form the taught model can leave in, each asked beside the original."""
    from workbench.control import Control
    from workbench.engine.export_formats import formats_for

    card, samples = place.made["image-classification"], _digits(place, 2)
    made = []
    for form in formats_for(card):
        done = form.export(card, place.folder / "forms" / form.id, samples if form.asks_samples else (), Control())
        if done.check is not None and not done.check.passed:
            raise Failed(f"{form.id}: {done.check.sentence()}")
        made.append(form.id)
    return f"{len(made)} forms: {', '.join(made)}"


def _apart(place: Place) -> str:
    """An export in a process of its own, as the window makes it: one that comes to its end, and one that is stopped."""
    import psutil

    from workbench.control import Control
    from workbench.engine.export_apart import export_apart
    from workbench.engine.export_formats import format_by_id
    from workbench.errors import Cancelled

    card, form, here = place.made["image-classification"], format_by_id("onnx"), place.folder / "apart"
    samples = _digits(place, 1)
    done = export_apart(form, card, here / "whole", samples, Control())
    expect(done.check is not None and done.check.passed, "the export was not checked")

    def stop_at_once(_fraction: float, _text: str) -> None:
        if psutil.Process().children(recursive=True):
            control.cancel()

    control = Control(stop_at_once)
    try:
        export_apart(form, card, here / "stopped", samples, control)
    except Cancelled:
        left = psutil.Process().children(recursive=True)
        expect(not left and not any((here / "stopped").iterdir()), "a stopped export left something")
    else:
        raise Failed("an export could not be stopped")
    return f"{done.path.name} made and checked; stopped, nothing is left"


def _elsewhere(place: Place) -> str:
    """A training taken out as a folder, run from it by the command line, and brought home."""
    from workbench.app_paths import for_this_program, this_program
    from workbench.data.project import Project
    from workbench.engine.elsewhere.back import bring_back
    from workbench.engine.elsewhere.write import write_bundle
    from workbench.engine.fit import new_config

    with Project.open(place.projects["image-classification"]) as project:
        card, _why = place.catalog.suggest(project.task_id, to_teach=True)
        bundle = write_bundle(
            new_config(project, card, name="Elsewhere"), project, place.catalog, place.folder / "elsewhere"
        )
        named = (bundle.folder / "environment" / "requirements.txt").read_text(encoding="utf-8").count("==")
        program = bundle.folder / "program" / "workbench" / "__main__.py"
        expect(
            named > 80 and program.is_file(),
            f"{named} packages are named, and the program goes along: {program.is_file()}",
        )
        done = subprocess.run(
            [*this_program(), "train", str(bundle.folder / "run.toml")], capture_output=True, text=True, errors="replace",
            env=for_this_program(), timeout=_LONGEST, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        expect(done.returncode == 0, f"exit code {done.returncode}: {(done.stdout + done.stderr).strip()[-200:]}")
        back = bring_back(bundle.folder, project, place.catalog)
    return f"{bundle.items} items there with {named} packages named, “{back.name}” back"


def _engine(place: Place) -> str:
    """The quickest engine for the picture starter, found in a process of its own and then used."""
    from workbench.engine.pool import shared_pool
    from workbench.engine.speed.background import look_apart
    from workbench.engine.speed.remembered import recall_by_card
    from workbench.tasks.base import PooledTask
    from workbench.tasks.registry import get_task

    card, task = place.catalog.get("picture-starter"), get_task("image-classification")
    if not isinstance(task, PooledTask):
        raise Failed("the task has no features")
    with shared_pool().use_network(card, "cpu") as model:
        batch = task.collate([task.prepare(photo(), model)], model)
        look_apart(card, [{name: value[:1].contiguous() for name, value in batch.items()}])
    choice = recall_by_card(card.id)
    if choice is None:
        raise Failed("nothing was found")
    shared_pool().clear()
    said = place.ask(card.id, task.info.id, photo()).lines()[0]
    expect("palace" in said, f"with {choice.one.kind}: {said}")
    return f"one at a time with {choice.one.kind}, many with {choice.many.kind}; {said}"


def _noted(place: Place) -> str:
    """Answers of the taught model noted on this computer, and the week they make."""
    from dataclasses import replace

    from workbench.engine.predict import predict
    from workbench.engine.prediction_log import PredictionLog, flush
    from workbench.engine.watching import look_at_week, week_of
    from workbench.engine.week_sheet import render_sheet
    from workbench.tasks.registry import get_task

    card, samples = place.made["image-classification"], _digits(place, 5)
    log = PredictionLog(card.id)
    log.set_settings(replace(log.settings(), on=True))
    answers = list(predict(samples, card, get_task("image-classification"), None, device="cpu", source="self-check"))
    flush()
    expect(log.count() == len(answers) == len(samples), f"{log.count()} of {len(samples)} answers were noted")
    sheet = render_sheet(card, look_at_week(card, week_of(time.time())))
    expect("<html" in sheet and card.name in sheet, "the sheet of the week is empty")
    return f"{log.count()} answers noted, a sheet of {len(sheet) // 1000} kB"


STEPS = (
    Step("forms", "Every form of export", _forms, after=("train",)),
    Step("apart", "An export in its own process", _apart, after=("train",)),
    Step("elsewhere", "A training elsewhere and back", _elsewhere, after=("train",)),
    Step("engine", "The quickest engine", _engine),
    Step("noted", "Answers noted at work", _noted, after=("train",)),
)
