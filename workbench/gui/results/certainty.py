"""Results of models that sort into classes: whether the percentages can be believed, what errors cost, when to say nothing,
and whether more examples would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.results.sureness_panel import STEPS, SurenessPanel, Words
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Card, button, label
from workbench.tasks.decision import Decision
from workbench.trust.certainty import answering, cheapest_threshold, consequences

if TYPE_CHECKING:
    from workbench.engine.certainty import Sureness
    from workbench.engine.learning_curve import LearningCurve

_NO_CLASS = "No class is special"
_USUAL_COST = 10.0
_WORDS = Words(
    prefix="",
    up="how often it is right",
    silence="Say nothing below this certainty",
    silence_tip="Reject option: below this probability of the likeliest class there is no answer",
    costs_tip="Cost-sensitive threshold: the smallest expected cost on the steering (validation) items",
    name="cost-class",
    whose="The class that must not be missed",
    other="false alarm",
    cost=_USUAL_COST,
    usual="The model answers with its likeliest class",
)


class CertaintyPanel(SurenessPanel["Sureness"]):
    """See `SurenessPanel`; one class may have a threshold of its own."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        self.curve: LearningCurve | None = None
        self._threshold: float | None = None
        super().__init__(ctx, _WORDS, parent)
        self.cost_box.valueChanged.connect(lambda _v: self.choose())

    def show_run(self, run: RunRecord) -> None:
        if self.run is None or self.run.id != run.id:
            self.curve = None
            self.curve_words.setText("")
        super().show_run(run)

    def look(self, project: Project, run_id: str, catalog: Catalog, control: Control) -> Sureness:
        from workbench.engine.certainty import sureness

        found = sureness(project, run_id, catalog, control)
        assert found.curve is not None  # here, not when it is drawn
        return found

    def show_seen(self, seen: Sureness) -> None:
        self.reliability.show_reliability(seen.certainty.after)
        self.certainty_words.setText(seen.certainty.sentence())
        kept = seen.decision or Decision()
        self.name_box.clear()
        self.name_box.addItem(_NO_CLASS, "")
        for name in seen.classes:
            self.name_box.addItem(name, name)
        self.name_box.setCurrentIndex(max(0, self.name_box.findData(kept.name)))
        self.cost_box.setValue(kept.cost if kept.name else _USUAL_COST)
        self.silence.setValue(round(kept.sure_from * STEPS))

    # Choosing ----------------------------------------------------------------------------------------------------------

    def decision(self) -> Decision:
        named = bool(self.name) and self._threshold is not None
        return Decision(
            self.name if named else "", self._threshold if self._threshold is not None else 0.5,
            self.cost_box.value() if named else 1.0, self.silence.value() / STEPS,
        )  # fmt: skip

    def choose(self) -> None:
        """The cheapest threshold on the validation items, and what it leads to on the test items."""
        seen, name = self.seen, self.name
        self._threshold = None
        self.cost_box.setEnabled(bool(name))
        if seen is None or not name:
            self.costs_words.setText("Choose a class, and say what missing one costs; a threshold is found for it.")
            self.may_keep()
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
        self.may_keep()

    def say_nothing(self, seen: Sureness) -> str:
        limit = self.silence.value() / STEPS
        # Drawn on the steering items, so that the limit is not chosen on the test items.
        self.silent.show_curve(seen.curve, answering(seen.validation, limit))
        return answering(seen.test, limit).sentence()

    def is_kept(self) -> bool:
        now, kept = self.decision(), None if self.seen is None else self.seen.decision
        return now.empty or _rounded(now) == _rounded(kept)

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

    def add_more(self, column: QVBoxLayout) -> None:
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
        column.addWidget(card)


def _rounded(decision: Decision | None) -> tuple[str, float, float, float] | None:
    """For comparing with what was read back from a card; the threshold follows from the cost."""
    if decision is None:
        return None
    named = bool(decision.name)
    return (
        decision.name, round(decision.threshold, 4) if named else 0.0, round(decision.cost, 4) if named else 0.0,
        round(decision.sure_from, 4),
    )  # fmt: skip
