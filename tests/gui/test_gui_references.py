"""Qt's Python bindings must not use up Python's own objects: they would abort the app after a while."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot


def test_calls_that_return_nothing_cost_nothing(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    app = QApplication.instance()
    assert app is not None
    before = sys.getrefcount(None)
    for _ in range(200):
        widget.update()
        app.processEvents()
    assert sys.getrefcount(None) > before - 100
