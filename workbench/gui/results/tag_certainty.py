"""How sure a model of several labels says it is, label by label; what its errors cost, and when it should say nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import RunRecord, Split
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, label
from workbench.gui.widgets.certainty_parts import cost_box, keep_buttons, keep_with_model, kept_sentence, silence_line
from workbench.gui.widgets.certainty_plots import AnsweringPlot, ReliabilityPlot
from workbench.tasks.tag_decision import TagDecision

if TYPE_CHECKING:
    from workbench.engine.tag_certainty import TagSureness

_ALL = "All labels"
_STEPS = 100
_USUAL_COST = 5.0


class TagCertaintyPanel(QScrollArea):
    """One run's answers. `show_run` looks at them in a job; what is chosen is chosen on validation items, and what it leads
    to is counted on the test items."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.run: RunRecord | None = None
        self.seen: TagSureness | None = None
        self._asked = 0
        self._decision = TagDecision()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, M, S, 0)
        column.setSpacing(M)
        self.banner = Banner()
        column.addWidget(self.banner)
        plots = QHBoxLayout()
        plots.setSpacing(L)
        plots.addWidget(self._build_reliability(), 1)
        plots.addWidget(self._build_silence(), 1)
        column.addLayout(plots)
        column.addWidget(self._build_costs())
        column.addWidget(self._build_keep())
        column.addStretch(1)
        self.setWidget(holder)

    # Looking -----------------------------------------------------------------------------------------------------------

    def show_run(self, run: RunRecord) -> None:
        """Look at a run's answers, by the labels of now."""
        project = self.ctx.store.project
        if project is None:
            return
        self.run = run
        self._asked += 1
        asked, catalog = self._asked, self.ctx.catalog

        def work(control: Control) -> TagSureness:
            from workbench.engine.tag_certainty import tag_sureness

            return tag_sureness(project, run.id, catalog, control)

        def came(found: TagSureness) -> None:
            if asked == self._asked:
                self._show(found)

        job = self.ctx.jobs.start("Looking at how sure it is", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _show(self, found: TagSureness) -> None:
        self.seen = found
        self._decision = found.decision or TagDecision()
        for box, first in ((self.which, _ALL), (self.label_box, "")):
            kept = box.currentData()
            box.blockSignals(True)
            box.clear()
            if first:
                box.addItem(first, "")
            for name in found.labels:
                box.addItem(name, name)
            box.setCurrentIndex(max(0, box.findData(kept)))
            box.blockSignals(False)
        self.silence.blockSignals(True)
        self.silence.setValue(round(self._decision.sure_from * _STEPS))
        self.silence.blockSignals(False)
        self._draw()
        self._chosen()
        self._silence_moved()
        self._tell_kept()

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
        """What is set now."""
        return replace(self._decision, sure_from=self.silence.value() / _STEPS)

    def _chosen(self) -> None:
        """Another label: what is decided of it, if anything."""
        name = str(self.label_box.currentData() or "")
        rule = self._decision.labels.get(name)
        self.cost_box.blockSignals(True)
        self.cost_box.setValue(rule.cost if rule is not None else _USUAL_COST)
        self.cost_box.blockSignals(False)
        self._tell_costs()

    def _tell_costs(self) -> None:
        """What the cheapest threshold leads to on the test items; it counts once it is set."""
        seen, name = self.seen, str(self.label_box.currentData() or "")
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
        seen, name = self.seen, str(self.label_box.currentData() or "")
        rule = seen.rule(name, self.cost_box.value()) if seen is not None and name else None
        if rule is not None:
            self._decision = replace(self._decision, labels={**self._decision.labels, name: rule})
            self._changed()

    def _drop_rule(self) -> None:
        name = str(self.label_box.currentData() or "")
        left = {n: rule for n, rule in self._decision.labels.items() if n != name}
        self._decision = replace(self._decision, labels=left)
        self._changed()

    def _changed(self) -> None:
        self._tell_costs()
        self._silence_moved()

    def _silence_moved(self) -> None:
        limit = self.silence.value() / _STEPS
        self.silence_value.setText(f"below {limit:.0%}" if limit else "never")
        if self.seen is not None:
            now = self.decision()
            # Drawn on the steering items, so that the limit is not chosen on the test items.
            self.silent.show_curve(self.seen.curve(now), self.seen.answering(now, Split.VALIDATION))
            self.silence_words.setText(f"All labels right: {self.seen.answering(now).sentence()}")
        self._may_keep()

    def _may_keep(self) -> None:
        seen, now = self.seen, self.decision()
        there = seen is not None and bool(seen.model_id)
        kept = None if seen is None else seen.decision
        same = now.to_options() == (kept or TagDecision()).to_options()
        self.keep.setEnabled(there and not same)
        self.forget.setVisible(there and kept is not None)
        waiting = [name for name in now.labels if kept is None or kept.labels.get(name) != now.labels[name]]
        self.waiting.setText(f"Not kept yet: {', '.join(waiting)}" if waiting else "")

    def _tell_kept(self) -> None:
        seen = self.seen
        self.kept_words.setText(
            kept_sentence(
                seen.model_id if seen is not None else "", seen.decision if seen is not None else None, "The model gives each label from the threshold its training chose.",
            )
        )  # fmt: skip

    def _keep(self, decision: TagDecision | None) -> None:
        seen, run = self.seen, self.run
        if seen is None or run is None or not seen.model_id:
            return
        asked = self._asked
        keep_with_model(
            self.ctx, self.banner, seen.model_id, decision, "The model gives each label from the threshold its training chose again.",
            kept=lambda: self.show_run(run), still=lambda: asked == self._asked,
        )  # fmt: skip

    # Building ------------------------------------------------------------------------------------------------------------

    def _build_reliability(self) -> QWidget:
        self.reliability = ReliabilityPlot(up="how often the label is there")
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(label("Of", "soft"))
        self.which = QComboBox()
        self.which.setObjectName("tag-certainty-which")
        self.which.setAccessibleName("Whose percentages: of all labels together, or of one")
        self.which.setToolTip("All labels: every label of every item is one answer (micro)")
        self.which.currentIndexChanged.connect(lambda _i: self._draw())
        line.addWidget(self.which, 1)
        self.reliability.body.addLayout(line)
        self.certainty_words = label("", wrap=True, selectable=True)
        self.certainty_words.setObjectName("tag-certainty-words")
        self.reliability.body.addWidget(self.certainty_words)
        self.reliability.body.addStretch(1)
        return self.reliability

    def _build_silence(self) -> QWidget:
        self.silent = AnsweringPlot()
        self.silence, self.silence_value, self.silence_words = silence_line(
            self.silent.body, "tag-", "Say nothing below this certainty that all labels are right",
            "Reject option: the product of how sure it is of each label, given or not", _STEPS, self._silence_moved,
        )  # fmt: skip
        return self.silent

    def _build_costs(self) -> QWidget:
        card = Card(spacing=S)
        title = label("What errors cost", "strong")
        title.setToolTip("Cost-sensitive threshold of each label: the smallest cost on the steering (validation) items")
        card.body.addWidget(title)
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(label("A missed", "soft"))
        self.label_box = QComboBox()
        self.label_box.setObjectName("tag-cost-label")
        self.label_box.setAccessibleName("The label whose errors are weighed")
        self.label_box.currentIndexChanged.connect(lambda _i: self._chosen())
        line.addWidget(self.label_box)
        line.addWidget(label("costs me", "soft"))
        self.cost_box = cost_box("tag-", "How many times as much as a wrongly given one", _USUAL_COST, self._tell_costs)
        line.addWidget(self.cost_box)
        line.addWidget(label("times as much as a wrongly given one.", "soft"))
        line.addStretch(1)
        self.set_rule = button("Use this threshold", self._set_rule, name="tag-set-rule")
        self.drop_rule = button("Back to the trained one", self._drop_rule, role="quiet", name="tag-drop-rule")
        line.addWidget(self.drop_rule)
        line.addWidget(self.set_rule)
        card.body.addLayout(line)
        self.costs_words = label("", wrap=True, selectable=True)
        self.costs_words.setObjectName("tag-costs-words")
        card.body.addWidget(self.costs_words)
        return card

    def _build_keep(self) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        self.keep, self.forget = keep_buttons(
            "tag-decision", lambda: self._keep(self.decision()), lambda: self._keep(None)
        )
        self.waiting = label("", "soft")
        self.waiting.setObjectName("tag-waiting")
        self.kept_words = label("", "soft", wrap=True)
        self.kept_words.setObjectName("tag-kept-words")
        line.addWidget(self.keep)
        line.addWidget(self.forget)
        line.addWidget(self.waiting)
        line.addWidget(self.kept_words, 1)
        return holder
