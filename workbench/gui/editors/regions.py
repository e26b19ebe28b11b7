"""Areas of pictures, outlined or painted: the editor of projects that say to what each point of a picture belongs."""

from __future__ import annotations

from workbench.gui.editors.picture.editor import PictureEditor
from workbench.gui.editors.picture.tools.brush import BrushTool, EraserTool, FillTool
from workbench.gui.editors.picture.tools.polygon import PolygonTool


class Editor(PictureEditor):
    """See the module."""

    tool_kinds = (PolygonTool, BrushTool, EraserTool, FillTool)
    first_tool = "brush"
