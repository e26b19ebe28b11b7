"""Find, documents: search by meaning and by words, the map, and the keywords of one's own documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QSplitter,
    QStackedWidget,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.documents import document_suffixes, is_document
from workbench.engine.document_index import DocumentIndex, Listed, Passage, Progress, Source, index_folder
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.models.document_table import DocumentTable
from workbench.gui.models.passage_list import NEAR_ENOUGH, PassageList
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, DropZone, EmptyState, button, icon_button, label, local_paths
from workbench.gui.widgets.keywords_panel import KeywordsPanel
from workbench.gui.widgets.passage_view import PassageView
from workbench.gui.widgets.reading_pane import ReadingPane
from workbench.gui.widgets.text_map_view import MapShown, TextMapView
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task
from workbench.tasks.text_vectors import embedders

_TYPING_MS = 250
_TOP = 50
_SETTING = "documents/sources"
_WINDOW = "the window's own documents"


class DocumentsView(QWidget):
    """See the module."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.ctx = ctx
        self._sources: list[Path] = [Path(p) for p in _remembered(ctx)]
        self._of_project = False
        self._index: DocumentIndex | None = None
        self._jobs: dict[str, Job] = {}
        self._asked: str | Passage = ""
        self._shown: str | Passage = ""
        self._begun = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.stack = QStackedWidget()
        column.addWidget(self.stack, 1)
        self.empty = self._build_empty()
        self.full = self._build_full()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.full)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._search)
        ctx.store.project_changed.connect(self._project_changed)
        ctx.models_changed.connect(self._fill_models)
        self._project_changed()

    # What others ask of it ---------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is seen: what was added before is looked through for news, once."""
        if not self._begun:
            self._begun = True
            self._fill_models()
            if self._sources:
                self._read()

    def add(self, paths: Sequence[str]) -> None:
        """Files and folders join one's own documents."""
        self._begun = True
        self._fill_models()
        new = [Path(p).absolute() for p in paths]
        self._sources += [p for p in new if p not in self._sources]
        self._remember()
        self._of_project = False
        self._read()

    def look_in_project(self) -> None:
        """The texts of the open project instead."""
        if self.ctx.store.project is not None:
            self._begun = True
            self._fill_models()
            self._of_project = True
            self._read()

    # Reading -------------------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Bring the index up to date."""
        self._cancel("read", "search", "map")
        self.banner.hide()
        project = self.ctx.store.project if self._of_project else None
        key = f"project {project.folder.absolute()}" if project is not None else _WINDOW
        card = self._card()
        index = DocumentIndex.open(index_folder(self.ctx.paths, key), self.ctx.paths, card)
        self._index = index
        sources = list(self._sources)
        self.title.setText(project.name if project is not None else "Your documents")
        self.subtitle.setText("Looking for documents …")
        self.map.show_nothing()
        self.stack.setCurrentWidget(self.full)

        def work(control: Control) -> Iterator[object]:
            from workbench.engine.document_index import project_sources

            yield index.documents()
            if project is not None:
                wanted: list[Source] = project_sources(project)
                yield from index.update_sources(wanted, control)
            else:
                yield from index.update(sources, control)
            yield index.documents()

        job = self._start("read", "Reading documents", work)
        self.stop.show()
        job.streamed.connect(lambda found: self._came(job, found))
        job.failed.connect(lambda problem: self._read_failed(job, problem))
        job.cancelled.connect(lambda: self._read_stopped(job))
        job.ended.connect(lambda: self._read_ended(job))

    def _came(self, job: Job, found: object) -> None:
        if self._jobs.get("read") is not job:
            return
        if isinstance(found, Progress):
            self.subtitle.setText(
                f"Reading: {found.done:,} of {found.total:,} documents"
                f"{f', {found.computed:,} passages' if found.computed else ''} …"
            )
        elif isinstance(found, list):
            self._show_documents(found)

    def _show_documents(self, documents: list[Listed]) -> None:
        chosen = self._document()
        self.documents.show_documents(documents)
        if chosen is not None:
            row = self.documents.row_of(chosen.id)
            if row >= 0:
                self.table.selectRow(row)
        read = [d for d in documents if d.problem is None]
        passages = sum(d.passages for d in read)
        self.subtitle.setText(_counted(len(read), passages))
        problems = [d.problem for d in documents if d.problem is not None]
        if problems:
            lines = [str(p) for p in problems[:3]]
            lines += [f"and {len(problems) - 3:,} more, under “Documents”."] if len(problems) > 3 else []
            self.banner.show_message("\n".join(lines), "warn")
        if self.question.text().strip():
            self._search()

    def _read_failed(self, job: Job, problem: Problem) -> None:
        if self._jobs.get("read") is job:
            self.subtitle.setText("")
            self.banner.show_error(problem)

    def _read_stopped(self, job: Job) -> None:
        if self._jobs.get("read") is job:
            self.subtitle.setText("Stopped. What was read is kept and can be searched.")
            self.banner.show_message(
                "Stopped before all documents were read; it goes on where it was.", "info", "Go on", self._read
            )

    def _read_ended(self, job: Job) -> None:
        if self._jobs.get("read") is job:
            del self._jobs["read"]
            self.stop.hide()

    # Searching -----------------------------------------------------------------------------------------------------------

    def _search(self) -> None:
        """What is asked now."""
        self._typing.stop()
        question = self.question.text()
        if not question.strip():
            self._cancel("search")
            self._asked = ""
            self.found.show_passages(())
            self._show_state()
            return
        self._find(question, lambda index, control: index.search(question, _TOP, control))

    def _more_like(self, passage: Passage) -> None:
        self.tabs.setCurrentWidget(self.search_tab)
        self._find(passage, lambda index, control: index.more_like(passage, _TOP, control))

    def _find(self, asked: str | Passage, find: Callable[[DocumentIndex, Control], list[Passage]]) -> None:
        index = self._index
        if index is None:
            return
        self._cancel("search")
        self._asked = asked

        def work(control: Control) -> Iterator[object]:
            found = find(index, control)
            yield found
            if isinstance(asked, str):
                yield tuple(index.best_sentences(asked, _telling(found)[:10], control))

        job = self._start("search", "Searching documents", work, quiet=True)
        job.streamed.connect(lambda answer: self._answered(job, answer))
        job.failed.connect(self._while_newest("search", job, self.banner.show_error))

    def _answered(self, job: Job, answer: object) -> None:
        if self._jobs.get("search") is not job:
            return
        if isinstance(answer, list):
            # Asked again while documents come in: the one being read stays.
            before = self.reading.passage if self._shown == self._asked else None
            self._shown = self._asked
            found = _telling(answer)
            self.found.show_passages(found)
            self._show_state()
            if found:
                same = [n for n, p in enumerate(found) if before is not None and p.id == before.id]
                self.results.choose(same[0] if same else 0)
        elif isinstance(answer, tuple):
            self.found.show_best(answer)
            self._choose(self.results.current())

    def _show_state(self) -> None:
        count = self.found.rowCount()
        self.results_stack.setCurrentWidget(self.results if count else self.no_results)
        if isinstance(self._asked, Passage):
            words = f"Like “{' '.join(self._asked.text.split())[:60]} …”, {self._asked.title}"
        elif self._asked:
            words = f"{count:,} passages, the best first" if count != 1 else "1 passage"
        else:
            words = ""
        self.count.setText(words)
        self.no_results.heading.setText("Nothing was found" if self._asked else "Ask your documents")
        self.no_results.text.setText(
            "Nothing in these documents comes near; try other words."
            if self._asked
            else "Type a question or a few words, in your own way: passages that mean it are found, and those that say it."
        )
        self.save.setEnabled(count > 0)

    def _choose(self, row: int) -> None:
        """A result is to be read."""
        if row < 0 or row >= self.found.rowCount():
            self.reading.show_nothing()
            return
        self._show_passage(self.found.passage(row), self.found.best(row))

    def _show_passage(self, passage: Passage, best: tuple[int, int] = (0, 0)) -> None:
        index = self._index
        if index is None:
            return
        if self.reading.passage != passage:
            self.reading.show_passage(passage, None, best)
        job = self._start("around", "Reading on", lambda _control: iter([index.surroundings(passage)]), quiet=True)

        def came(around: object) -> None:
            if self.reading.passage == passage and isinstance(around, tuple):
                self.reading.show_passage(passage, around, best)

        job.streamed.connect(came)

    def _save(self) -> None:
        file, _ = QFileDialog.getSaveFileName(self, "Save what was found", "found.csv", "Table (*.csv)")
        if not file:
            return
        passages = list(self.found.passages)

        def work(_control: Control) -> Path:
            from workbench.data.exporters.tables import write_csv

            rows = [
                {
                    "document": p.title, "place": p.place, "likeness": round(p.likeness, 4),
                    "words": ", ".join(p.words), "text": p.text, "path": str(p.document),
                }
                for p in passages
            ]  # fmt: skip
            write_csv(Path(file), rows, ("document", "place", "likeness", "words", "text", "path"))
            return Path(file)

        job = self.ctx.jobs.start("Saving", work)
        job.succeeded.connect(lambda path: self.banner.show_message(f"Saved as “{path.name}”.", "good"))
        job.failed.connect(self.banner.show_error)

    # Map and keywords ----------------------------------------------------------------------------------------------------

    def _draw_map(self, by_document: bool, diversity: float) -> None:
        index = self._index
        if index is None:
            return
        self.map.show_busy(True)

        def work(control: Control) -> Iterator[object]:
            from workbench.engine.text_map import make_map

            found = make_map(index, by_document, diversity, control)
            groups = [(g.name, ", ".join(k.text for k in g.keywords), list(g.places)) for g in found.groups]
            yield MapShown(
                found.passages,
                found.xy[:, 0].tolist(),
                found.xy[:, 1].tolist(),
                found.group_of.tolist(),
                groups,
                found.note,
            )

        job = self._start("map", "Drawing the map", work)
        job.streamed.connect(self._while_newest("map", job, self.map.show_map))
        job.failed.connect(self._while_newest("map", job, self.map.banner.show_error))
        job.ended.connect(lambda: self.map.show_busy(False))

    def _document(self) -> Listed | None:
        rows = self.table.selectionModel().selectedRows() if self.table.selectionModel() is not None else []
        return self.documents.document(rows[0].row()) if rows else None

    def _document_chosen(self) -> None:
        document = self._document()
        self.forget.setEnabled(self._source_of(document) is not None)
        if document is None:
            return
        if document.problem is not None:
            self.own_keywords.heading.setText(document.name)
            self.own_keywords.show_waiting(f"{document.problem.message} {document.problem.hint}".strip())
            return
        index = self._index
        if index is not None:
            self.own_keywords.heading.setText(document.title)
            self._keywords(self.own_keywords, "own keywords", lambda: index.text_of(document.id))

    def _text_changed(self) -> None:
        text = self.pasted.toPlainText()
        if text.strip():
            self._keywords(self.pasted_keywords, "keywords", lambda: text)
        else:
            self._cancel("keywords")
            self.pasted_keywords.show_waiting("Paste or type a text, or drop a document.")

    def _keywords(self, panel: KeywordsPanel, name: str, text: Callable[[], str]) -> None:
        index = self._index or self._any_index()
        diversity = panel.slider.value
        if not panel.keywords:
            panel.show_waiting("Looking for keywords …")

        def work(control: Control) -> Iterator[object]:
            from workbench.engine.keywords import text_keywords

            # Of a very long document the first two million letters say enough.
            yield text_keywords(text()[:2_000_000], index, 15, diversity, control)

        job = self._start(name, "Finding keywords", work, quiet=True)
        job.streamed.connect(self._while_newest(name, job, panel.show_keywords))
        job.failed.connect(self._while_newest(name, job, lambda problem: panel.show_waiting(problem.message)))

    def _any_index(self) -> DocumentIndex:
        """For its model alone."""
        return DocumentIndex.open(index_folder(self.ctx.paths, _WINDOW), self.ctx.paths, self._card())

    def _text_dropped(self, mime: QMimeData) -> None:
        """A document's text into the box, or the text itself."""
        paths = local_paths(mime)
        if not paths:
            self.pasted.setPlainText(mime.text())
            return

        def work(control: Control) -> str:
            from workbench.data.documents import read_document

            return read_document(Path(paths[0]), control).text

        job = self.ctx.jobs.start("Reading a document", work)
        job.succeeded.connect(self.pasted.setPlainText)
        job.failed.connect(self.pasted_keywords.banner.show_error)

    # What is in it ---------------------------------------------------------------------------------------------------------

    def _source_of(self, document: Listed | None) -> Path | None:
        """The file or folder through which a document is in the list."""
        if document is None or self._of_project:
            return None
        return next((s for s in self._sources if s == document.path or s in document.path.parents), None)

    def _forget(self) -> None:
        source = self._source_of(self._document())
        if source is not None:
            self._sources.remove(source)
            self._remember()
            if self._sources:
                self._read()
                self.banner.show_message(f"“{source.name}” is off the list; the files are still there.", "good")
            else:
                self._forget_all()

    def _forget_all(self) -> None:
        self._cancel("read", "search", "map")
        index = self._any_index()
        self.ctx.jobs.start("Forgetting documents", lambda control: list(index.update([], control)))
        self._index = None
        self.question.clear()
        self.documents.show_documents([])
        self.reading.show_nothing()
        self.banner.hide()
        self.stack.setCurrentWidget(self.empty)

    def _remember(self) -> None:
        self.ctx.settings.set_text(_SETTING, json.dumps([str(s) for s in self._sources]))

    # Models and project ------------------------------------------------------------------------------------------------------

    def _fill_models(self) -> None:
        cards = embedders(self.ctx.catalog, self.ctx.paths)
        if [self.model.itemData(n) for n in range(self.model.count())] == cards:
            return
        before = self._card()
        self.model.blockSignals(True)
        self.model.clear()
        for card in cards:
            self.model.addItem(card.name, card)
        names = [card.id for card in cards]
        self.model.setCurrentIndex(names.index(before.id) if before is not None and before.id in names else 0)
        self.model.blockSignals(False)
        self.model.setVisible(len(cards) > 1)

    def _card(self) -> ModelCard | None:
        card = self.model.currentData()
        return card if isinstance(card, ModelCard) else None

    def _project_changed(self) -> None:
        project = self.ctx.store.project
        fits = project is not None and get_task(project.task_id).info.media == "text"
        for one in (self.from_project, self.project_button):
            one.setEnabled(fits)
            one.setToolTip("" if fits else "Open a project with texts first")
        if self._of_project:
            self._of_project = False
            self._cancel("read", "search", "map")
            self._index = None
            self.found.show_passages(())
            if self._sources:
                self._read()
            else:
                self.stack.setCurrentWidget(self.empty)

    # Jobs --------------------------------------------------------------------------------------------------------------------

    def _start(self, name: str, title: str, work: Callable[[Control], Iterator[object]], quiet: bool = False) -> Job:
        """A job that takes the place of the one of the same name."""
        self._cancel(name)
        job = self.ctx.jobs.start_stream(title, work, quiet=quiet)
        self._jobs[name] = job
        return job

    def _while_newest(self, name: str, job: Job, slot: Callable[[Any], object]) -> Callable[[Any], None]:
        """A slot that is called as long as no other job took this one's place."""

        def call(value: Any) -> None:
            if self._jobs.get(name) is job:
                slot(value)

        return call

    def _cancel(self, *names: str) -> None:
        for name in names:
            job = self._jobs.pop(name, None)
            if job is not None:
                job.cancel()
                if name == "read":
                    self.stop.hide()

    # How it looks --------------------------------------------------------------------------------------------------------------

    def _build_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(L)
        column.addWidget(label("Find in your documents", "title"))
        column.addWidget(
            label(
                "Ask in your own words and read the passage that answers; see what they are all about on a map.",
                "soft", wrap=True,
            )
        )  # fmt: skip
        self.drop = DropZone(
            "Drop documents or a folder",
            "PDF, Word, OpenDocument, EPUB, web pages, Markdown and plain text. They are read on this computer; nothing is"
            " changed or sent. Click to choose files.",
            "file-text",
        )
        self.drop.setObjectName("documents-drop")
        self.drop.dropped.connect(self._dropped)
        self.drop.clicked.connect(self._choose_files)
        column.addWidget(self.drop, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(
            button("Choose a folder …", self._choose_folder, icon_name="folder-open", name="documents-folder")
        )
        self.from_project = button(
            "The open project's texts", self.look_in_project, icon_name="message-square-text", name="documents-project"
        )
        row.addWidget(self.from_project)
        row.addStretch(1)
        column.addLayout(row)
        return page

    def _build_full(self) -> QWidget:
        page = _DropPage(self._dropped)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        top = QHBoxLayout()
        top.setSpacing(S)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = label("", "title")
        self.subtitle = label("", "soft")
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        top.addLayout(words, 1)
        self.model = QComboBox()
        self.model.setObjectName("documents-model")
        self.model.setAccessibleName("Model that compares meanings")
        self.model.setToolTip(
            "The model that compares meanings (sentence embedder); each reads the documents for itself"
        )
        self.model.currentIndexChanged.connect(lambda _n: self._read())
        self.model.hide()
        self.stop = button("Stop", lambda: self._stop(), icon_name="circle-stop", name="documents-stop")
        self.stop.hide()
        self.again = button("Look again", self._read, icon_name="refresh-cw", name="documents-again",
                            tip="Only new and changed documents are read")  # fmt: skip
        self.files_button = button("Add files …", self._choose_files, icon_name="file-plus", name="documents-add-files")
        self.folder_button = button("Add a folder …", self._choose_folder, icon_name="folder-plus",
                                    name="documents-add-folder")  # fmt: skip
        self.project_button = icon_button(
            "message-square-text", "The open project's texts", self.look_in_project, name="documents-project-again"
        )
        for widget in (self.model, self.stop, self.again, self.files_button, self.folder_button, self.project_button):
            top.addWidget(widget)
        column.addLayout(top)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("documents-tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.reading = ReadingPane()
        self.reading.more.connect(self._more_like)
        self.search_tab = self._build_search()
        self.map = TextMapView()
        self.map.wanted.connect(self._draw_map)
        self.map.chosen.connect(self._show_passage)
        self.tabs.addTab(self.search_tab, "Search")
        self.tabs.addTab(self.map, "Map")
        self.documents_tab = self._build_documents()
        self.tabs.addTab(self.documents_tab, "Documents")
        self.keywords_tab = self._build_keywords()
        self.tabs.addTab(self.keywords_tab, "Keywords of a text")
        self.tabs.currentChanged.connect(lambda _n: self._place_reading())
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(L)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self.reading)
        self.splitter.setSizes([680, 380])
        column.addWidget(self.splitter, 1)
        return page

    def _build_search(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        self.question = QLineEdit()
        self.question.setObjectName("documents-question")
        self.question.setAccessibleName("What you want to know")
        self.question.setPlaceholderText("Ask in your own words, or type a name or a number")
        self.question.setToolTip("By meaning and by words (semantic search and BM25, joined)")
        self.question.setClearButtonEnabled(True)
        self.question.textEdited.connect(lambda _text: self._typing.start())
        self.question.textChanged.connect(lambda text: self._typing.start() if not text else None)
        self.question.returnPressed.connect(self._search)
        self.count = label("", "faint")
        self.save = button("Save as a table …", self._save, icon_name="save", name="documents-save",
                           tip="What was found, as CSV")  # fmt: skip
        row = QHBoxLayout()
        row.addWidget(self.count, 1)
        row.addWidget(self.save)
        self.found = PassageList()
        self.results = PassageView(self.found, "documents-results", "Passages that were found")
        self.results.chosen.connect(self._choose)
        self.results.opened.connect(lambda _row: self.reading.view.setFocus())
        self.no_results = EmptyState("search", "", "")
        self.results_stack = QStackedWidget()
        self.results_stack.addWidget(self.no_results)
        self.results_stack.addWidget(self.results)
        column.addWidget(self.question)
        column.addLayout(row)
        column.addWidget(self.results_stack, 1)
        self._show_state()
        return page

    def _build_documents(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, M, 0, 0)
        row.setSpacing(M)
        left = QVBoxLayout()
        left.setSpacing(S)
        bar = QHBoxLayout()
        self.filter = QLineEdit()
        self.filter.setObjectName("documents-filter")
        self.filter.setAccessibleName("Show documents with these letters in their name")
        self.filter.setPlaceholderText("Part of a name")
        self.filter.setClearButtonEnabled(True)
        self.forget = button("Take off the list", self._forget, icon_name="x", name="documents-forget",
                             tip="The file, or the folder it came with, is no longer searched; nothing is deleted")  # fmt: skip
        self.forget.setEnabled(False)
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.forget)
        self.documents = DocumentTable()
        self.filter.textChanged.connect(self.documents.show_only)
        self.table = QTableView()
        self.table.setObjectName("documents-table")
        self.table.setAccessibleName("Documents")
        self.table.setModel(self.documents)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setSortingEnabled(True)
        self.table.setWordWrap(False)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width in enumerate((240, 200, 90)):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().selectionChanged.connect(lambda _a, _b: self._document_chosen())
        left.addLayout(bar)
        left.addWidget(self.table, 1)
        self.own_keywords = KeywordsPanel("own-keywords", "Choose a document to see its keywords.")
        self.own_keywords.setFixedWidth(300)
        self.own_keywords.wanted.connect(self._document_chosen)
        row.addLayout(left, 1)
        row.addWidget(self.own_keywords)
        return page

    def _build_keywords(self) -> QWidget:
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, M, 0, 0)
        row.setSpacing(M)
        self.pasted = _TextBox(self._text_dropped)
        self.pasted.setObjectName("keywords-text")
        self.pasted.setAccessibleName("A text to find keywords in")
        self.pasted.setPlaceholderText("Paste or type a text, or drop a document here")
        self._text_timer = QTimer(self)
        self._text_timer.setSingleShot(True)
        self._text_timer.setInterval(2 * _TYPING_MS)
        self._text_timer.timeout.connect(self._text_changed)
        self.pasted.textChanged.connect(self._text_timer.start)
        self.pasted_keywords = KeywordsPanel("text-keywords", "Paste or type a text, or drop a document.")
        self.pasted_keywords.setFixedWidth(300)
        self.pasted_keywords.wanted.connect(self._text_changed)
        row.addWidget(self.pasted, 1)
        row.addWidget(self.pasted_keywords)
        return page

    def _place_reading(self) -> None:
        """Passages are read beside the search and the map; the other tabs have the room for themselves."""
        self.reading.setVisible(self.tabs.currentWidget() in (self.search_tab, self.map))

    def _stop(self) -> None:
        job = self._jobs.get("read")
        if job is not None:
            job.cancel()

    # Choosing files --------------------------------------------------------------------------------------------------------------

    def _dropped(self, mime: QMimeData) -> None:
        paths = local_paths(mime)
        if paths:
            self.add(paths)
        elif mime.hasText():
            self.stack.setCurrentWidget(self.full)
            self.tabs.setCurrentWidget(self.keywords_tab)
            self.pasted.setPlainText(mime.text())

    def _choose_files(self) -> None:
        kinds = " ".join(f"*{suffix}" for suffix in document_suffixes())
        files, _ = QFileDialog.getOpenFileNames(self, "Choose documents", "", f"Documents ({kinds});;All files (*)")
        if files:
            self.add(files)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of documents")
        if folder:
            self.add([folder])


