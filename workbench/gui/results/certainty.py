"""Results of models that sort into classes: whether the percentages can be believed, what errors cost, when to say nothing,
and whether more examples would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.types import RunRecord
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, label
from workbench.gui.widgets.certainty_parts import cost_box, keep_buttons, keep_with_model, kept_sentence, silence_line
from workbench.gui.widgets.certainty_plots import AnsweringPlot, ReliabilityPlot
from workbench.tasks.decision import Decision
from workbench.trust.certainty import Answering, answering, answering_curve, cheapest_threshold, consequences

if TYPE_CHECKING:
    from workbench.engine.certainty import Sureness
    from workbench.engine.learning_curve import LearningCurve

_NO_CLASS = "No class is special"
_STEPS = 100


class CertaintyPanel(QScrollArea):
    """One run's answers. `show_run` looks at them in a job; what is chosen is chosen on validation items, and what it leads
    to is counted on the test items."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self.run: RunRecord | None = None
        self.seen: Sureness | None = None
        self.curve: LearningCurve | None = None
        self._asked = 0
        self._threshold: float | None = None
        self._points: list[Answering] = []
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
        self.reliability = ReliabilityPlot()
        self.certainty_words = label("", wrap=True, selectable=True)
        self.certainty_words.setObjectName("certainty-words")
        self.reliability.body.addWidget(self.certainty_words)
        self.reliability.body.addStretch(1)
        plots.addWidget(self.reliability, 1)
        self.silent = AnsweringPlot()
        self._build_silence()
        plots.addWidget(self.silent, 1)
        column.addLayout(plots)
        column.addWidget(self._build_costs())
        column.addWidget(self._build_keep())
        column.addWidget(self._build_curve())
        column.addStretch(1)
        self.setWidget(holder)

    # Looking -----------------------------------------------------------------------------------------------------------

    def show_run(self, run: RunRecord) -> None:
        """Look at a run's answers, by the labels of now."""
        project = self.ctx.store.project
        if project is None:
            return
        if self.run is None or self.run.id != run.id:
            self.curve = None
            self.curve_words.setText("")
        self.run = run
        self._asked += 1
        asked, catalog = self._asked, self.ctx.catalog

        def work(control: Control) -> tuple[Sureness, list[Answering]]:
            from workbench.engine.certainty import sureness

            found = sureness(project, run.id, catalog, control)
            return found, answering_curve(found.validation)

        def came(found: tuple[Sureness, list[Answering]]) -> None:
            if asked == self._asked:
                self._show(*found)

        job = self.ctx.jobs.start("Looking at how sure it is", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _show(self, found: Sureness, points: list[Answering]) -> None:
        self.seen, self._points = found, points
        self.reliability.show_reliability(found.certainty.after)
        self.certainty_words.setText(found.certainty.sentence())
        kept = found.decision or Decision()
        for box in (self.class_box, self.cost_box, self.silence):
            box.blockSignals(True)
        self.class_box.clear()
        self.class_box.addItem(_NO_CLASS, "")
        for name in found.classes:
            self.class_box.addItem(name, name)
        self.class_box.setCurrentIndex(max(0, self.class_box.findData(kept.name)))
        self.cost_box.setValue(kept.cost if kept.name else 10.0)
        self.silence.setValue(round(kept.sure_from * _STEPS))
        for box in (self.class_box, self.cost_box, self.silence):
            box.blockSignals(False)
        self._choose()
        self._silence_moved()
        self._tell_kept()

    # Choosing ----------------------------------------------------------------------------------------------------------

    def decision(self) -> Decision:
        """What is set now."""
        name = str(self.class_box.currentData() or "")
        named = bool(name) and self._threshold is not None
        return Decision(
            name if named else "", self._threshold if self._threshold is not None else 0.5,
            self.cost_box.value() if named else 1.0, self.silence.value() / _STEPS,
        )  # fmt: skip

    def _choose(self) -> None:
        """The cheapest threshold on the validation items, and what it leads to on the test items."""
        seen, name = self.seen, str(self.class_box.currentData() or "")
        self._threshold = None
        self.cost_box.setEnabled(bool(name))
        if seen is None or not name:
            self.costs_words.setText("Choose a class, and say what missing one costs; a threshold is found for it.")
            self._may_keep()
            return
        cost = self.cost_box.value()
        self._threshold = cheapest_threshold(seen.validation, seen.classes, name, cost)
        usual = consequences(seen.test, seen.classes, name, None, cost)
        if self._threshold is None:
            self.costs_words.setText(
                f"Too few of the steering items are “{name}” to find a threshold by; add examples. As it is now:"
                f" {usual.sentence()}"
            )
        else:
            now = consequences(seen.test, seen.classes, name, self._threshold, cost)
            self.costs_words.setText(
                f"Called “{name}” from {self._threshold:.0%} on: {now.sentence()}\n{now.beside(usual)}"
            )
        self._may_keep()

    def _silence_moved(self) -> None:
        limit = self.silence.value() / _STEPS
        self.silence_value.setText(f"below {limit:.0%}" if limit else "never")
        if self.seen is not None:
            # Drawn on the steering items, so that the limit is not chosen on the test items.
            now = answering(self.seen.validation, limit)
            self.silent.show_curve(self._points, now)
            self.silence_words.setText(answering(self.seen.test, limit).sentence())
        self._may_keep()

    def _may_keep(self) -> None:
        seen = self.seen
        there = seen is not None and bool(seen.model_id)
        now = self.decision()
        kept = None if seen is None else seen.decision
        something = bool(now.name) or now.sure_from > 0
        self.keep.setEnabled(there and something and _rounded(now) != _rounded(kept))
        self.forget.setVisible(there and seen is not None and seen.decision is not None)

    def _tell_kept(self) -> None:
        seen = self.seen
        self.kept_words.setText(
            kept_sentence(
                seen.model_id if seen is not None else "", seen.decision if seen is not None else None, "The model answers with its likeliest class, always.",
            )
        )  # fmt: skip

    def _keep(self, decision: Decision | None) -> None:
        seen, run = self.seen, self.run
        if seen is None or run is None or not seen.model_id:
            return
        asked = self._asked
        keep_with_model(
            self.ctx, self.banner, seen.model_id, decision, "The model answers with its likeliest class again.",
            kept=lambda: self.show_run(run), still=lambda: asked == self._asked,
        )  # fmt: skip

    # More examples? ------------------------------------------------------------------------------------------------------

    def _learn(self) -> None:
        project, run, catalog = self.ctx.store.project, self.run, self.ctx.catalog
        if project is None or run is None:
            return
        asked = run.id
        self.learn.setEnabled(False)
        self.curve_words.setText(
            "Learning from an eighth, a quarter, half and all of the examples, several times over …"
        )

        def work(control: Control) -> LearningCurve:
            from workbench.engine.learning_curve import learning_curve

            return learning_curve(project, str(run.config.get("model", "")), catalog, control)

        def came(found: LearningCurve) -> None:
            if self.run is not None and self.run.id == asked:
                self.curve = found
                steps = "   ".join(f"{p.n}: {p.mean:.0%} ({p.low:.0%} to {p.high:.0%})" for p in found.points)
                self.curve_words.setText(f"{found.sentence()}\n{steps}")

        def failed(error: UserError) -> None:
            self.curve_words.setText("")
            self.banner.show_error(error)

        job = self.ctx.jobs.start("Would more examples help?", work)
        job.succeeded.connect(came)
        job.failed.connect(failed)
        job.ended.connect(lambda: self.learn.setEnabled(True))

    # Building ------------------------------------------------------------------------------------------------------------

    def _build_silence(self) -> None:
        self.silence, self.silence_value, self.silence_words = silence_line(
            self.silent.body, "", "Say nothing below this certainty",
            "Reject option: below this probability of the likeliest class there is no answer", _STEPS, self._silence_moved,
        )  # fmt: skip

    def _build_costs(self) -> QWidget:
        card = Card(spacing=S)
        title = label("What errors cost", "strong")
        title.setToolTip("Cost-sensitive threshold: the smallest expected cost on the steering (validation) items")
        card.body.addWidget(title)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(label("A missed", "soft"))
        self.class_box = QComboBox()
        self.class_box.setObjectName("cost-class")
        self.class_box.setAccessibleName("The class that must not be missed")
        self.class_box.currentIndexChanged.connect(lambda _i: self._choose())
        row.addWidget(self.class_box)
        row.addWidget(label("costs me", "soft"))
        self.cost_box = cost_box("", "How many times as much as a false alarm", 10.0, self._choose)
        row.addWidget(self.cost_box)
        row.addWidget(label("times as much as a false alarm.", "soft"))
        row.addStretch(1)
        card.body.addLayout(row)
        self.costs_words = label("", wrap=True, selectable=True)
        self.costs_words.setObjectName("costs-words")
        card.body.addWidget(self.costs_words)
        return card

    def _build_keep(self) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.keep, self.forget = keep_buttons("decision", lambda: self._keep(self.decision()), lambda: self._keep(None))
        self.kept_words = label("", "soft", wrap=True)
        row.addWidget(self.keep)
        row.addWidget(self.forget)
        row.addWidget(self.kept_words, 1)
        return holder

    def _build_curve(self) -> QWidget:
        card = Card(spacing=S)
        row = QHBoxLayout()
        title = label("Would more examples help?", "strong")
        title.setToolTip(
            "Learning curve: Quick heads on growing shares of the training items, with a power law through them"
        )
        row.addWidget(title, 1)
        self.learn = button(
            "Find out", self._learn, icon_name="chart-column", name="learning-curve",
            tip="Learns from an eighth, a quarter, half and all of the examples; takes seconds",
        )  # fmt: skip
        row.addWidget(self.learn)
        card.body.addLayout(row)
        self.curve_words = label("", wrap=True, selectable=True)
        self.curve_words.setObjectName("curve-words")
        card.body.addWidget(self.curve_words)
        return card


def _rounded(decision: Decision | None) -> tuple[str, float, float, float] | None:
    """For comparing with what was read back from a card; the threshold follows from the cost."""
    if decision is None:
        return None
    named = bool(decision.name)
    return (
        decision.name, round(decision.threshold, 4) if named else 0.0, round(decision.cost, 4) if named else 0.0,
        round(decision.sure_from, 4),
    )  # fmt: skip
