"""One view per kind of judgement (`TaskInfo.judge`): `workbench.gui.results.KIND` has a class `View`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from workbench.gui.context import AppContext
from workbench.gui.results.base import ResultView


def view_for(kind: str, ctx: AppContext) -> ResultView:
    """The view of a kind; one that shows the table alone where there is none of its own."""
    name = f"workbench.gui.results.{kind}"
    if kind.isidentifier() and find_spec(name) is not None:
        view: ResultView = import_module(name).View(ctx)
        return view
    return ResultView(ctx)
