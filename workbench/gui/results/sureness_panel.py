"""What the panels on certainty have in common: two plots, the price of an error, when to say nothing, and keeping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QScrollArea, QSlider, QVBoxLayout, QWidget

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import RunRecord
from workbench.gui.context import AppContext
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, label
from workbench.gui.widgets.certainty_plots import AnsweringPlot, ReliabilityPlot
from workbench.tasks.decision import Decision
from workbench.tasks.tag_decision import TagDecision

STEPS = 100


class Sure(Protocol):
    """How sure a run's model is. `model_id`: "" when it is gone; `decision`: what is kept with it."""

    @property
    def model_id(self) -> str: ...

    @property
    def decision(self) -> Decision | TagDecision | None: ...


Found = TypeVar("Found", bound=Sure)


@dataclass(frozen=True)
class Words:
    """What differs between the panels.

    Attributes:
        prefix: of the widgets' object names.
        up: what the reliability shows upwards.
        silence, silence_tip: what saying nothing goes by: accessible name of the slider, and its technical name.
        costs_tip: how thresholds are chosen.
        name: object name of the box with what may be missed; `whose`: its accessible name.
        other: the other kind of error.
        cost: so many times as much a missed one costs at first.
        usual: what the model does where nothing is decided.
    """

    prefix: str
    up: str
    silence: str
    silence_tip: str
    costs_tip: str
    name: str
    whose: str
    other: str
    cost: float
    usual: str


