"""What recommenders are tested on: each person's last likes, or everything from a time on; chosen before the first training."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import QDate
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QVBoxLayout, QWidget

from workbench.data.project import Project
from workbench.data.project_interactions import SHARE, LikesSplit
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import label

_SHARES = (0.1, SHARE, 0.3)
_LAST, _FROM = "last", "from"


class LikesSplitBox(QWidget):
    """Hidden for projects whose likes have no time."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        column = QVBoxLayout(self)
        column.setContentsMargins(0, S, 0, 0)
        column.setSpacing(S)
        line = QHBoxLayout()
        line.setSpacing(S)
        words = label("Test it on")
        line.addWidget(words)
        self.choice = QComboBox()
        self.choice.setObjectName("likes-split")
        self.choice.setAccessibleName("What it is tested on")
        self.choice.setToolTip(
            "How likes are shared out by time: leave-last-out per person, or one cut for all (temporal split)"
        )
        self.choice.addItem("each person's last likes", _LAST)
        for share in _SHARES:
            self.choice.addItem(f"the newest {share:.0%} of all likes", share)
        self.choice.addItem("all likes from a date on …", _FROM)
        self.choice.activated.connect(lambda _n: self._chosen())
        words.setBuddy(self.choice)
        line.addWidget(self.choice)
        self.date = QDateEdit()
        self.date.setObjectName("likes-split-date")
        self.date.setAccessibleName("Test from this date on")
        self.date.setCalendarPopup(True)
        self.date.setDisplayFormat("yyyy-MM-dd")
        self.date.editingFinished.connect(self._chosen)
        line.addWidget(self.date)
        line.addStretch(1)
        column.addLayout(line)
        self.words = label("", "soft", wrap=True)
        self.words.setObjectName("likes-split-words")
        column.addWidget(self.words)
        self.hide()

    def show_project(self, project: Project) -> None:
        """Take the project as it is now. Once likes are shared out it cannot be chosen any more."""
        between = project.likes_between() if project.interaction_counts().timed else None
        self.setVisible(between is not None)
        if between is None:
            return
        split = project.likes_split()
        wanted: object = _LAST if split.by == "person" else _FROM if split.since is not None else split.share
        first, last = (_day(at) for at in between)
        self.date.setDateRange(first, last)
        if split.since is not None:
            self.date.setDate(_day(split.since))
        elif not self.date.isVisible():
            self.date.setDate(_day(between[0] + 0.8 * (between[1] - between[0])))
        self.choice.setCurrentIndex(max(0, self.choice.findData(wanted)))
        self.date.setVisible(wanted == _FROM)
        given = project.likes_are_shared_out() or project.read_only
        self.choice.setEnabled(not given)
        self.date.setEnabled(not given)
        self.words.setText(
            "This was decided at the first training, so that results stay comparable."
            if given and not project.read_only
            else "The nearest to daily work is a date: what came later is foretold from what was known then."
        )

    def _chosen(self) -> None:
        project = self._ctx.store.require()
        wanted = self.choice.currentData()
        if wanted == _LAST:
            split = LikesSplit()
        elif wanted == _FROM:
            day = self.date.date()
            at = datetime(day.year(), day.month(), day.day(), tzinfo=UTC)
            split = LikesSplit("date", since=at.timestamp())
        else:
            split = LikesSplit("date", float(wanted))
        self.date.setVisible(wanted == _FROM)
        try:
            project.set_likes_split(split)
        except UserError as error:
            self.words.setText(f"{error.message} {error.hint}")
            return
        self.show_project(project)


def _day(at: float) -> QDate:
    when = datetime.fromtimestamp(at, UTC)
    return QDate(when.year, when.month, when.day)
