"""What a person does about findings: each deed is one step back in the undo list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.data.checks import Finding
from workbench.data.checks.fine import keep, looked
from workbench.data.checks.fixes import Change, Fix, apply, done_words
from workbench.gui.project_store import ProjectStore


def change(store: ProjectStore, wanted: Change, text: str) -> None:
    """Change items, undoably; on disk when this returns. What goes wrong is told by `store.failed`."""
    project = store.require()
    back: list[Change] = []
    touched = [*wanted.labels, *wanted.splits, *wanted.marks]

    def tell() -> None:
        if wanted.remove or wanted.restore:
            store.items_changed.emit()
        if touched:
            store.labels_changed.emit(touched)

    def do() -> None:
        back[:] = [apply(project, wanted)]
        tell()

    def undo() -> None:
        apply(project, back[0])
        tell()

    store.push(text, do, undo)


def mend(store: ProjectStore, fix: Fix, finding: Finding) -> int:
    """Do what a fix plans. Returns how many items it concerned."""
    wanted = fix.plan(store.require(), finding)
    if wanted.count:
        change(store, wanted, done_words(fix, wanted.count))
    return wanted.count


def say_fine(store: ProjectStore, finding: Finding, ids: Sequence[int] | None, after: Callable[[], object]) -> None:
    """“I looked; it is fine”, undoably, for a finding or some of its items. `after` is called each time it changes."""
    project = store.require()
    before: list[dict[str, list[str]]] = []

    def do() -> None:
        before[:] = [looked(project, finding, ids)]
        after()

    def undo() -> None:
        keep(project, before[0])
        after()

    store.push("say that it is fine", do, undo)
