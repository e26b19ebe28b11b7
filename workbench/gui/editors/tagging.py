"""Giving many items labels at once: through the store, so that it is on disk at once and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.control import Control
from workbench.data import tags
from workbench.data.annotations import AnnotationState
from workbench.data.project import Project
from workbench.gui.context import AppContext

_AT_ONCE = 200
States = dict[int, AnnotationState]
Change = Callable[[AnnotationState], AnnotationState]


def toggled(project: Project, ids: Sequence[int], class_id: int) -> tuple[Change, str]:
    """What a press on a label does to these items, and its name: off when all have it, else on for all."""
    name = next((c.name for c in project.classes() if c.id == class_id), "")
    on = project.tag_overview(ids).has.get(class_id, 0) < len(ids)
    return (
        lambda state: tags.with_tag(state, class_id, on)
    ), f"{'put' if on else 'take'} “{name}” {'on' if on else 'off'}"


def change(
    ctx: AppContext, ids: Sequence[int], deed: Change, text: str, then: Callable[[], object] | None = None
) -> None:
    """Do it to all of these items; many of them in a job. `then`: when it is done."""
    project = ctx.store.require()
    count = "1 item" if len(ids) == 1 else f"{len(ids):,} items"
    if len(ids) <= _AT_ONCE:
        before = project.annotation_states(ids)
        ctx.store.set_annotations({i: deed(s) for i, s in before.items()}, f"{text} ({count})", before)
        if then is not None:
            then()
        return

    def work(control: Control) -> tuple[States, States]:
        before: States = {}
        after: States = {}
        for start in range(0, len(ids), _AT_ONCE):
            control.check()
            control.progress(start, len(ids), "Labelling")
            states = project.annotation_states(ids[start : start + _AT_ONCE])
            changed = {i: deed(s) for i, s in states.items()}
            before.update(project.set_annotations(changed))
            after.update(changed)
        return before, after

    def came(found: tuple[States, States]) -> None:
        if ctx.store.project is project:
            ctx.store.annotated(*found, f"{text} ({count})")
            if then is not None:
                then()

    job = ctx.jobs.start("Labelling", work)
    job.succeeded.connect(came)
    job.failed.connect(lambda problem: ctx.notify(f"{problem.message} {problem.hint}".strip(), "bad"))
