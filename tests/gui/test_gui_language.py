"""What a language model wrote before and after, as it is shown."""

from __future__ import annotations

from workbench.data.annotations import Annotation
from workbench.data.shapes import Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.gui.main_window import MainWindow
from workbench.gui.results import view_for
from workbench.tasks.predictions import Text, to_record
from workbench.trust.judging import Answered, judge


def test_before_and_after_stand_side_by_side(window: MainWindow) -> None:
    said = Text("We open at <nine>.", surprise=1.0, surprise_before=3.0, before="asdf")
    item = Item(1, "text", "hours", text="When do you open?", marked=True)
    answer = Annotation(Whole(), text="At nine.")
    kept = ItemPrediction(1, Split.TEST, "", "", (), to_record(said))
    judged = judge("language", [], [Answered(item, kept, (answer,), ("",))])
    view = view_for("language", window.ctx)
    (page, title), (table, _) = view.tabs()
    view.show(judged, [])
    words = page.toPlainText()  # type: ignore[attr-defined]
    assert title == "Before and after"
    assert [w in words for w in ("When do you open?", "At nine.", "asdf", "We open at <nine>.")] == [True] * 4
    assert "perplexity 2.7, before 20.1" in words
    assert table.item(0, 1).text() == "20.1" and table.item(0, 2).text() == "2.7"  # type: ignore[attr-defined]
