"""How sure a model of several labels says it is, label by label; what its errors cost, and when it should say nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.gui.context import AppContext
from workbench.gui.results.sureness_panel import STEPS, SurenessPanel, Words
from workbench.gui.theme import S
from workbench.gui.widgets.basic import button, label
from workbench.tasks.tag_decision import TagDecision

if TYPE_CHECKING:
    from workbench.engine.tag_certainty import TagSureness

_ALL = "All labels"
_USUAL_COST = 5.0
_WORDS = Words(
    prefix="tag-",
    up="how often the label is there",
    silence="Say nothing below this certainty that all labels are right",
    silence_tip="Reject option: the product of how sure it is of each label, given or not",
    costs_tip="Cost-sensitive threshold of each label: the smallest cost on the steering (validation) items",
    name="tag-cost-label",
    whose="The label whose errors are weighed",
    other="wrongly given one",
    cost=_USUAL_COST,
    usual="The model gives each label from the threshold its training chose",
)


class TagCertaintyPanel(SurenessPanel["TagSureness"]):
    """See `SurenessPanel`; each label may have a threshold of its own, which counts once it is set."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        self._decision = TagDecision()
        super().__init__(ctx, _WORDS, parent)
        self.cost_box.valueChanged.connect(lambda _v: self._tell_costs())
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(label("Of", "soft"))
        self.which = QComboBox()
        self.which.setObjectName("tag-certainty-which")
        self.which.setAccessibleName("Whose percentages: of all labels together, or of one")
        self.which.setToolTip("All labels: every label of every item is one answer (micro)")
        self.which.currentIndexChanged.connect(lambda _i: self._draw())
        line.addWidget(self.which, 1)
        self.reliability.body.insertLayout(self.reliability.body.indexOf(self.certainty_words), line)
        self.set_rule = button("Use this threshold", self._set_rule, name="tag-set-rule")
        self.drop_rule = button("Back to the trained one", self._drop_rule, role="quiet", name="tag-drop-rule")
        self.costs_row.addWidget(self.drop_rule)
        self.costs_row.addWidget(self.set_rule)
        self.waiting = label("", "soft")
        self.waiting.setObjectName("tag-waiting")
        self.keep_row.insertWidget(self.keep_row.indexOf(self.kept_words), self.waiting)

    def look(self, project: Project, run_id: str, catalog: Catalog, control: Control) -> TagSureness:
        from workbench.engine.tag_certainty import tag_sureness

        return tag_sureness(project, run_id, catalog, control)

    def show_seen(self, seen: TagSureness) -> None:
        self._decision = seen.decision or TagDecision()
        with QSignalBlocker(self.which):
            for box, names in ((self.which, {_ALL: ""}), (self.name_box, dict[str, str]())):
                kept = box.currentData()
                box.clear()
                for words, name in {**names, **{name: name for name in seen.labels}}.items():
                    box.addItem(words, name)
                box.setCurrentIndex(max(0, box.findData(kept)))
        self.silence.setValue(round(self._decision.sure_from * STEPS))
        self._draw()

    def _draw(self) -> None:
        """The reliability of one label, or of all answers together."""
        if self.seen is None:
            return
        name, certainty = str(self.which.currentData() or ""), self.seen.certainty
        if name in certainty.labels:
            before, after = certainty.labels[name]
            self.reliability.show_reliability(after)
            self.certainty_words.setText(
                f"{after.sentence()} As they came from the network: {before.error:.1%}."
                if certainty.calibration is not None
                else after.sentence()
            )
        else:
            self.reliability.show_reliability(certainty.after)
            self.certainty_words.setText(certainty.sentence())

    # Choosing ----------------------------------------------------------------------------------------------------------

    def decision(self) -> TagDecision:
        return replace(self._decision, sure_from=self.silence.value() / STEPS)

    def choose(self) -> None:
        """Another label: what is decided of it, if anything."""
        rule = self._decision.labels.get(self.name)
        with QSignalBlocker(self.cost_box):
            self.cost_box.setValue(rule.cost if rule is not None else _USUAL_COST)
        self._tell_costs()

    def _tell_costs(self) -> None:
        """What the cheapest threshold leads to on the test items; it counts once it is set."""
        seen, name = self.seen, self.name
        self.set_rule.setEnabled(False)
        self.drop_rule.setVisible(name in self._decision.labels)
        if seen is None or not name:
            self.costs_words.setText("")
            return
        rule = seen.rule(name, self.cost_box.value())
        if rule is None:
            self.costs_words.setText(
                f"Too few of the steering items have “{name}”, or too few have not, to find a threshold by; add examples."
            )
            return
        now, usual = seen.costs(name, rule)
        self.costs_words.setText(f"“{name}” given from {rule.threshold:.0%} on: {now.sentence()}\n{now.beside(usual)}")
        self.set_rule.setEnabled(self._decision.labels.get(name) != rule)

    def _set_rule(self) -> None:
        rule = self.seen.rule(self.name, self.cost_box.value()) if self.seen is not None and self.name else None
        if rule is not None:
            self._decision = replace(self._decision, labels={**self._decision.labels, self.name: rule})
            self._changed()

    def _drop_rule(self) -> None:
        left = {n: rule for n, rule in self._decision.labels.items() if n != self.name}
        self._decision = replace(self._decision, labels=left)
        self._changed()

    def _changed(self) -> None:
        self._tell_costs()
        self.silence_moved()

    def say_nothing(self, seen: TagSureness) -> str:
        now = self.decision()
        # Drawn on the steering items, so that the limit is not chosen on the test items.
        self.silent.show_curve(seen.curve(now), seen.answering(now, Split.VALIDATION))
        return f"All labels right: {seen.answering(now).sentence()}"

    def is_kept(self) -> bool:
        kept = None if self.seen is None else self.seen.decision
        return self.decision().to_options() == (kept or TagDecision()).to_options()

    def may_keep(self) -> None:
        super().may_keep()
        now, kept = self.decision(), None if self.seen is None else self.seen.decision
        waiting = [name for name in now.labels if kept is None or kept.labels.get(name) != now.labels[name]]
        self.waiting.setText(f"Not kept yet: {', '.join(waiting)}" if waiting else "")
