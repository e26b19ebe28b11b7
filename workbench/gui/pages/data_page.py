"""Data: import, look, label. Every change is on disk at once and can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, Qt, QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMenu,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from workbench.control import Control
from workbench.data.columns import target_of
from workbench.data.importers import ImportPlan
from workbench.data.project import Project
from workbench.data.project_columns import columns_of
from workbench.data.types import AddResult, Counts, Item, ItemFilter
from workbench.errors import Problem, UserError
from workbench.gui.alike_items import show_alike
from workbench.gui.context import AppContext
from workbench.gui.editors import editor_for
from workbench.gui.editors.base import ItemEditor
from workbench.gui.exporting import ExportMenu
from workbench.gui.health.health import Health
from workbench.gui.importing import add_to_project, look_at, new_project, result_sentence
from workbench.gui.models.item_model import ItemModel
from workbench.gui.pages.base import Page
from workbench.gui.pages.data_marks import Marks
from workbench.gui.theme import XL, L, M, S
from workbench.gui.widgets.basic import Banner, DropZone, button, label, local_paths
from workbench.gui.widgets.checks_strip import ChecksStrip
from workbench.gui.widgets.class_panel import ClassPanel
from workbench.gui.widgets.columns_dialog import open_columns
from workbench.gui.widgets.filter_bar import FilterBar
from workbench.gui.widgets.group_dialog import GroupDialog
from workbench.gui.widgets.import_dialog import ImportDialog
from workbench.gui.widgets.item_view import ItemView
from workbench.gui.widgets.list_bars import ListBars
from workbench.gui.widgets.record_examples import RecordExamples
from workbench.gui.widgets.several_offer import SeveralOffer
from workbench.gui.workers import Job
from workbench.tasks.base import CasesTask, ComparingTask, TaskInfo
from workbench.tasks.registry import get_task, get_trainable, trainable_tasks

_SURE = 0.95
_MOST_EXAMPLES = 50
# The list of a larger project is looked for in a job, so that no key or click waits for it.
_AT_ONCE = 5000
# A person who pauses for so long between two labels looks at what they have come to.
_PAUSE_MS = 120


class DataPage(Page):
    """See the module."""

    page_id = "data"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        self.banner = Banner()
        self.body.addWidget(self.banner)
        self.stack = QStackedWidget()
        self.body.addWidget(self.stack, 1)
        self.empty = self._build_empty()
        self.stack.addWidget(self.empty)
        self.model = ItemModel(ctx.store)
        self.view = ItemView(self.model, ctx.thumbnails)
        self.filter_bar = FilterBar()
        self.classes = ClassPanel(ctx.store)
        self.bars = ListBars()
        self.offer = SeveralOffer(ctx, self.banner)
        self.classes.body.addWidget(self.offer)
        self.checks = ChecksStrip()
        self.health = Health(ctx, self.banner, lambda: self._editor() is None, self)
        # From the outside in: what is put into another later, is styled anew with all that is in it.
        self.full = QWidget(self.stack)
        self.stack.addWidget(self.full)
        self._build_full(self.full)
        self._editors: dict[str, ItemEditor | None] = {}
        self.marks = Marks(ctx, self.banner, self._review, self)
        self._stale = False
        self._filling: Job | None = None
        self._grouping: Job | None = None
        store = ctx.store
        store.project_changed.connect(self._project_changed)
        store.items_changed.connect(self._items_changed)
        store.classes_changed.connect(self._classes_changed)
        # Counting many takes longer than labelling one.
        self._count_soon = QTimer(self)
        self._count_soon.setSingleShot(True)
        self._count_soon.setInterval(_PAUSE_MS)
        self._count_soon.timeout.connect(self._counts_changed)
        store.labels_changed.connect(lambda _ids: self._labels_changed())
        self.view.verticalScrollBar().valueChanged.connect(lambda _at: self.health.runner.hold())
        self.view.label_key.connect(self._label_key)
        self.view.accepted.connect(self._accept)
        self.view.opened.connect(self._open_item)
        self.view.removed.connect(self._remove)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.filter_bar.changed.connect(self._refill)
        self.filter_bar.grouping.connect(self._group)
        store.groups_changed.connect(self._groups_changed)
        self.filter_bar.zoomed.connect(self.view.set_side)
        self.classes.labelled.connect(self._dropped_on_class)
        self.classes.filtered.connect(self._filter_class)
        self.checks.wanted.connect(self.filter_bar.show_only)
        self.health.wanted.connect(self.filter_bar.show_only)
        self.health.found.connect(self.checks.show_findings)
        self._project_changed()

    # What others ask of the page -----------------------------------------------------------------------------------

    def receive(self, intent: dict[str, Any]) -> None:
        if intent.get("plan") is not None:
            self._ask_about(intent["plan"], bool(intent.get("fresh")))
        elif intent.get("paths"):
            self.import_paths(intent["paths"])
        elif intent.get("item_ids") is not None:
            self._leave_editor()
            self.model.set_notes(intent.get("notes", {}))
            order = str(intent.get("order", ""))
            self.filter_bar.show_only(list(intent["item_ids"]), str(intent.get("title", "These items")), order)
        elif intent.get("new_project"):
            self._new_project()
        if intent.get("problems"):
            self._tell_problems(intent["problems"])

    def shown(self) -> None:
        editor = self.stack.currentWidget()
        if isinstance(editor, ItemEditor):
            editor.setFocus()

    def accept_drop(self, paths: list[str]) -> bool:
        self.import_paths(paths)
        return True

    def import_paths(self, paths: Sequence[str], fresh: bool = False, rows: bool | None = None) -> None:
        """Look at files (`rows` as in `sniff`) and, after the person has seen what they are, take them in."""
        self.banner.hide()
        project = self.ctx.store.project
        if rows is None and project is not None and not fresh and len(paths) == 1:
            # Into a project of rows a table comes as rows, also where it looks like texts or pictures with a label.
            info = get_task(project.task_id).info
            rows = True if info.media == "row" and str(paths[0]).lower().endswith(info.file_suffixes) else None
        job = look_at(self.ctx, paths, lambda plan: self._ask_about(plan, fresh), rows)
        job.failed.connect(self.banner.show_error)

    # Importing -----------------------------------------------------------------------------------------------------

    def _ask_about(self, plan: ImportPlan, fresh: bool) -> None:
        project = self.ctx.store.project
        fresh = fresh or project is None
        info = get_task(project.task_id).info if project is not None else None
        misfit = ""
        if info is not None and not plan.suits(info.media):
            misfit = f"This project holds {info.nouns}, but these are {plan.media}s."
        elif info is not None and plan.brings_labels and not plan.serves(info.editor):
            misfit = "The labels of these are of another kind than this project's."
        if not fresh and misfit:
            self.banner.show_message(
                misfit, "warn", "Make a new project",
                lambda: self._ask_about(plan, True),
            )  # fmt: skip
            return
        from workbench.engine.journey import tasks_for_plan

        dialog = ImportDialog(plan, fresh, tasks_for_plan, self, "" if info is None else info.editor)
        # Not exec(): a nested event loop would keep everything behind it waiting.
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._import(plan, fresh, dialog))
        dialog.whole_rows.connect(lambda: self.import_paths([str(plan.source)], True, rows=True))
        dialog.open()

    def _import(self, plan: ImportPlan, fresh: bool, dialog: ImportDialog) -> None:
        copy_media = dialog.copy.isChecked()
        self.banner.show_message(f"Importing {plan.total:,} {plan.noun} …")
        if fresh:
            job = new_project(self.ctx, plan, self._imported, dialog.name.text(), copy_media, dialog.task_id)
        else:
            job = add_to_project(self.ctx, plan, self._imported, copy_media)
        job.failed.connect(self.banner.show_error)
        job.cancelled.connect(
            lambda: self.banner.show_message("The import was stopped; what came in before stays.", "info")
        )

    def _imported(self, result: AddResult) -> None:
        sentence = result_sentence(result, self._info())
        self.banner.show_message(sentence, "good")
        if result.problems:
            self._tell_problems(result.problems, sentence)

    def _tell_problems(self, problems: Sequence[Problem], before: str = "") -> None:
        lines = [str(p) for p in problems[:5]]
        if len(problems) > 5:
            lines.append(f"and {len(problems) - 5} more.")
        self.banner.show_message("\n".join([before, *lines] if before else lines), "warn")

    def _new_project(self) -> None:
        tasks = trainable_tasks()
        titles = [f"{t.info.title} ({t.info.nouns})" for t in tasks]
        title, ok = QInputDialog.getItem(self, "New project", "What shall it learn?", titles, 0, False)
        if not ok:
            return
        name, ok = QInputDialog.getText(self, "New project", "Name of the project")
        if not ok or not name.strip():
            return
        from workbench.engine.journey import free_project_folder

        try:
            self.ctx.store.create(free_project_folder(name, self.ctx.paths), name, tasks[titles.index(title)].info.id)
        except UserError as error:
            self.banner.show_error(error)

    # Labelling -----------------------------------------------------------------------------------------------------

    def _label_key(self, key: int) -> None:
        self._label_rows(self.view.selected_rows(), key)

    def _label_rows(self, rows: list[int], key: int) -> None:
        editor = self._editor()
        if editor is not None:
            if rows and not editor.label_rows(rows, key):
                self._open_item(rows[0])
            return
        ids = self._ids_of(rows)
        if not ids or not self._may_change():
            return
        class_id = None
        if key:
            found = self.ctx.store.require().classes()
            if key > len(found):
                self.banner.show_message(f"There is no class {key} yet. Type its name under the classes.", "info")
                return
            class_id = found[key - 1].id
        self.ctx.store.set_label(ids, class_id)
        if len(rows) == 1:
            self._next(rows[0])

    def _ids_of(self, rows: Sequence[int]) -> list[int]:
        ids = self.model.ids
        return [ids[row] for row in rows]

    def _accept(self) -> None:
        """Take over the suggestions of the selected items, or open the editor."""
        rows = self.view.selected_rows()
        editor = self._editor()
        if editor is not None:
            if rows and not editor.accept_rows(rows):
                self._open_item(rows[0])
            return
        items = [i for i in (self.model.item_at(row) for row in rows) if i is not None]
        wanted = {i.id: i.suggestion for i in items if i.class_id is None and i.suggestion is not None}
        if not wanted or not self._may_change():
            return
        self.ctx.store.label_each(
            {k: v for k, v in wanted.items() if v is not None}, f"accept {len(wanted)} suggestions"
        )
        self._next(rows[-1])

    def _accept_sure(self) -> None:
        project = self.ctx.store.require()
        ids = project.item_ids(ItemFilter(labelled=False, problems=False))
        sure = {
            i.id: i.suggestion for i in project.items(ids) if i.suggestion is not None and i.suggestion_score >= _SURE
        }
        if sure:
            self.ctx.store.label_each(sure, f"accept {len(sure)} suggestions")
        self.banner.show_message(f"{len(sure)} suggestions accepted. Ctrl+Z takes them back.", "good")

    def _next(self, row: int) -> None:
        if row + 1 < self.model.rowCount():
            self.view.go_to(row + 1)

    def _suggest(self) -> None:
        if self._editor() is not None:
            self.marks.suggest()
            return
        project = self.ctx.store.require()
        card, _why = self.ctx.catalog.suggest(project.task_id, to_teach=True)

        def work(control: Control) -> int:
            from workbench.engine.suggest import suggest_labels

            return suggest_labels(project, card, control)

        def came(count: int) -> None:
            self.banner.show_message(
                f"{count:,} suggestions, the least certain first. Enter accepts, a number corrects.", "good",
                f"Accept all above {_SURE:.0%}", self._accept_sure,
            )  # fmt: skip
            self.filter_bar.show_uncertain()
            self.view.go_to(0)
            self.view.setFocus()

        job = self.ctx.jobs.start("Suggesting labels", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _remove(self) -> None:
        ids = self._ids_of(self.view.selected_rows())
        if ids and self._may_change():
            self.ctx.store.remove_items(ids)

    def _menu(self, at: QPoint) -> None:
        rows = self.view.selected_rows()
        if not rows:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._info().media == "picture":
            ids = [self.model.ids[row] for row in rows[:_MOST_EXAMPLES]]
            menu.addAction("Find more like this", lambda: self.ctx.go("similar", item_ids=ids))
            menu.addSeparator()
        elif isinstance(get_task(self.ctx.store.require().task_id), ComparingTask):
            chosen = self.model.ids[rows[0]]
            menu.addAction("Find more like this", lambda: show_alike(self.ctx, chosen, self.banner.show_error))
            menu.addSeparator()
        menu.addAction("Look at it in full size", lambda: self._open_item(rows[0]))
        menu.addAction("Put into a group …", self._group)
        menu.addAction("Take out of the project", self._remove)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def _may_change(self) -> bool:
        return self.ctx.store.may_change(self.banner.show_message)

    def _open_item(self, row: int) -> None:
        editor = self._editor()
        if editor is not None:
            self._show_editor(editor)
            editor.show_row(max(0, row))
            return
        from workbench.gui.widgets.item_viewer import ItemViewer

        viewer = ItemViewer(self.ctx, self.model, row, self)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.label_key.connect(lambda at, key: self._label_rows([at], key))
        viewer.moved.connect(self.view.go_to)
        viewer.open()

    def _editor(self) -> ItemEditor | None:
        """The editor of the open project's kind, made when it is first needed."""
        name = self._info().editor
        if name not in self._editors:
            editor = editor_for(name, self.ctx, self.model)
            self._editors[name] = editor
            if editor is not None:
                self.stack.addWidget(editor)
                editor.attach(self.view)
                editor.closed.connect(self._leave_editor)
                editor.moved.connect(self.view.go_to)
        return self._editors[name]

    def _show_editor(self, editor: ItemEditor) -> None:
        self.banner.hide()
        self.body.setContentsMargins(M, M, M, M)
        self.stack.setCurrentWidget(editor)

    def _leave_editor(self) -> None:
        if self.ctx.store.project is None:
            return
        self.body.setContentsMargins(XL, XL, XL, XL)
        self.stack.setCurrentWidget(self.full)
        self.view.setFocus()
        if self._stale:
            self._counts_changed()

    def _review(self) -> None:
        editor = self._editor()
        if editor is not None:
            self._show_editor(editor)
            editor.review()

    def _dropped_on_class(self, class_id: int, ids: list[int]) -> None:
        editor = self._editor()
        if editor is None:
            self.ctx.store.set_label(ids, class_id)
        elif not editor.drop_on(class_id, ids):
            self.banner.show_message("Labels are drawn here: double-click a picture, or press Enter.", "info")

    # Showing -------------------------------------------------------------------------------------------------------

    def _info(self) -> TaskInfo:
        return get_task(self.ctx.store.require().task_id).info

    def _project_changed(self) -> None:
        project = self.ctx.store.project
        self.stack.setCurrentWidget(self.full if project is not None else self.empty)
        self.body.setContentsMargins(XL, XL, XL, XL)
        if project is None:
            self.model.show_ids([])
            self.view.set_columns(())
            return
        info = self._info()
        editor = self._editor()
        annotated = editor is not None
        self.model.annotated = annotated
        self.model.tagged = editor is not None and editor.chips_in_list
        self.bars.show_for(editor)
        self.offer.show_for(project, info)
        self.filter_bar.set_annotated(annotated)
        self.classes.set_annotated(annotated, editor.list_hint if editor is not None else "")
        tiles = info.drawn
        self.view.set_tiles(tiles)
        self.filter_bar.zoom.setVisible(tiles)
        self.filter_bar.set_things(isinstance(get_task(project.task_id), CasesTask))
        self.suggest.setVisible(not info.learns_as_is)
        self.classes.setVisible(info.has_classes)
        columns = columns_of(project)
        self.columns.setVisible(bool(columns))
        target = target_of(columns)
        self.view.set_columns(columns, target.name if target is not None else "label")
        self.record.setVisible(info.media == "sound" and info.editor == "classes" and not project.read_only)
        self.title.setText(project.name)
        self._groups_changed()
        self.filter_bar.clear()
        self._classes_changed()
        self.health.later()

    def _groups_changed(self) -> None:
        project = self.ctx.store.project
        self._grouping = None
        # When all were just taken out, there is still as much to go through.
        if project is None or max(project.counts().total, self.model.rowCount()) <= _AT_ONCE:
            self.filter_bar.show_groups({} if project is None else project.groups())
            return
        job = self.ctx.jobs.start("Counting the groups", lambda _control: project.groups(), quiet=True)
        self._grouping = job

        def came(groups: dict[str, dict[str, int]]) -> None:
            if self._grouping is job and self.ctx.store.project is project:
                self.filter_bar.show_groups(groups)

        def failed(problem: Problem) -> None:
            if self.ctx.store.project is project:
                self.banner.show_error(problem)

        job.succeeded.connect(came)
        job.failed.connect(failed)

    def _group(self) -> None:
        """Put the selected items, or all that are shown, into a group."""
        if not self.model.ids or not self._may_change():
            return
        chosen = self._ids_of(self.view.selected_rows())
        dialog = GroupDialog(self.ctx, chosen, list(self.model.ids), self._info().nouns, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _items_changed(self) -> None:
        self._groups_changed()
        self._refill()
        self._counts_changed()

    def _classes_changed(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        self.model.set_classes(project.classes())
        self._counts_changed()

    def _labels_changed(self) -> None:
        """Of many items it is counted anew when the person pauses."""
        if self.model.rowCount() > _AT_ONCE:
            self._count_soon.start()
        else:
            self._counts_changed()

    def _counts_changed(self) -> None:
        self._count_soon.stop()
        project = self.ctx.store.project
        if project is None:
            return
        self._stale = isinstance(self.stack.currentWidget(), ItemEditor)
        if self._stale:
            return  # counting and checking can wait until the list is seen again
        counts = project.counts()
        classes = project.classes()
        self.classes.show_classes(classes, counts.per_class, counts.unlabelled)
        self.subtitle.setText(self._subtitle(project, counts))
        missing = self._missing(project)
        self.train.setEnabled(missing is None)
        self.train.setToolTip("Teach a model these labels" if missing is None else str(missing))
        self.suggest.setEnabled(counts.unlabelled > 0)
        self.health.later()

    def _subtitle(self, project: Project, counts: Counts) -> str:
        info = self._info()
        likes = project.interaction_counts()
        if likes.pairs:
            return f"{counts.total:,} {info.nouns}, {likes.liked:,} likes by {likes.people:,} people"
        done = "" if info.learns_as_is else f", {counts.labelled:,} {self._done_word()}"
        return f"{counts.total:,} {info.nouns}{done}"

    def _done_word(self) -> str:
        return "done" if self._editor() is not None else "with a label"

    def _missing(self, project: Project) -> UserError | None:
        """What is missing before anything can be learnt."""
        try:
            get_trainable(project.task_id).check(project)
        except UserError as error:
            return error
        return None

    def _refill(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        wanted = self.filter_bar.filter()
        if self._filling is not None:
            self._filling.cancel()
            self._filling = None
        if project.counts().total <= _AT_ONCE:
            self._fill(project.item_ids(wanted))
            return
        job = self.ctx.jobs.start("Listing the items", lambda _control: project.item_ids(wanted), quiet=True)
        self._filling = job

        def came(ids: list[int]) -> None:
            if self._filling is job and self.ctx.store.project is project:
                self._fill(ids)

        def ended() -> None:
            if self._filling is job:
                self._filling = None

        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)
        job.ended.connect(ended)

    @property
    def filling(self) -> bool:
        """The list is being looked for; it comes in a moment."""
        return self._filling is not None

    def _fill(self, ids: list[int]) -> None:
        """Show these items; who was at one stays there."""
        current = self.view.currentIndex()
        item_id = self.model.ids[current.row()] if 0 <= current.row() < len(self.model.ids) else 0
        self.model.show_ids(ids)
        self.filter_bar.count.setText(f"{len(ids):,} shown")
        row = self.model.row_of(item_id) if item_id else -1
        if row >= 0:
            self.view.go_to(row)
        elif ids:
            self.view.go_to(min(max(0, current.row()), len(ids) - 1))

    def _filter_class(self, class_id: int) -> None:
        if class_id < 0:
            self.filter_bar.clear()
            self.classes.clear_choice()
            return
        name = next((c.name for c in self.ctx.store.require().classes() if c.id == class_id), "")
        self.filter_bar.show_class(class_id, name)

    # Building ------------------------------------------------------------------------------------------------------

    def _build_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(L)
        column.addWidget(label("Your examples", "title"))
        self.drop = DropZone(
            "Drop a folder of pictures, or a table of texts",
            "A folder per class brings its labels along. Click to choose a folder.",
            "folder-input",
        )
        self.drop.setObjectName("data-drop")
        self.drop.dropped.connect(self._dropped)
        self.drop.clicked.connect(self._choose_folder)
        column.addWidget(self.drop, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(button("Choose files …", self._choose_files, icon_name="file-plus"))
        row.addWidget(button("Empty project …", self._new_project, icon_name="folder-plus"))
        row.addStretch(1)
        column.addLayout(row)
        return page

    def _build_full(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(M)
        top = QHBoxLayout()
        top.setSpacing(S)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = label("", "title")
        self.subtitle = label("", "soft")
        words.addWidget(self.title)
        words.addWidget(self.subtitle)
        top.addLayout(words, 1)
        self.add = button("Add", None, icon_name="plus", name="data-add", tip="Add a folder, files or a table")
        menu = QMenu(self.add)
        menu.addAction("A folder …", self._choose_folder)
        menu.addAction("Files or a table …", self._choose_files)
        menu.addAction("An empty project …", self._new_project)
        self.add.setMenu(menu)
        self.suggest = button(
            "Suggest labels", self._suggest, icon_name="wand-sparkles", name="suggest",
            tip="Let the model guess the missing labels from those you gave (active learning)",
        )  # fmt: skip
        self.export = button("Export", None, icon_name="folder-output", tip="Save the labels for other programs")
        always = [
            ("Labels as a table (CSV) …", self._export_table, False),
            ("A folder per class …", self._export_folders, True),
        ]
        self.export_menu = ExportMenu(self.ctx, self.banner, always, self._tell_problems, self.export)
        self.export.setMenu(self.export_menu)
        self.train = button(
            "Train a model", lambda: self.ctx.go("train"), role="primary", icon_name="graduation-cap", name="go-train"
        )
        self.record = button(
            "Record",
            self._record,
            icon_name="mic",
            name="data-record",
            tip="Record examples with the microphone (Ctrl+R)",
        )
        self.record.setShortcut("Ctrl+R")
        self.record.hide()
        self.columns = button(
            "Columns …", lambda: open_columns(self.ctx, self), icon_name="table", name="data-columns",
            tip="What the columns mean, which is found out, and which are left out",
        )  # fmt: skip
        self.columns.hide()
        for widget in (self.health.badge, self.columns, self.record, self.add, self.suggest, self.export, self.train):
            top.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(top)
        column.addWidget(self.checks)
        self._recorder: RecordExamples | None = None
        self._recorder_place = QVBoxLayout()
        column.addLayout(self._recorder_place)
        column.addWidget(self.filter_bar)
        column.addWidget(self.bars)
        splitter = QSplitter(page)
        column.addWidget(splitter, 1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.view)
        splitter.addWidget(self.classes)
        splitter.setStretchFactor(0, 1)
        splitter.setHandleWidth(M)
        splitter.setSizes([800, 250])

    def _record(self) -> None:
        """Show, or hide, what records examples; made when it is first wanted."""
        if not self._may_change():
            return
        if self._recorder is None:
            self._recorder = RecordExamples(self.ctx)
            self._recorder.closed.connect(self.view.setFocus)
            self._recorder_place.addWidget(self._recorder)
        elif self._recorder.isVisible():
            self._recorder.close_panel()
            return
        self._recorder.open(self.classes.chosen_name())

    def _dropped(self, mime: QMimeData) -> None:
        paths = local_paths(mime)
        if paths:
            self.import_paths(paths)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of pictures or texts")
        if folder:
            self.import_paths([folder])

    def _choose_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Choose pictures, texts or a table")
        if files:
            self.import_paths(files)

    def _export_table(self) -> None:
        file, _ = QFileDialog.getSaveFileName(self, "Save the labels", "labels.csv", "Table (*.csv)")
        if file:
            self.export_menu.deliver("table", "Writing labels", Path(file))

    def _export_folders(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose an empty folder")
        if folder:
            self.export_menu.deliver("folders", "Copying", Path(folder))

    def item_at(self, row: int) -> Item | None:
        """The item of a row as it is shown."""
        return self.model.item_at(row)
