"""Running a training from its folder, by one process or by several together."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.columns import META, from_meta
from workbench.data.project import Project
from workbench.data.project_columns import set_columns
from workbench.data.project_manifest import ManifestLine
from workbench.engine.checkpoint import LAST
from workbench.engine.elsewhere.layout import wrong
from workbench.engine.elsewhere.names import FILES, MODEL, RESULT, STOP, WORK
from workbench.engine.elsewhere.read import Taken, read_training
from workbench.engine.elsewhere.result import write_result
from workbench.engine.events import Finished, RunEvent, StageChanged, StepDone
from workbench.engine.fit import fit
from workbench.engine.together import Together, join, local_device
from workbench.errors import UserError
from workbench.hub.store import download, is_present

_PROJECT = "project"


def run_training(path: Path, control: Control | None = None, media: Path | None = None) -> Iterator[RunEvent]:
    """Run what a folder holds; the same call again goes on where it was cut off. Only the leader of several processes
    writes into the folder; its result lies in `result` when the last event, `Finished`, comes.

    Args:
        path: the folder, or its `run.toml`.
        media: where the items' files lie, when they were not copied.

    A file called "stop" in the folder stops it, in all processes; the best so far is the result.

    Raises:
        UserError: when the folder is not what it must be, or as `fit`. Cancelled: when asked to stop.
    """
    control = control or Control()
    taken = read_training(path, media)
    together = join(local_device(taken.about.config.device))
    if any(together.gather((taken.folder / RESULT).exists() and together.leads)):
        raise UserError("This training has been run already.", f"Its result lies in “{RESULT}”; bring it back.")
    if together.size > 1:
        yield StageChanged(f"{together.size} processes train together")
    with _workplace(taken, together) as place:
        lines = together.all_of(lambda: list(taken.lines(control)))
        # Each process reads its own share of the items, and checks what it reads.
        together.all_of(lambda: taken.check_media(together.share(lines), control))
        paths = together.all_of(lambda: _model_there(taken, place, control))
        with together.all_of(lambda: _project(taken, place, lines, together)) as project:
            others = [c for c in Catalog.load(paths).cards() if c.id != taken.card.id]
            catalog = Catalog(paths, [taken.card, *others])
            config = taken.about.config
            resume = (project.runs_folder / config.run_id / LAST).is_file()
            for event in fit(config, project, catalog, control, resume, paths, together):
                if together.leads and isinstance(event, StepDone) and (taken.folder / STOP).exists():
                    control.cancel()  # the others hear of it at the next step
                if isinstance(event, Finished) and together.leads:
                    write_result(taken, project, catalog, event, lines)
                yield event
    if together.leads:
        shutil.rmtree(taken.folder / WORK, ignore_errors=True)


@contextmanager
def _workplace(taken: Taken, together: Together) -> Iterator[Path]:
    """Where this process keeps what it needs on the way: the leader in the folder, to go on from; others for now."""
    if together.leads:
        place = taken.folder / WORK
        try:
            place.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(
                f"The folder “{taken.folder.name}” cannot be written.", "Copy it to another place."
            ) from error
        yield place
        return
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        yield Path(scratch)


def _model_there(taken: Taken, place: Path, control: Control) -> AppPaths:
    """The folders of this run, with the model's files checked: those that came along, or those that are fetched now."""
    home = app_paths()
    paths = AppPaths(home.settings, place / "cache", place / "projects", place / "models", home.logs)
    if taken.about.carried:
        taken.check_model(taken.folder / MODEL / FILES, control)
        return replace(paths, carried=(taken.card.id, taken.model_files))
    # Who starts this here has asked for the model. Of the processes on one machine the first fetches it.
    if int(os.environ.get("LOCAL_RANK", "0")) == 0 or is_present(taken.card, home):
        found = download(taken.card, control, home).path
        taken.check_model(found.parent if taken.about.one_file else found, control)
    return replace(paths, cache=place / "cache", carried=None if not is_present(taken.card, home) else
                   (taken.card.id, download(taken.card, control, home).path))  # fmt: skip


def _project(taken: Taken, place: Path, lines: list[ManifestLine], together: Together) -> Project:
    """The items as a project for this process alone; that of a training that was cut off is gone on with."""
    folder = place / _PROJECT
    if (folder / "project.db").is_file():
        project = Project.open(folder)
        if len(project.item_ids()) == len(lines):
            return project
        project.close()
        shutil.rmtree(folder)  # it was cut off while it was made
    about = taken.about
    project = Project.create(folder, about.project_name, about.config.task)
    try:
        project.set_window(about.window)
        if (columns := about.config.options.get(META)) is not None:
            set_columns(project, from_meta(columns))
        for name in about.config.classes:
            project.add_class(name)
        if project.take_manifest(lines, taken.media) != about.items:
            raise wrong("its list of items is not whole")
    except BaseException:
        project.close()
        raise
    return project
