"""Pouring a class into what paint encloses, in a job: a large picture takes a while."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF

from workbench.control import Control
from workbench.data.painting import Spans, flooded
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.editors.picture import strokes
from workbench.gui.editors.picture.document import Document
from workbench.gui.editors.picture.masks import Masks, union


def fill(
    ctx: AppContext, document: Document, masks: Masks, at: QPointF, tell: Callable[[str], None],
    failed: Callable[[Problem], None],
) -> None:  # fmt: skip
    """Fill from a place of the picture, up to what is painted or outlined and shown."""
    owner, refusal = strokes.target(document)
    if refusal or document.item is None:
        tell(refusal)
        return
    item_id, class_id = document.item.id, document.class_id
    shown = {a.id for a in document.shown()}
    areas = [
        strokes.spans_of(masks, document, a)
        for a in document.annotations
        if a.id in shown and not a.is_proposal and a.shape.kind in ("region", "polygon")
    ]
    x, y, width, height = int(at.x()), int(at.y()), document.width, document.height

    def work(_control: Control) -> Spans | None:
        return flooded(union(areas, width, height), x, y)

    def came(found: Spans | None) -> None:
        if document.item is None or document.item.id != item_id or document.class_id != class_id:
            return  # the person went on
        if found is None:
            tell("This place is painted already. Click where nothing is painted.")
        else:
            strokes.paint(document, masks, found, owner, only_free=True)

    job = ctx.jobs.start("Filling an area", work)
    job.succeeded.connect(came)
    job.failed.connect(failed)
