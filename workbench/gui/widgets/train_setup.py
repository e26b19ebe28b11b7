"""Setting up a training: data, model, how, review. Every step is filled in sensibly, so Start is always one click away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.checks import Finding
from workbench.data.project import Project
from workbench.engine.events import How, RunConfig
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.models.card_list import CARD_ROLE, CardDelegate
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.apart_box import ApartBox
from workbench.gui.widgets.augment_preview import AugmentPreview
from workbench.gui.widgets.basic import Banner, Card, IconLabel, button, clear_layout, label
from workbench.gui.widgets.checks_strip import ChecksStrip
from workbench.gui.widgets.cost_views import CostBefore
from workbench.gui.widgets.fits_view import FitsView
from workbench.gui.widgets.likes_split import LikesSplitBox
from workbench.gui.widgets.option_controls import OptionControls
from workbench.gui.widgets.token_view import TokenView
from workbench.gui.workers import Job, while_there
from workbench.tasks.base import CasesTask, Task
from workbench.tasks.registry import get_task, get_trainable
from workbench.trust.cost import words as cost_words
from workbench.trust.cost.records import CostEstimate

STEPS = ("Data", "Model", "How", "Review")
_HOWS = (
    (How.QUICK, "Quick", "zap", "Keeps the model's eyes and learns only the last step. The best start, on any computer.",
     "Frozen backbone; only the head is fitted, on features that are computed once"),
    (How.BALANCED, "Balanced", "scale", "Also lets the last part of the model learn. For examples unlike everyday ones.",
     "Last third of the network, from a regularised linear head on; discriminative learning rates, early stopping"),
    (How.THOROUGH, "Thorough", "brain", "Lets the whole model learn. Takes longest and wants many examples.",
     "Full fine-tuning from a regularised linear head on; warm-up and cosine schedule, early stopping"),
)  # fmt: skip


class StepRow(QWidget):
    """The steps with the present one marked; all can be clicked."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self._chips = []
        for number, name in enumerate(STEPS):
            chip = button(f"{number + 1}  {name}", None, role="chip", name=f"step-{name.lower()}")
            chip.setCheckable(True)
            chip.clicked.connect(lambda _checked=False, n=number: self.chosen.emit(n))
            self._chips.append(chip)
            row.addWidget(chip)
        row.addStretch(1)

    def select(self, number: int) -> None:
        for at, chip in enumerate(self._chips):
            chip.setChecked(at == number)


