"""A training that was run elsewhere comes home: dropped on the window, or chosen from the File menu."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.engine.elsewhere.names import is_result, is_training
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.workers import Job

if TYPE_CHECKING:
    from workbench.engine.elsewhere.back import Returned


def comes_back(paths: Sequence[str]) -> bool:
    """One folder of a training that was taken elsewhere, finished or not."""
    return len(paths) == 1 and (is_result(Path(paths[0])) or is_training(Path(paths[0])))


def bring_back(ctx: AppContext, folder: Path) -> Job | None:
    """Check it and take it into the open project; what came of it is told in the window."""
    project = ctx.store.project
    if project is None:
        ctx.notify_error(
            UserError("This is a training that was run elsewhere.", "Open its project, then drop it again.")
        )
        return None
    catalog = ctx.catalog

    def work(control: Control) -> Returned:
        from workbench.engine.elsewhere.back import bring_back as taken_in

        return taken_in(folder, project, catalog, control)

    def done(back: Returned) -> None:
        ctx.models_changed.emit()
        ctx.store.runs_changed.emit()
        ctx.notify(back.sentence, "warn" if back.gone or back.changed else "good")
        if ctx.store.project is project:
            ctx.go("results", run_id=back.run_id)

    def failed(problem: Problem) -> None:
        ctx.notify_error(problem)

    job = ctx.jobs.start("Bringing a training back", work)
    job.succeeded.connect(done)
    job.failed.connect(failed)
    return job