class SurenessPanel(QScrollArea, Generic[Found]):
    """One run's answers. `show_run` looks at them in a job; what is chosen is chosen on validation items, and what it leads
    to is counted on the test items."""

    def __init__(self, ctx: AppContext, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx, self.words = ctx, words
        self.run: RunRecord | None = None
        self.seen: Found | None = None
        self._asked = 0
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        holder = QWidget()
        # From the outside in: what is put into another later, is styled anew with all that is in it.
        self.setWidget(holder)
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
        self.add_more(column)
        column.addStretch(1)

    # What differs --------------------------------------------------------------------------------------------------------

    def look(self, project: Project, run_id: str, catalog: Catalog, control: Control) -> Found:
        """In a job. Raises: UserError when there is nothing to look at."""
        raise NotImplementedError

    def show_seen(self, seen: Found) -> None:
        """Fill the boxes and plots; nothing else is asked to follow while this happens."""
        raise NotImplementedError

    def decision(self) -> Decision | TagDecision:
        """What is set now."""
        raise NotImplementedError

    def is_kept(self) -> bool:
        """Whether what is set now is what the model does already."""
        raise NotImplementedError

    def choose(self) -> None:
        """Another name, or another cost: say what that leads to."""
        raise NotImplementedError

    def say_nothing(self, seen: Found) -> str:
        """Draw what the limit that is set leads to, and say it."""
        raise NotImplementedError

    def add_more(self, column: QVBoxLayout) -> None:
        """Cards below all."""

    # Looking -----------------------------------------------------------------------------------------------------------

    def show_run(self, run: RunRecord) -> None:
        """Look at a run's answers, by the labels of now."""
        project = self.ctx.store.project
        if project is None:
            return
        self.run = run
        self._asked += 1
        asked, catalog = self._asked, self.ctx.catalog

        def came(seen: Found) -> None:
            if asked != self._asked:
                return
            self.seen = seen
            with QSignalBlocker(self.name_box), QSignalBlocker(self.cost_box), QSignalBlocker(self.silence):
                self.show_seen(seen)
            self.choose()
            self.silence_moved()
            self.kept_words.setText(self._kept_sentence(seen))

        job = self.ctx.jobs.start(
            "Looking at how sure it is", lambda control: self.look(project, run.id, catalog, control)
        )
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    @property
    def name(self) -> str:
        """What may be missed; "" for nothing in particular."""
        return str(self.name_box.currentData() or "")

    def silence_moved(self) -> None:
        limit = self.silence.value() / STEPS
        self.silence_value.setText(f"below {limit:.0%}" if limit else "never")
        if self.seen is not None:
            self.silence_words.setText(self.say_nothing(self.seen))
        self.may_keep()

    # Keeping -----------------------------------------------------------------------------------------------------------

    def may_keep(self) -> None:
        there = self.seen is not None and bool(self.seen.model_id)
        self.keep.setEnabled(there and not self.is_kept())
        self.forget.setVisible(there and self.seen is not None and self.seen.decision is not None)

    def _kept_sentence(self, seen: Found) -> str:
        if not seen.model_id:
            return "The model of this training is gone, so nothing can be kept with it."
        return f"{self.words.usual}." if seen.decision is None else f"Kept with the model: {seen.decision.sentence()}"

    def _keep(self, decision: Decision | TagDecision | None) -> None:
        seen, run = self.seen, self.run
        if seen is None or run is None or not seen.model_id:
            return
        asked, catalog, model_id = self._asked, self.ctx.catalog, seen.model_id

        def work(_control: Control) -> object:
            from workbench.engine.certainty import keep_decision

            return keep_decision(catalog.get(model_id), decision, catalog)

        def came(_card: object) -> None:
            if asked == self._asked:
                nothing = decision is None or decision.empty
                words = "Kept with the model: it answers so from now on, wherever it is used."
                self.banner.show_message(f"{self.words.usual} again." if nothing else words, "good")
                self.show_run(run)

        job = self.ctx.jobs.start("Keeping what was decided", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    # Building ------------------------------------------------------------------------------------------------------------

    def _build_reliability(self) -> QWidget:
        self.reliability = ReliabilityPlot(up=self.words.up)
        self.certainty_words = label("", wrap=True, selectable=True)
        self.certainty_words.setObjectName(f"{self.words.prefix}certainty-words")
        self.reliability.body.addWidget(self.certainty_words)
        self.reliability.body.addStretch(1)
        return self.reliability

    def _build_silence(self) -> QWidget:
        self.silent = AnsweringPlot()
        line = QHBoxLayout()
        line.setSpacing(S)
        line.addWidget(label("Say nothing", "soft"))
        self.silence = QSlider(Qt.Orientation.Horizontal)
        self.silence.setObjectName(f"{self.words.prefix}silence")
        self.silence.setAccessibleName(self.words.silence)
        self.silence.setToolTip(self.words.silence_tip)
        self.silence.setRange(0, STEPS)
        self.silence.setMinimumHeight(24)
        self.silence.valueChanged.connect(lambda _v: self.silence_moved())
        line.addWidget(self.silence, 1)
        self.silence_value = label("never", "soft")
        self.silence_value.setMinimumWidth(84)
        line.addWidget(self.silence_value)
        self.silent.body.addLayout(line)
        self.silence_words = label("", wrap=True, selectable=True)
        self.silence_words.setObjectName(f"{self.words.prefix}silence-words")
        self.silent.body.addWidget(self.silence_words)
        self.silent.body.addStretch(1)
        return self.silent

    def _build_costs(self) -> QWidget:
        words = self.words
        card = Card(spacing=S)
        title = label("What errors cost", "strong")
        title.setToolTip(words.costs_tip)
        card.body.addWidget(title)
        self.costs_row = QHBoxLayout()
        self.costs_row.setSpacing(S)
        self.costs_row.addWidget(label("A missed", "soft"))
        self.name_box = QComboBox()
        self.name_box.setObjectName(words.name)
        self.name_box.setAccessibleName(words.whose)
        self.name_box.currentIndexChanged.connect(lambda _i: self.choose())
        self.costs_row.addWidget(self.name_box)
        self.costs_row.addWidget(label("costs me", "soft"))
        self.cost_box = QDoubleSpinBox()
        self.cost_box.setObjectName(f"{words.prefix}cost")
        self.cost_box.setAccessibleName(f"How many times as much as a {words.other}")
        self.cost_box.setRange(0.01, 10_000)
        self.cost_box.setDecimals(2)
        self.cost_box.setMinimumWidth(96)
        self.cost_box.setValue(words.cost)
        self.costs_row.addWidget(self.cost_box)
        self.costs_row.addWidget(label(f"times as much as a {words.other}.", "soft"))
        self.costs_row.addStretch(1)
        card.body.addLayout(self.costs_row)
        self.costs_words = label("", wrap=True, selectable=True)
        self.costs_words.setObjectName(f"{words.prefix}costs-words")
        card.body.addWidget(self.costs_words)
        return card

    def _build_keep(self) -> QWidget:
        kind = f"{self.words.prefix}decision"
        holder = QWidget()
        self.keep_row = QHBoxLayout(holder)
        self.keep_row.setContentsMargins(0, 0, 0, 0)
        self.keep_row.setSpacing(S)
        self.keep = button(
            "Keep this with the model", lambda: self._keep(self.decision()), icon_name="check", name=f"keep-{kind}",
            tip="From now on it answers so in Try, Use and on the command line",
        )  # fmt: skip
        self.keep.setEnabled(False)
        self.forget = button("Take it back", lambda: self._keep(None), role="quiet", name=f"forget-{kind}")
        self.forget.hide()
        self.kept_words = label("", "soft", wrap=True)
        self.kept_words.setObjectName(f"{self.words.prefix}kept-words")
        self.keep_row.addWidget(self.keep)
        self.keep_row.addWidget(self.forget)
        self.keep_row.addWidget(self.kept_words, 1)
        return holder