class TrainSetup(QWidget):
    """Signals:
    started(object): the person wants to train with this `RunConfig`.
    elsewhere(object): … but on another computer.
    """

    started = Signal(object)
    elsewhere = Signal(object)

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._card: ModelCard | None = None
        self._measuring: Job | None = None
        self._filling = False
        self._costs: dict[How, CostEstimate] = {}
        self._costs_of: tuple[Path, str] | None = None
        self._free = 0
        self.how = How.QUICK
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.steps = StepRow()
        self.steps.chosen.connect(self.show_step)
        column.addWidget(self.steps)
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        # From the outside in: what is put into another later, is styled anew with all that is in it.
        self.stack = QStackedWidget(self)
        column.addWidget(self.stack, 1)
        for build in (self._build_data, self._build_models, self._build_how, self._build_review):
            scroll = QScrollArea(self.stack)
            self.stack.addWidget(scroll)
            scroll.setWidgetResizable(True)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            page = QWidget()
            page.setProperty("role", "page")
            scroll.setWidget(page)
            build(page)
        row = QHBoxLayout()
        self.back = button(
            "Back", lambda: self.show_step(self.stack.currentIndex() - 1), icon_name="chevron-left", name="train-back"
        )
        self.next = button("Next", lambda: self.show_step(self.stack.currentIndex() + 1), name="train-next")
        self.start = button("Start training", self._start, role="primary", icon_name="play", name="train-start")
        self.start.setToolTip("Start with these settings")
        self.away = button(
            "Run elsewhere …",
            lambda: self._start(self.elsewhere),
            role="quiet",
            icon_name="share-2",
            name="train-elsewhere",
        )
        self.away.setToolTip("Make a folder from which this training runs on another computer, a cluster or a cloud")
        self.hint = label("", "faint")
        row.addWidget(self.back)
        row.addWidget(self.next)
        row.addStretch(1)
        row.addWidget(self.hint)
        row.addWidget(self.away)
        row.addWidget(self.start)
        column.addLayout(row)
        self.show_step(0)

    # Filling in ------------------------------------------------------------------------------------------------------

    def show_project(self, project: Project, model_id: str = "") -> None:
        """Take the project as it is now. `model_id`: start from this model."""
        task = get_task(project.task_id)
        info = task.info
        counts = project.counts()
        self._title.setText(project.name)
        self._task_words.setText(f"{info.title}: {info.summary}")
        self.apart.show_project(project)
        self.likes_split.show_project(project)
        clear_layout(self._classes)
        most = max(counts.per_class.values(), default=1)
        for found in project.classes():
            n = counts.per_class.get(found.id, 0)
            line = QHBoxLayout()
            name = label(found.name)
            name.setMinimumWidth(140)
            bar = QWidget()
            bar.setStyleSheet(f"background: {found.colour}; border-radius: 4px;")
            bar.setFixedSize(max(4, round(260 * n / most)), 9)
            line.addWidget(name)
            line.addWidget(bar)
            line.addWidget(label(f"{n:,}", "soft"))
            line.addStretch(1)
            self._classes.addLayout(line)
        if not info.has_classes:
            self._classes.addWidget(label(f"{task.learns_from(project)} to learn from.", "soft"))
        if counts.unlabelled:
            self._classes.addWidget(label(f"{counts.unlabelled:,} without a label are left out.", "faint"))
        self._filling = True
        self._fill_models(project, model_id)
        self._filling = False
        self.varied.show_project(project)
        self._vary()
        self._look_at_tokens()
        self._check(project)
        self._estimate(project)
        self._review()
        problem = self._problem(project)
        self.start.setEnabled(problem is None)
        self.away.setEnabled(problem is None)
        if problem is None:
            self.banner.hide()
        else:
            self.banner.show_message(str(problem), "warn", "Go to the data", lambda: self._ctx.go("data"))

    def _problem(self, project: Project) -> UserError | None:
        from workbench.engine.run import trainable

        try:
            if project.read_only:
                raise UserError("This project is open for reading only.", "Copy its folder and open the copy.")
            trainable(project)
        except UserError as error:
            return error
        return None

    def _fill_models(self, project: Project, model_id: str) -> None:
        from workbench.hub.store import is_present

        catalog = self._ctx.catalog
        suggested, why = catalog.suggest(project.task_id, to_teach=True)
        wanted = model_id or (self._card.id if self._card is not None else "") or suggested.id
        self.models.clear()
        cards = [c for c in catalog.search(task=project.task_id) if project.task_id in c.trainable_for]
        cards.sort(key=lambda c: c.id != suggested.id)
        here = [c for c in cards if is_present(c, self._ctx.paths)]
        self._others.setText(
            f"{len(cards) - len(here)} more can be downloaded on the Models page." if len(cards) > len(here) else ""
        )
        for card in here:
            entry = QListWidgetItem()
            entry.setData(Qt.ItemDataRole.UserRole, card)
            entry.setData(CARD_ROLE, card)
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, f"{card.name}. {card.summary}")
            self.models.addItem(entry)
            if card.id == wanted:
                self.models.setCurrentItem(entry)
        self._why.setText(f"Suggested: “{suggested.name}”. {why}")
        if self.models.currentItem() is None:
            self.models.setCurrentRow(0)

    def _check(self, project: Project) -> None:
        def work(control: Control) -> list[Finding]:
            from workbench.engine.health.check import known_health

            return known_health(project, control)

        def came(findings: list[Finding]) -> None:
            if self._ctx.store.project is project:
                self.checks.show_findings(findings)

        self._ctx.jobs.start("Checking the data", work).succeeded.connect(came)

    def _estimate(self, project: Project) -> None:
        """What each way would cost: at first by what is known, then by this model's speed on this computer."""
        card, epochs = self._card, self.epochs.value()
        if card is None or not project.counts().labelled:
            return

        def work(control: Control) -> Iterator[tuple[dict[How, CostEstimate], int]]:
            from workbench.engine.cost.expect import expected, free_memory
            from workbench.engine.estimate import measure

            for measured in (False, True):
                if measured:
                    measure(project, card, control)
                control.check()
                found = {how: expected(project, card, how, epochs) for how in self._times}
                yield found, free_memory(next(iter(found.values())).device)

        def came(result: tuple[dict[How, CostEstimate], int]) -> None:
            if self._ctx.store.project is not project or project.closed or self._card is not card:
                return  # closed, or another model chosen, while it was measured
            self._costs, self._free = result
            for how, told in self._costs.items():
                guess = "" if told.measured or told.learnt_from else ", roughly"
                time = cost_words.span(told.seconds_low, told.seconds_high)
                self._times[how].setText(
                    f"{time}{guess} · {cost_words.memory(told.memory_bytes)} of memory · {cost_words.energy(told.watt_hours)}"
                )
            self._review()

        if self._costs_of != (project.folder, card.id):  # else what is shown stays until it is known better
            self._costs, self._costs_of = {}, (project.folder, card.id)
        if self._measuring is not None:
            self._measuring.cancel()
        self._measuring = job = self._ctx.jobs.start_stream("Measuring the speed of this computer", work)

        def ended() -> None:
            if self._measuring is job:
                self._measuring = None

        job.streamed.connect(while_there(self, came))
        job.ended.connect(ended)

    # Choosing --------------------------------------------------------------------------------------------------------

    def show_step(self, number: int) -> None:
        """Go to a step."""
        number = max(0, min(len(STEPS) - 1, number))
        self.stack.setCurrentIndex(number)
        self.steps.select(number)
        self.back.setEnabled(number > 0)
        self.next.setVisible(number < len(STEPS) - 1)
        self.hint.setText("" if number == len(STEPS) - 1 else "Everything is set sensibly; you can start right away.")
        if number == len(STEPS) - 1:
            self._review()

    def choose_how(self, how: How) -> None:
        self.how = how
        for other, card in self._how_cards.items():
            card.set_selected(other is how)
            card.setAccessibleDescription("chosen" if other is how else "")
        self._vary()
        self._review()

    def _vary(self) -> None:
        self.varied.set_run(self._card, self.how, self.seed.value(), self.augment.isChecked())

    def _say_hows(self, project: Project) -> None:
        """What the ways of training mean for this model, where it does not learn as networks do."""
        task = get_task(project.task_id)
        said = task.how_words(self._card) if self._card is not None else {}
        for how, _name, _icon, words, tip in _HOWS:
            special = task.info.ways.get(how.value, "")
            plain, technical = said.get(how, (special, "") if special else (words, tip))
            self._how_words[how].setText(plain)
            self._how_cards[how].setToolTip(technical)

    def _model_chosen(self) -> None:
        entry = self.models.currentItem()
        if entry is not None:
            self._card = entry.data(Qt.ItemDataRole.UserRole)
            if self._filling:
                return  # what depends on it follows
            self._vary()
            self._look_at_tokens()
            project = self._ctx.store.project
            if project is not None:
                self._estimate(project)

    def _look_at_tokens(self) -> None:
        """What depends on the texts and the model together."""
        project = self._ctx.store.project
        task = None if project is None else get_task(project.task_id)
        # Recommenders learn from people; of the things they read only what a model of their own looks at.
        looked = None if isinstance(task, CasesTask) else project
        self.tokens.look(looked, self._card)
        self.fits.show_model(None if task is not None and task.info.media == "series" else looked, self._card)
        if project is not None and task is not None:
            self._say_hows(project)
            self._say_settings(task)
            self.taught.show_options(task, self._card, task.info.learns_with)

    def _say_settings(self, task: Task) -> None:
        """Only what means something here."""
        info, cases = task.info, isinstance(task, CasesTask)
        varied = info.media in ("picture", "text", "sound") and not cases
        for widget, there in (
            (self.epochs, not cases), (self.rate, not cases), (self.augment, varied), (self.balance, info.has_classes),
            (self.adapters, info.adapters),
        ):  # fmt: skip
            self._form.setRowVisible(widget, there)
        self._which.setText(
            "Which model shall learn?"
            if info.taught_only
            else "Which model shall learn? It brings what it has seen before."
        )

    def _review(self) -> None:
        project = self._ctx.store.project
        if project is None or self._card is None:
            return
        counts = project.counts()
        task = get_task(project.task_id)
        info = task.info
        classes = [c.name for c in project.classes() if counts.per_class.get(c.id)]
        described, _limits = get_trainable(project.task_id).describe(
            [*classes[:8], "…"] if len(classes) > 8 else classes
        )
        plain = next(name for how, name, *_ in _HOWS if how is self.how)
        if not self.name.isModified():
            self.name.setText(f"{project.name} ({plain})")
        self._summary.setText(
            f"“{self._card.name}” will be taught this: {described.rstrip('.')}. It learns from"
            f" {task.learns_from(project)}, the {plain.lower()} way.\n\n{task.parts_words(project)}"
            " You can pause or stop at any time; the best version is kept."
            + "".join(f"\n\n{words}" for words in (self.apart.sentence(), info.warning) if words)
        )
        self.cost.show_estimate(self._costs.get(self.how), self._free)

    def config(self) -> RunConfig:
        """The settings as chosen. Raises: UserError when they cannot serve."""
        from workbench.engine.run import new_config

        project = self._ctx.store.require()
        if self._card is None:
            raise UserError("No model is chosen.", "Choose one in step 2.")
        return new_config(
            project,
            self._card,
            self.how,
            name=self.name.text().strip() or project.name,
            epochs=self.epochs.value(),
            seed=self.seed.value(),
            learning_rate=self.rate.value(),
            augment=self.augment.isChecked(),
            balance_classes=self.balance.isChecked(),
            options={**self.varied.options(), **self.taught.values(), **self._add_ons()},
        )

    def _add_ons(self) -> dict[str, int]:
        """What says that add-ons shall learn (LoRA), where the task's models can take them."""
        can = get_task(self._ctx.store.require().task_id).info.adapters
        return {"lora": 1} if can and self.adapters.isChecked() else {}

    def _start(self, wanted: SignalInstance | None = None) -> None:
        self._review()
        try:
            (wanted or self.started).emit(self.config())
        except UserError as error:
            self.banner.show_error(error)

    # Building --------------------------------------------------------------------------------------------------------

    def _build_data(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        card = Card(spacing=S)
        column.addWidget(card)
        self._title = label("", "heading")
        self._task_words = label("", "soft", wrap=True)
        card.body.addWidget(self._title)
        card.body.addWidget(self._task_words)
        self._classes = QVBoxLayout()
        self._classes.setSpacing(S)
        card.body.addLayout(self._classes)
        self.apart = ApartBox(self._ctx)
        card.body.addWidget(self.apart)
        self.likes_split = LikesSplitBox(self._ctx)
        card.body.addWidget(self.likes_split)
        self.checks = ChecksStrip()
        self.checks.wanted.connect(lambda ids, title: self._ctx.go("data", item_ids=ids, title=title))
        column.addWidget(self.checks)
        column.addStretch(1)

    def _build_models(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        self._which = label("", "soft")
        column.addWidget(self._which)
        self.models = QListWidget()
        self.models.setObjectName("train-models")
        self.models.setAccessibleName("Model to start from")
        self._why = label("", "soft", wrap=True)
        self._others = label("", "faint")
        self.models.currentItemChanged.connect(lambda _new, _old: self._model_chosen())
        self.models.setItemDelegate(CardDelegate(self.models))
        self.models.setMouseTracking(True)
        column.addWidget(self._why)
        self.models.setMinimumHeight(150)
        column.addWidget(self.models, 1)
        self.tokens = TokenView(self._ctx)
        column.addWidget(self.tokens)
        self.fits = FitsView(self._ctx)
        column.addWidget(self.fits)
        more = QHBoxLayout()
        more.addWidget(self._others)
        more.setSpacing(0)
        more.addWidget(button("Go to the models", lambda: self._ctx.go("models"), role="quiet"))
        more.addStretch(1)
        column.addLayout(more)

    def _build_how(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        row = QHBoxLayout()
        row.setSpacing(M)
        self._how_cards: dict[How, Card] = {}
        self._how_words: dict[How, QLabel] = {}
        self._times = {}
        for how, name, icon_name, words, tip in _HOWS:
            card = Card(page, selectable=True)
            card.setObjectName(f"how-{how.value}")
            card.setAccessibleName(name)
            card.setToolTip(tip)
            head = QHBoxLayout()
            head.addWidget(IconLabel(icon_name, 22, "accent"))
            head.addWidget(label(name, "heading"))
            head.addStretch(1)
            if how is How.QUICK:
                head.addWidget(label("suggested", "badge-good"))
            card.body.addLayout(head)
            self._how_words[how] = label(words, "soft", wrap=True)
            card.body.addWidget(self._how_words[how])
            card.body.addStretch(1)
            self._times[how] = label("", "faint", wrap=True)
            card.body.addWidget(self._times[how])
            card.clicked.connect(lambda h=how: self.choose_how(h))
            card.setMinimumHeight(150)
            self._how_cards[how] = card
            row.addWidget(card, 1)
        column.addLayout(row)
        self.taught = OptionControls()
        column.addWidget(self.taught)
        self.more = button("More settings", self._toggle_more, role="quiet", icon_name="settings", name="more-settings")
        column.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)
        self._settings = Card(page)
        self._settings.hide()
        column.addWidget(self._settings)
        self._build_settings(self._settings)
        self.varied = AugmentPreview(self._ctx)
        column.addWidget(self.varied)
        self.augment.toggled.connect(lambda _on: self._vary())
        self.epochs.editingFinished.connect(self._epochs_set)
        self.seed.valueChanged.connect(lambda _seed: self._vary())
        column.addStretch(1)
        self._how_cards[How.QUICK].set_selected(True)

    def _build_settings(self, card: Card) -> None:
        form = self._form = QFormLayout()
        form.setSpacing(S)
        self.epochs = QSpinBox()
        self.epochs.setRange(0, 500)
        self.epochs.setSpecialValueText("as suits the way")
        self.rate = QDoubleSpinBox()
        self.rate.setDecimals(5)
        self.rate.setRange(0, 0.1)
        self.rate.setSingleStep(0.0005)
        self.rate.setSpecialValueText("as suits the model")
        self.seed = QSpinBox()
        self.seed.setRange(0, 1_000_000)
        self.augment = QCheckBox("Vary the examples while learning")
        self.augment.setChecked(True)
        self.augment.setToolTip(
            "Data augmentation: random crops, mirroring, brightness. Not for things whose mirror image differs."
        )
        self.balance = QCheckBox("Count rare classes more")
        self.balance.setToolTip("Weighs each class in the loss by the inverse of its share")
        self.adapters = QCheckBox("Learn small add-ons beside the model, not the model itself")
        self.adapters.setObjectName("train-adapters")
        self.adapters.setToolTip(
            "LoRA (low-rank adaptation): less memory, and less of what the model knew is forgotten. Not used by Quick."
        )
        for widget, words, tip in (
            (
                self.epochs,
                "At most this many rounds",
                "Epochs; training stops earlier when it no longer improves. Not used by Quick.",
            ),
            (self.rate, "Speed of learning", "Learning rate of the head. Not used by Quick."),
            (self.seed, "Starting number for chance", "Random seed: the same number gives the same result again"),
        ):
            widget.setToolTip(tip)
            widget.setAccessibleName(words)
            form.addRow(words, widget)
        form.addRow("", self.augment)
        form.addRow("", self.balance)
        form.addRow("", self.adapters)
        card.body.addLayout(form)

    def _epochs_set(self) -> None:
        project = self._ctx.store.project
        if project is not None:
            self._estimate(project)

    def _toggle_more(self) -> None:
        self._settings.setVisible(self._settings.isHidden())
        self.more.setText(" Fewer settings" if not self._settings.isHidden() else " More settings")

    def _build_review(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        card = Card(spacing=M, margin=L)
        column.addWidget(card)
        card.body.addWidget(label("Ready to train", "heading"))
        self._summary = label("", wrap=True, selectable=True)
        card.body.addWidget(self._summary)
        self.cost = CostBefore(self._ctx)
        card.body.addWidget(self.cost)
        form = QFormLayout()
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the new model")
        form.addRow("Name of the new model", self.name)
        card.body.addLayout(form)
        column.addStretch(1)
