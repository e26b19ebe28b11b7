"""After an end that was none: what is safe, and a report that can be saved. Nothing is sent."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QPlainTextEdit, QVBoxLayout, QWidget

from workbench import atomic
from workbench.gui.theme import L, M
from workbench.gui.widgets.basic import Banner, button, headed, row


class CrashDialog(QDialog):
    """
    Args:
        report: what may be told (see `crash.report`).
    """

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("After an unexpected end")
        self.setMinimumSize(620, 420)
        self._report = report
        column = QVBoxLayout(self)
        column.setContentsMargins(L, L, L, L)
        column.setSpacing(M)
        headed(
            column,
            "Model Workbench did not end properly last time",
            "Your labels are safe: each was saved when you gave it. A training that ran can go on where it stopped. If this"
            " happens again, save this report and give it to whoever helps you. It holds versions and places in the"
            " program; no file names, no labels, nothing you typed. Nothing is sent anywhere.",
        )
        self.banner = Banner(closable=False)
        column.addWidget(self.banner)
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setAccessibleName("The report")
        self.text.setObjectName("crash-report")
        column.addWidget(self.text, 1)
        self.save = button("Save the report …", self._save, icon_name="save", name="crash-save")
        self.go_on = button("Go on", self.accept, role="primary", name="crash-close")
        self.go_on.setDefault(True)
        column.addLayout(row(self.save, 1, self.go_on))

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the report", "model-workbench-report.txt", "Texts (*.txt)")
        if not name:
            return
        try:
            atomic.write_text(Path(name), self._report)
        except OSError:
            self.banner.show_message("The report could not be written there. Choose another place.", "bad")
            return
        self.banner.show_message(f"Saved as “{Path(name).name}”.", "good")


def wants_safe_mode(count: int) -> bool:
    """Ask before there is a window, after starts that failed."""
    box = QMessageBox()
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Start in safe mode?")
    box.setText(f"Model Workbench ended while starting, {count} times in a row.")
    box.setInformativeText(
        "Safe mode opens no project, uses no graphics card and no models of other programs, and takes all settings as they come."
        " Your own settings are kept for the next usual start."
    )
    safe = box.addButton("Start in safe mode", QMessageBox.ButtonRole.AcceptRole)
    safe.setObjectName("safe-mode")
    box.addButton("Start as usual", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(safe)
    box.exec()
    return box.clickedButton() is safe
