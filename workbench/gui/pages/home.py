"""Home: the fastest way in, the samples, the recent projects."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from workbench.app_paths import resources
from workbench.control import Control
from workbench.data.importers import ImportPlan
from workbench.data.types import AddResult, RunRecord
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.importing import look_at, new_project, result_sentence
from workbench.gui.pages.base import Page
from workbench.gui.rescue import open_project
from workbench.gui.theme import XL, L, M
from workbench.gui.widgets.basic import Banner, Card, DropZone, IconLabel, clear_layout, icon_button, label, local_paths

SAMPLES = (
    ("digits", "Handwritten digits", "400 small pictures in ten classes, zero to nine.", "images", "digits"),
    (
        "reviews",
        "Customer messages",
        "Short texts: praise, complaint or question.",
        "message-square-text",
        "reviews.csv",
    ),
    ("tumours", "Tumours", "A table: ten measurements of each, benign or malignant?", "table", "tumours.csv"),
    (
        "molecules",
        "Drug molecules",
        "1,017 related molecules: which act strongly, as measured.",
        "flask-conical",
        "molecules.csv",
    ),
    ("co2", "Carbon dioxide in the air", "A number per month since 1958: how may it go on?", "trending-up", "co2.csv"),
    ("shop", "A made-up shop", "150 customers and their stars for 96 products: what next?", "heart", "shop"),
)
_COLUMNS = 3
# What the file dialog shows first.
_TABLES = (
    "*.csv", "*.tsv", "*.tab", "*.jsonl", "*.ndjson", "*.json", "*.xlsx", "*.xlsm", "*.parquet", "*.pq", "*.smi", "*.smiles",
    "*.sdf", "*.sd", "*.mol",
)  # fmt: skip


class HomePage(Page):
    """See the module."""

    page_id = "home"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body.addWidget(scroll)
        inner = QWidget()
        inner.setProperty("role", "page")
        scroll.setWidget(inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(XL, XL, XL, XL)
        column.setSpacing(L)

        column.addWidget(label("Teach a model what you know", "title"))
        column.addWidget(
            label("Drop your examples, label them, train. Everything stays on this computer.", "soft", wrap=True)
        )
        self.banner = Banner()
        column.addWidget(self.banner)
        column.addLayout(self._ways_in())
        column.addWidget(label("Samples to play with", "heading"))
        column.addLayout(self._samples())
        self._recent_heading = label("Your projects", "heading")
        column.addWidget(self._recent_heading)
        self._recent = QGridLayout()
        self._recent.setSpacing(M)
        column.addLayout(self._recent)
        column.addStretch(1)
        ctx.store.project_changed.connect(self._fill_recent)
        self._fill_recent()

    # What the page does --------------------------------------------------------------------------------------------

    def shown(self) -> None:
        self._fill_recent()
        self._look_for_interrupted()

    def accept_drop(self, paths: list[str]) -> bool:
        self.begin(paths)
        return True

    def begin(self, paths: list[str]) -> None:
        """Make a project of what was dropped. A table first shows its columns on the Data page."""
        self.banner.hide()

        def looked(plan: ImportPlan) -> None:
            if plan.kind == "table" or plan.questions():
                self.ctx.go("data", plan=plan, fresh=True)
            else:
                self._import(plan)

        look_at(self.ctx, paths, looked).failed.connect(self.banner.show_error)

    def open_sample(self, sample_id: str) -> None:
        """A new project from a bundled sample."""
        name, file = next((s[1], s[4]) for s in SAMPLES if s[0] == sample_id)
        path = str(resources() / "samples" / file)
        look_at(self.ctx, [path], lambda plan: self._import(plan, name)).failed.connect(self.banner.show_error)

    def _import(self, plan: ImportPlan, name: str = "") -> None:
        def done(result: AddResult) -> None:
            project = self.ctx.store.require()
            from workbench.tasks.registry import get_task

            kind = "warn" if result.problems else "good"
            self.ctx.notify(result_sentence(result, get_task(project.task_id).info), kind)
            self.ctx.go("data", problems=result.problems)

        self.banner.show_message(f"Importing {plan.total:,} {plan.noun} …")
        job = new_project(self.ctx, plan, done, name)
        job.failed.connect(self.banner.show_error)
        job.succeeded.connect(self.banner.hide)

    def _look_for_interrupted(self) -> None:
        project = self.ctx.store.project
        if project is None or project.read_only:
            return

        def work(_control: Control) -> list[RunRecord]:
            from workbench.engine.fit import resumable

            return resumable(project)

        def found(records: list[RunRecord]) -> None:
            if records and self.ctx.store.project is project:
                self.banner.show_message(
                    f"The training “{records[0].name}” was interrupted. It can go on where it stopped.",
                    "info",
                    "Go on",
                    lambda: self.ctx.go("train", run_id=records[0].id),
                )

        self.ctx.jobs.start("Looking for interrupted trainings", work).succeeded.connect(found)

    # How it looks ------------------------------------------------------------------------------------------------

    def _ways_in(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(M)
        self.drop = DropZone(
            "Drop your examples here",
            "A folder of pictures (best: one folder per class), a table (CSV, Excel, Parquet), or molecules (SDF, SMILES). "
            "Or click to choose a folder.",
            "folder-input",
        )
        self.drop.setMinimumHeight(210)
        self.drop.setObjectName("home-drop")
        self.drop.dropped.connect(self._dropped)
        self.drop.clicked.connect(self._choose_folder)
        row.addWidget(self.drop, 3)
        side = QVBoxLayout()
        side.setSpacing(M)
        for icon_name, heading, text, action, name in (
            ("flask-conical", "Try a model right away", "Drop a picture or type a text and see what a pre-trained model says.",
             lambda: self.ctx.go("try"), "home-try"),
            ("file-spreadsheet", "Start with a table", "Rows to sort or to estimate, texts or molecules: CSV, Excel, Parquet, SDF.",
             self._choose_file, "home-table"),
        ):  # fmt: skip
            card = _choice(icon_name, heading, text, name)
            card.clicked.connect(action)
            side.addWidget(card, 1)
        row.addLayout(side, 2)
        return row

    def _samples(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(M)
        for number, (sample_id, name, text, icon_name, _file) in enumerate(SAMPLES):
            card = _choice(icon_name, name, text, f"sample-{sample_id}")
            card.setAccessibleName(f"Open the sample {name}")
            card.clicked.connect(lambda s=sample_id: self.open_sample(s))
            grid.addWidget(card, number // _COLUMNS, number % _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)
        return grid

    def _fill_recent(self) -> None:
        clear_layout(self._recent)
        folders = self.ctx.settings.recent_projects()
        self._recent_heading.setVisible(bool(folders))
        for number, folder in enumerate(folders):
            self._recent.addWidget(self._project_card(folder), number // _COLUMNS, number % _COLUMNS)
        for column in range(_COLUMNS):
            self._recent.setColumnStretch(column, 1)

    def _project_card(self, folder: Path) -> Card:
        there = (folder / "project.db").exists()
        current = self.ctx.store.project
        card = Card(selectable=there)
        card.setAccessibleName(f"Open the project {folder.name}")
        card.setToolTip(str(folder))
        line = QHBoxLayout()
        line.addWidget(label(folder.name, "strong"), 1)
        if current is not None and current.folder == folder:
            line.addWidget(label("open", "badge-good"))
        line.addWidget(
            icon_button("x", f"Take {folder.name} off this list (nothing is deleted)", lambda: self._forget(folder))
        )
        card.body.addLayout(line)
        card.body.addWidget(label(self._place(folder) if there else "This folder is not there any more.", "faint"))
        card.clicked.connect(lambda: self._open(folder))
        return card

    def _place(self, folder: Path) -> str:
        """Where a project lies, in short; the tooltip has the whole path."""
        return (
            "In your projects"
            if folder.parent == self.ctx.paths.projects
            else f"In {folder.parent.name or folder.parent}"
        )

    # Slots ---------------------------------------------------------------------------------------------------------

    def _dropped(self, mime: QMimeData) -> None:
        paths = local_paths(mime)
        if paths:
            self.begin(paths)
        else:
            self.banner.show_error(
                UserError("Only files and folders can be dropped here.", "Texts can be tried on the Try page.")
            )

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of pictures or texts")
        if folder:
            self.begin([folder])

    def _choose_file(self) -> None:
        file, _ = QFileDialog.getOpenFileName(
            self, "Choose a table", "", f"Tables and molecules ({' '.join(_TABLES)});;All files (*)"
        )
        if file:
            self.begin([file])

    def _open(self, folder: Path) -> None:
        if open_project(self.ctx, folder, self, self.banner.show_error):
            self.ctx.go("data")

    def _forget(self, folder: Path) -> None:
        self.ctx.settings.forget_project(folder)
        self._fill_recent()


def _choice(icon_name: str, heading: str, text: str, name: str) -> Card:
    """A card to click: an icon, what it does, a sentence."""
    card = Card(selectable=True)
    card.setObjectName(name)
    card.setAccessibleName(heading)
    line = QHBoxLayout()
    line.setSpacing(M)
    line.addWidget(IconLabel(icon_name, 24, "accent"), 0, Qt.AlignmentFlag.AlignTop)
    words = QVBoxLayout()
    words.addWidget(label(heading, "strong"))
    words.addWidget(label(text, "soft", wrap=True))
    line.addLayout(words, 1)
    card.body.addLayout(line)
    card.body.addStretch(1)
    return card
