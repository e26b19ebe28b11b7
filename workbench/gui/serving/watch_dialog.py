"""Watch a folder: new files are answered, and sorted, tagged or noted; everything can be put back."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.folder_journal import Deed
from workbench.engine.folder_rules import ACTIONS, WatchRule, names_things
from workbench.engine.folder_watch import Looked
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.serving.usable import usable_models
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, Card, button, headed, label, row
from workbench.gui.workers import Job, while_there
from workbench.tasks.registry import get_task

_MOST_SHOWN = 300
_KEY = "watch/rule"


class WatchDialog(QDialog):
    """Goes on watching while it is closed, until it is stopped or the app ends."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Watch a folder")
        self.setMinimumSize(720, 620)
        self._ctx = ctx
        self._job: Job | None = None
        self._rule = self._last_rule()
        self._wanted = self._rule.model_id if self._rule is not None else ""
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "Watch a folder",
            "Each file that comes into the folder is looked at by a model, and then moved, copied, renamed or noted."
            " Nothing is ever written over, all is noted in a table, and all can be put back.",
        )
        self.banner = Banner()
        column.addWidget(self.banner)
        column.addWidget(self._build_rule())
        self.start = button("Start watching", self.start_watching, role="primary", icon_name="eye", name="watch-start")
        self.start.setEnabled(False)
        self.stop = button("Stop", self.stop_watching, icon_name="circle-stop", name="watch-stop")
        self.stop.hide()
        self.back = button("Put everything back", self.put_back, icon_name="undo-2", name="watch-put-back",
                           tip="Undo all that was done in this folder (files that were changed since stay)")  # fmt: skip
        self.open_folder = button("Open the folder", self._open_folder, icon_name="folder-open", name="watch-open")
        column.addLayout(row(self.start, self.stop, self.open_folder, self.back, 1))
        self.state = label("", "soft")
        self.state.setObjectName("watch-state")
        column.addWidget(self.state)
        self.deeds = QListWidget()
        self.deeds.setAccessibleName("What was done")
        self.deeds.setMinimumHeight(140)
        column.addWidget(self.deeds, 1)
        self._show_rule()
        self.refresh()

    # Building ------------------------------------------------------------------------------------------------------------

    def _build_rule(self) -> QWidget:
        self.rule_card = Card(spacing=S)
        grid = QGridLayout()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(S)
        grid.setColumnStretch(1, 1)
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("where new files come")
        self.folder.textChanged.connect(lambda _text: self._allow())
        self.model = QComboBox()
        self.model.currentIndexChanged.connect(lambda _index: self._model_chosen())
        self.task = QComboBox()
        self.task.currentIndexChanged.connect(lambda _index: self._task_chosen())
        self.labels = QLineEdit()
        self.labels.setPlaceholderText("for example: invoice, letter, advertisement")
        self.action = QComboBox()
        for key, words in ACTIONS.items():
            self.action.addItem(words, key)
        self.action.currentIndexChanged.connect(lambda _index: self._allow())
        self.target = QLineEdit()
        self.target.setPlaceholderText("“sorted” in the watched folder")
        self.sure = QSpinBox()
        self.sure.setRange(0, 99)
        self.sure.setSuffix(" %")
        self.sure.setToolTip(
            "Answers less certain than this go into a folder “to check” (0: only what the model doubts itself)"
        )
        self.below = QCheckBox("Watch the folders inside it, too")
        choose_folder = button("Choose …", lambda: self._choose(self.folder), name="watch-choose-folder",
                               tip="Choose the folder to watch")  # fmt: skip
        choose_target = button("Choose …", lambda: self._choose(self.target), tip="Choose the folder for sorted files")
        rows: list[tuple[str, QWidget, QWidget | None]] = [
            ("Folder", self.folder, choose_folder), ("Model", self.model, None), ("What it does", self.task, None),
            ("Labels", self.labels, None), ("With each file", self.action, None), ("Sorted into", self.target, choose_target),
            ("To check below", self.sure, None), ("", self.below, None),
        ]  # fmt: skip
        self._rows: dict[QWidget, list[QWidget]] = {}
        for number, (words, field, more) in enumerate(rows):
            title = label(words, "soft")
            field.setAccessibleName(words or self.below.text())
            grid.addWidget(title, number, 0)
            grid.addWidget(field, number, 1)
            if more is not None:
                grid.addWidget(more, number, 2)
            self._rows[field] = [w for w in (title, field, more) if w is not None]
        self.rule_card.body.addLayout(grid)
        return self.rule_card

    def _show_row(self, field: QWidget, on: bool) -> None:
        for widget in self._rows[field]:
            widget.setVisible(on)

    # Choosing ------------------------------------------------------------------------------------------------------------

    def choose(self, card: ModelCard | None) -> None:
        """This model, when nothing runs."""
        if card is None or self._job is not None:
            return
        self._wanted = card.id
        self._take_wanted()

    def refresh(self) -> None:
        """Models may have come since."""
        if self._job is not None:
            return
        catalog, paths = self._ctx.catalog, self._ctx.paths
        job = self._ctx.jobs.start("Looking for models", lambda _control: usable_models(catalog, paths))
        job.succeeded.connect(while_there(self, self._found))
        job.failed.connect(while_there(self, self.banner.show_error))

    def ask_folder(self, title: str) -> str:
        """Asked of the person."""
        return QFileDialog.getExistingDirectory(self, title)

    def _choose(self, field: QLineEdit) -> None:
        found = self.ask_folder("Choose a folder")
        if found:
            field.setText(found)

    def _found(self, cards: list[ModelCard]) -> None:
        self._wanted = self._wanted or (self.model.currentData().id if self.model.count() else "")
        self.model.blockSignals(True)
        self.model.clear()
        for card in cards:
            self.model.addItem(card.name, card)
        self.model.blockSignals(False)
        self._take_wanted()
        self._model_chosen()

    def _take_wanted(self) -> None:
        for place in range(self.model.count()):
            if self.model.itemData(place).id == self._wanted:
                self.model.setCurrentIndex(place)

    def _model_chosen(self) -> None:
        card = self.model.currentData()
        if card is None:
            return
        wanted = self._rule.task_id if self._rule is not None and self._rule.model_id == card.id else ""
        self.task.blockSignals(True)
        self.task.clear()
        for task_id in card.tasks:
            info = get_task(task_id).info
            if not any(option.needed for option in info.options):
                self.task.addItem(info.title, task_id)
        self.task.setCurrentIndex(max(0, self.task.findData(wanted)))
        self.task.blockSignals(False)
        self._show_row(self.task, self.task.count() > 1)
        self._task_chosen()

    def _task_chosen(self) -> None:
        card, task_id = self.model.currentData(), self.task.currentData()
        if card is None or task_id is None:
            self._allow()
            return
        task = get_task(task_id)
        self._show_row(self.labels, task.needs_labels(card))
        items = self.action.model()
        assert isinstance(items, QStandardItemModel)
        for place in range(self.action.count()):
            fits = names_things(task) or self.action.itemData(place) in ("tag", "log")
            items.setData(
                items.index(place, 0), 33 if fits else 0, 0x0100 - 1
            )  # Qt.UserRole - 1: whether it can be chosen
            if not fits and place == self.action.currentIndex():
                self.action.setCurrentIndex(self.action.findData("tag"))
        self._allow()

    def _allow(self) -> None:
        moves = self.action.currentData() in ("move", "copy")
        self._show_row(self.target, moves)
        self._show_row(self.sure, self.action.currentData() in ("move", "copy", "rename"))
        there = bool(self.folder.text().strip())
        self.start.setEnabled(there and self.task.currentData() is not None and self._job is None)
        self.open_folder.setEnabled(there)
        self.back.setEnabled(there and self._job is None)

    def _last_rule(self) -> WatchRule | None:
        try:
            return WatchRule.from_json(json.loads(self._ctx.settings.text(_KEY, "null") or "null"))
        except (ValueError, TypeError):
            return None

    def _show_rule(self) -> None:
        rule = self._rule
        if rule is not None:
            self.folder.setText(rule.folder)
            self.labels.setText(", ".join(rule.labels))
            self.action.setCurrentIndex(max(0, self.action.findData(rule.action)))
            self.target.setText(rule.target)
            self.sure.setValue(round(rule.sure * 100))
            self.below.setChecked(rule.below)
        self._show_row(self.labels, False)
        self._show_row(self.task, False)
        self._allow()

    def rule(self) -> WatchRule:
        """As it is set now."""
        card: ModelCard = self.model.currentData()
        task_id = str(self.task.currentData())
        needs = get_task(task_id).needs_labels(card)
        labels = tuple(part.strip() for part in self.labels.text().split(",") if part.strip()) if needs else ()
        return WatchRule(
            self.folder.text().strip(), card.id, task_id, self.action.currentData(), self.target.text().strip(),
            self.sure.value() / 100, self.below.isChecked(), labels,
        )  # fmt: skip

    # Watching ------------------------------------------------------------------------------------------------------------

    def start_watching(self) -> None:
        card: ModelCard = self.model.currentData()
        rule = self.rule()
        task = get_task(rule.task_id)
        try:
            if task.needs_labels(card) and len(rule.labels) < 2:
                raise UserError(
                    "This model chooses between labels you give it.", "Type at least two, with commas between."
                )
            rule.checked(task)
        except UserError as error:
            self.banner.show_error(error)
            return
        self._rule = rule
        self._ctx.settings.set_text(_KEY, json.dumps(rule.to_json()))
        self.banner.hide()
        self._set_running(True)

        def work(control: Control):  # type: ignore[no-untyped-def]
            from workbench.engine.folder_watch import watch_folder

            return watch_folder(rule, card, control, paths=self._ctx.paths)

        self._job = self._ctx.jobs.start_stream(f"Watching “{Path(rule.folder).name}”", work)
        self._job.streamed.connect(while_there(self, self._show_step))
        self._job.failed.connect(while_there(self, self.banner.show_error))
        self._job.ended.connect(while_there(self, self._ended))
        self.state.setText("Getting the model ready …")

    def stop_watching(self) -> None:
        if self._job is not None:
            self.stop.setEnabled(False)
            self._job.cancel()

    def _set_running(self, on: bool) -> None:
        self.rule_card.setEnabled(not on)
        self.start.setVisible(not on)
        self.stop.setVisible(on)
        self.stop.setEnabled(on)
        self.back.setEnabled(not on)

    def _show_step(self, step: Deed | Looked) -> None:
        if isinstance(step, Deed):
            item = QListWidgetItem(step.sentence())
            item.setIcon(icon("triangle-alert", "warn") if step.problem else icon("check", "good"))
            item.setToolTip(step.target or step.source)
            self.deeds.insertItem(0, item)
            while self.deeds.count() > _MOST_SHOWN:
                self.deeds.takeItem(self.deeds.count() - 1)
        elif step.problem is not None:
            self.state.setText(f"{step.problem.message} {step.problem.hint}")
        else:
            self.state.setText(
                f"Watching; {step.waiting:,} still coming." if step.waiting else "Watching; everything is done."
            )

    def _ended(self) -> None:
        self._job = None
        self._set_running(False)
        self.state.setText("")
        self._allow()

    # Afterwards ----------------------------------------------------------------------------------------------------------

    def put_back(self) -> None:
        """Undo all that was done in the folder."""
        if self.model.currentData() is None or self._job is not None:
            return
        rule, paths = self.rule(), self._ctx.paths
        self.back.setEnabled(False)

        def work(control: Control) -> tuple[int, list[Problem]]:
            from workbench.engine.folder_watch import put_all_back

            return put_all_back(rule, control, paths)

        job = self._ctx.jobs.start("Putting files back", work)
        job.succeeded.connect(while_there(self, self._put_back_done))
        job.failed.connect(while_there(self, self.banner.show_error))
        job.ended.connect(while_there(self, self._allow))

    def _put_back_done(self, outcome: tuple[int, list[Problem]]) -> None:
        count, problems = outcome
        words = f"{count:,} put back." if count else "There was nothing to put back."
        if problems:
            words = f"{count:,} put back; {len(problems):,} could not be: {problems[0]}"
        self.banner.show_message(words, "warn" if problems else "good")

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder.text().strip()))
