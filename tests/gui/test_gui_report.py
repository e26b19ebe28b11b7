"""Make report: one click on the Results page, a few choices, and files that open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemPrediction, NewItem, RunRecord, Split
from workbench.engine.report.make import make_report
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.report_dialog import ReportDialog
from workbench.trust.card.given import DataTerms

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def project(window: MainWindow, tmp_path: Path) -> Iterator[Project]:
    """A training on twelve pictures, whose model was deleted since."""
    made = Project.create(tmp_path / "p", "Pets", "image-classification")
    new = []
    for n in range(12):
        Image.new("RGB", (60, 60), (20 * n, 90, 160)).save(tmp_path / f"{n}.png")
        new.append(
            NewItem("picture", f"{n}.png", tmp_path / f"{n}.png", label="cat" if n % 2 else "dog", split=Split.TEST)
        )
    ids = made.add_items(new).added
    config = {"classes": ["cat", "dog"], "model": "picture-starter", "how": "quick", "seed": 3}
    made.save_run(
        RunRecord(
            "r1", "Pets (Quick)", "done", "2026-11-01T10:00:00", config, {"model_id": "gone", "n": 12}, tmp_path / "r1"
        )
    )
    said = [
        ItemPrediction(i, Split.TEST, "", "cat" if n % 3 else "dog", (0.8, 0.2) if n % 3 else (0.1, 0.9))
        for n, i in enumerate(ids)
    ]
    made.save_predictions("r1", said)
    folder = made.folder
    made.close()
    window.ctx.store.open(folder)
    yield window.ctx.store.require()


def opened(window: MainWindow, qtbot: QtBot) -> tuple[Any, ReportDialog]:
    window.show_page("results", {"run_id": "r1"})
    page: Any = window.page("results")
    qtbot.waitUntil(lambda: page.evaluation is not None and page.evaluation.n == 12)
    make = window.findChild(QPushButton, "make-report")
    assert make is not None and make.isEnabled()
    qtbot.mouseClick(make, LEFT)
    dialog = window.findChild(ReportDialog)
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible)
    return page, dialog


def test_one_click_makes_a_page_and_a_pdf(
    window: MainWindow, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, dialog = opened(window, qtbot)
    for widget in (
        dialog.html,
        dialog.pdf,
        dialog.examples,
        dialog.explanations,
        dialog.origin,
        dialog.terms,
        dialog.folder,
    ):
        assert widget.accessibleName() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus
    assert dialog.html.isChecked() and dialog.pdf.isChecked() and not dialog.explanations.isChecked()
    qtbot.keyClicks(dialog.origin, "Our own photos")
    qtbot.keyClicks(dialog.terms, "For ourselves only")
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: "The report is in the folder “reports”" in page.banner.text.text())
    html, pdf = (project.folder / "reports" / f"Pets (Quick) report.{ending}" for ending in ("html", "pdf"))
    text = html.read_text(encoding="utf-8")
    right = page.evaluation.accuracy
    assert "Our own photos" in text and f"{right:.1%}" in text and "data:image/jpeg" in text
    document = pypdfium2.PdfDocument(pdf)
    assert "For ourselves only" in "".join(p.get_textpage().get_text_bounded() for p in document)
    document.close()
    assert DataTerms.of(project) == DataTerms("Our own photos", "For ourselves only")
    opened_files: list[str] = []
    monkeypatch.setattr(
        "workbench.gui.pages.results_page.QDesktopServices.openUrl", lambda url: opened_files.append(url.toLocalFile())
    )
    button = next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Open")
    qtbot.mouseClick(button, LEFT)
    assert opened_files == [str(html)]


def test_nothing_is_written_where_the_app_was_started(
    window: MainWindow, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a model that was deleted only the run's record is left: its report has no folder to be kept in."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make_report(project, "r1", window.ctx.catalog, tmp_path / "report.html")
    assert (tmp_path / "report.html").is_file() and list((tmp_path / "here").iterdir()) == []


def test_choices_are_followed(window: MainWindow, project: Project, qtbot: QtBot, tmp_path: Path) -> None:
    page, dialog = opened(window, qtbot)
    dialog.html.setChecked(False)
    dialog.pdf.setChecked(False)
    assert not dialog.go.isEnabled()
    dialog.html.setChecked(True)
    dialog.examples.setChecked(False)
    assert dialog.go.isEnabled() and not dialog.explanations.isEnabled()
    dialog.folder.clear()
    assert not dialog.go.isEnabled()
    dialog.ask_folder = lambda: str(tmp_path / "elsewhere")  # type: ignore[method-assign]
    change = dialog.findChild(QPushButton, "report-change")
    assert change is not None
    qtbot.mouseClick(change, LEFT)
    qtbot.mouseClick(dialog.go, LEFT)
    qtbot.waitUntil(lambda: "elsewhere" in page.banner.text.text())
    (file,) = (tmp_path / "elsewhere").iterdir()
    assert file.suffix == ".html" and "data:image/jpeg" not in file.read_text(encoding="utf-8")


def test_it_can_be_stopped(
    window: MainWindow, project: Project, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[bool] = []

    def slow(*given: Any) -> list[Path]:
        control = next(g for g in given if isinstance(g, Control))
        began.append(True)
        while True:
            control.check()

    monkeypatch.setattr("workbench.engine.report.make.make_report", slow)
    page, dialog = opened(window, qtbot)
    dialog.folder.setText(str(tmp_path / "none"))
    qtbot.keyClick(dialog.go, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(began))
    stop = next(b for b in page.banner.findChildren(QPushButton) if b.text() == "Stop")
    qtbot.mouseClick(stop, LEFT)
    qtbot.waitUntil(lambda: page.banner.text.text() == "The report was not written.")
    assert not (tmp_path / "none").exists()
    QApplication.processEvents()