class _DropPage(QWidget):
    """Takes drops anywhere on it."""

    def __init__(self, dropped: Callable[[QMimeData], None]) -> None:
        super().__init__()
        self._take = dropped
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: object) -> None:
        from PySide6.QtGui import QDragEnterEvent

        if isinstance(event, QDragEnterEvent) and event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: object) -> None:
        from PySide6.QtGui import QDropEvent

        if isinstance(event, QDropEvent):
            event.acceptProposedAction()
            self._take(event.mimeData())


class _TextBox(QPlainTextEdit):
    """A dropped document's text comes in, not its address."""

    def __init__(self, dropped: Callable[[QMimeData], None]) -> None:
        super().__init__()
        self._take = dropped

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return source.hasUrls() or super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:
        if local_paths(source):
            self._take(source)
        else:
            super().insertFromMimeData(source)


def are_documents(paths: Sequence[str]) -> bool:
    """All of these are files of a kind the documents' side reads."""
    return bool(paths) and all(is_document(Path(p)) and not Path(p).is_dir() for p in paths)


def _telling(found: list[Passage]) -> list[Passage]:
    """Without what neither means it nor says it, as long as something else is left."""
    return [p for p in found if p.words or p.likeness >= NEAR_ENOUGH] or found


def _counted(documents: int, passages: int) -> str:
    return f"{documents:,} document{'s' if documents != 1 else ''}, {passages:,} passage{'s' if passages != 1 else ''}"


def _remembered(ctx: AppContext) -> list[str]:
    try:
        found = json.loads(ctx.settings.text(_SETTING, "[]"))
    except ValueError:
        return []
    return [p for p in found if isinstance(p, str)] if isinstance(found, list) else []
