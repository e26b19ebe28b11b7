"""What the Data page has of it all: the badge for its head, and everything behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from workbench.control import Control
from workbench.data.checks import Finding
from workbench.data.checks.fine import forget, keep, kept
from workbench.data.checks.fixes import done_words, fix_by_id
from workbench.data.types import AddResult
from workbench.gui.context import AppContext
from workbench.gui.health.badge import HealthBadge
from workbench.gui.health.deeds import mend, say_fine
from workbench.gui.health.panel import HealthPanel
from workbench.gui.health.review import ReviewDialog
from workbench.gui.health.runner import HealthRunner
from workbench.gui.widgets.basic import Banner


class Health(QObject):
    """Signals:
    found(object): all findings (list), the gravest first.
    wanted(object, str): show these items under this title.
    """

    found = Signal(object)
    wanted = Signal(object, str)

    def __init__(self, ctx: AppContext, banner: Banner, by_class: Callable[[], bool], parent: QWidget) -> None:
        """`by_class`: whether the open project's items have one class for the whole of them."""
        super().__init__(parent)
        self._ctx, self._banner, self._by_class, self._page = ctx, banner, by_class, parent
        self.runner = HealthRunner(ctx, self)
        self.badge = HealthBadge()
        self.panel: HealthPanel | None = None
        self.review_dialog: ReviewDialog | None = None
        self.badge.clicked.connect(self.open_panel)
        self.runner.found.connect(self._found)
        self.runner.working.connect(self._working)
        ctx.store.project_changed.connect(self._close)
        # What a new training says of the labels is worth a look too.
        ctx.store.runs_changed.connect(self.later)

    def later(self) -> None:
        """The data changed: look at it when there is a moment."""
        self.runner.later()

    def open_panel(self) -> None:
        """The list of findings."""
        if self.panel is None:
            self.panel = HealthPanel(self._page)
            self.panel.show_items.connect(self._show_items)
            self.panel.review.connect(self.review)
            self.panel.mend.connect(self._mend)
            self.panel.copy.connect(self._copy)
            self.panel.fine.connect(lambda finding: say_fine(self._ctx.store, finding, None, self.runner.look_again))
            self.panel.again.connect(self.runner.look_deep)
            self.panel.forget.connect(self._forget)
        self._fill()
        self.panel.show()
        self.panel.raise_()
        self.panel.activateWindow()
        if not self.runner.whole and not self.runner.is_working:
            self.runner.look_deep()

    def review(self, finding: Finding) -> None:
        """A finding's items one by one."""
        dialog = ReviewDialog(self._ctx, finding, self._by_class(), self.panel or self._page)
        dialog.dismissed.connect(self.runner.look_again)
        before, self.review_dialog = self.review_dialog, dialog
        if before is not None:
            before.deleteLater()
        dialog.open()

    def _show_items(self, finding: Finding) -> None:
        if self.panel is not None:
            self.panel.close()
        self.wanted.emit(list(finding.item_ids), finding.message)

    def _mend(self, finding: Finding, fix_id: str) -> None:
        fix = fix_by_id(fix_id)
        count = mend(self._ctx.store, fix, finding)
        if count:
            words = done_words(fix, count)
            self._banner.show_message(f"Done: {words}. Ctrl+Z takes it back.", "good")
        else:
            self._banner.show_message("There is nothing to do here any more; it is looked at anew.", "info")
        self.runner.look_deep()

    def _copy(self, _finding: Finding) -> None:
        folder = QFileDialog.getExistingDirectory(self.panel or self._page, "Choose where the copy shall be")
        if not folder:
            return
        project = self._ctx.store.require()
        target = _free(Path(folder) / f"{project.folder.name} without personal data")

        def work(control: Control) -> AddResult:
            from workbench.data.exporters.leaving_out import save_clean_copy

            return save_clean_copy(project, target, control)

        def done(result: AddResult) -> None:
            left = len(result.problems)
            words = f" {left} could not be cleaned and are left out." if left else ""
            self._banner.show_message(
                f"{len(result.added):,} items without personal data are in {target}.{words}", "warn" if left else "good"
            )

        job = self._ctx.jobs.start("Saving a copy without personal data", work)
        job.succeeded.connect(done)
        job.failed.connect(self._banner.show_error)

    def _forget(self) -> None:
        store = self._ctx.store
        project = store.require()
        before = kept(project)

        def put(act: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                act()
                self.runner.look_again()

            return run

        store.push("tell everything again", put(lambda: forget(project)), put(lambda: keep(project, before)))

    def _found(self, findings: list[Finding]) -> None:
        self.badge.show_findings(findings)
        self.found.emit(findings)
        self._fill()

    def _working(self, working: bool) -> None:
        self.badge.show_working(working)
        self._fill()

    def _fill(self) -> None:
        project = self._ctx.store.project
        if self.panel is not None and project is not None:
            self.panel.show_findings(
                self.runner.findings, self.runner.is_working, not project.read_only, bool(kept(project))
            )

    def _close(self) -> None:
        self.runner.findings, self.runner.whole = [], False
        self.badge.show_findings([])
        if self.panel is not None:
            self.panel.close()


def _free(folder: Path) -> Path:
    number, found = 1, folder
    while found.exists():
        number += 1
        found = folder.with_name(f"{folder.name} {number}")
    return found
