"""Boxes around things: the editor of projects that find and count things in pictures."""

from __future__ import annotations

from workbench.gui.editors.picture.editor import PictureEditor
from workbench.gui.editors.picture.tools.box import BoxTool


class Editor(PictureEditor):
    """Outlines and painted areas that an import brought can be chosen, moved and deleted; new labels are boxes."""

    tool_kinds = (BoxTool,)
    first_tool = "box"
