"""Editors for labels on pieces of an item, one per `TaskInfo.editor`: `workbench.gui.editors.NAME` has a class `Editor`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.models.item_model import ItemModel


def editor_for(name: str, ctx: AppContext, model: ItemModel) -> ItemEditor | None:
    """The editor of a task's items; None where a class for the whole item is all there is to say."""
    module = f"workbench.gui.editors.{name}"
    if not name.isidentifier() or find_spec(module) is None:
        return None
    editor: ItemEditor = import_module(module).Editor(ctx, model)
    return editor
