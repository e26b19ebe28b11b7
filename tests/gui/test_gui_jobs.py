"""What a job tells the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from pytestqt.qtbot import QtBot

from workbench.control import Control
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.workers import Job, Jobs


def _good(control: Control) -> int:
    return 7


def _bad(control: Control) -> int:
    raise UserError("There is no such file.", "Choose another.")


def _broken(control: Control) -> int:
    raise ZeroDivisionError


def _stopped(control: Control) -> int:
    control.cancel()
    control.check()
    return 0


@pytest.fixture
def jobs(ctx: AppContext) -> Jobs:
    return ctx.jobs


@pytest.mark.parametrize(
    ("function", "signal"), [(_good, "succeeded"), (_bad, "failed"), (_broken, "failed"), (_stopped, "cancelled")]
)
def test_an_outcome_and_the_end_come_in_one_turn(
    jobs: Jobs, qtbot: QtBot, function: Callable[[Control], int], signal: str
) -> None:
    """A page that takes nothing new before the end would for a moment not take what a person does about the outcome."""
    for _ in range(20):
        said: list[str] = []
        job = jobs.start("A job", function)
        getattr(job, signal).connect(lambda *_, said=said: _then(said, lambda: said.append("next turn")))
        job.ended.connect(lambda said=said: said.append("ended"))
        qtbot.waitUntil(lambda said=said: len(said) == 3)
        assert said == ["outcome", "ended", "next turn"]


def _then(said: list[str], later: Callable[[], None]) -> None:
    said.append("outcome")
    QTimer.singleShot(0, later)


def test_a_dialog_over_the_outcome_does_not_hold_up_the_end(jobs: Jobs, qtbot: QtBot) -> None:
    said: list[str] = []
    job = jobs.start("A job", _good)

    def ask(answer: int) -> None:
        said.append(f"{answer}")
        loop = QEventLoop()
        job.ended.connect(loop.quit)
        loop.exec()
        said.append("answered")

    job.succeeded.connect(ask)
    job.ended.connect(lambda: said.append("ended"))
    qtbot.waitUntil(lambda: len(said) == 3)
    qtbot.wait(20)
    assert said == ["7", "ended", "answered"]


def test_what_failed_is_said_in_a_sentence(jobs: Jobs, qtbot: QtBot) -> None:
    said: list[Any] = []
    jobs.start("First", _bad).failed.connect(said.append)
    jobs.start("Second", _broken).failed.connect(said.append)
    qtbot.waitUntil(lambda: len(said) == 2)
    by_name = {problem.where: problem for problem in said}
    assert by_name["First"].message == "There is no such file."
    assert "nothing you made is lost" in by_name["Second"].message


def test_items_come_before_the_outcome(jobs: Jobs, qtbot: QtBot) -> None:
    said: list[Any] = []
    job: Job = jobs.start_stream("Numbers", lambda control: iter(range(5)))
    job.streamed.connect(said.append)
    job.succeeded.connect(lambda result: said.append(result))
    job.ended.connect(lambda: said.append("ended"))
    qtbot.waitUntil(lambda: "ended" in said)
    assert said == [0, 1, 2, 3, 4, None, "ended"]


def test_jobs_that_nobody_holds_any_more_go_with_their_last_job(qtbot: QtBot) -> None:
    """What is connected to a job holds them; it goes in the midst of the job's own end, and would take the job along again."""
    for _ in range(5):
        jobs = Jobs()
        job = jobs.start("A job", _good)
        while not job.begun:
            QCoreApplication.processEvents()
        assert job.wait(60_000)
        del jobs, job
        for _turn in range(3):
            QCoreApplication.processEvents()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
