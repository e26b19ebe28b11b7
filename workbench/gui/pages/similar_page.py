"""Find: pictures that look alike or are nearly the same, in a folder or the open project; and passages of documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.picture_index import Entry, PictureIndex
from workbench.engine.similarity import Group
from workbench.errors import Problem
from workbench.gui.context import AppContext
from workbench.gui.files import keep_best
from workbench.gui.pages.base import Page
from workbench.gui.pages.documents_view import DocumentsView, are_documents
from workbench.gui.theme import L, M, S
from workbench.gui.widgets.basic import Banner, DropZone, button, label, local_paths
from workbench.gui.widgets.duplicates_view import DuplicatesView
from workbench.gui.widgets.likeness_view import LikenessView, as_lists
from workbench.gui.workers import Job
from workbench.tasks.registry import get_task

Entries = Callable[[Control], tuple[str, list[Entry]]]


class SimilarPage(Page):
    """See the module."""

    page_id = "similar"

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(ctx, parent)
        self.body.setSpacing(M)
        # From the outside in, each with its parent: what is put into another later, is styled anew with all that is in it.
        self.kinds = QTabWidget(self)
        self.body.addWidget(self.kinds, 1)
        self.pictures = QWidget()
        self._documents_place = QWidget()
        self.kinds.addTab(self.pictures, "Pictures")
        self.kinds.addTab(self._documents_place, "Documents")
        inside = QVBoxLayout(self.pictures)
        inside.setContentsMargins(0, M, 0, 0)
        inside.setSpacing(M)
        self.banner = Banner()
        inside.addWidget(self.banner)
        self.stack = QStackedWidget(self.pictures)
        inside.addWidget(self.stack, 1)
        self._documents: DocumentsView | None = None
        QVBoxLayout(self._documents_place).setContentsMargins(0, 0, 0, 0)
        self.kinds.setObjectName("find-kinds")
        self.kinds.setAccessibleName("What to find")
        self.kinds.currentChanged.connect(lambda _n: self._kind_changed())
        self.empty = self._build_empty()
        self.stack.addWidget(self.empty)
        self.full = QWidget(self.stack)
        self.stack.addWidget(self.full)
        self._build_full(self.full)
        self.alike = LikenessView(ctx)
        self.same = DuplicatesView(ctx)
        self.tabs.setObjectName("similar-tabs")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.alike, "Alike")
        self.tabs.addTab(self.same, "Nearly the same")
        self._place: tuple[str, str, Entries] | None = None
        self._index: PictureIndex | None = None
        self._of_project = False
        self._compared = False
        self._looking: Job | None = None
        self._searching: Job | None = None
        self._comparing: Job | None = None
        self.alike.wanted.connect(self._search)
        self.alike.refused.connect(self.banner.show_error)
        self.same.wanted.connect(lambda _edited: self._compare())
        self.same.trash.connect(self._to_trash)
        self.same.take_out.connect(self._take_out)
        self.tabs.currentChanged.connect(lambda _tab: self._compare_when_seen())
        ctx.store.project_changed.connect(self._project_changed)
        self._project_changed()
        if ctx.settings.text("find/kind") == "documents":
            self.kinds.setCurrentWidget(self._documents_place)

    # What others ask of the page -----------------------------------------------------------------------------------

    @property
    def documents(self) -> DocumentsView:
        """The documents' side; made when it is first wanted."""
        if self._documents is None:
            self._documents = DocumentsView(self.ctx)
            layout = self._documents_place.layout()
            assert layout is not None
            layout.addWidget(self._documents)
            self._documents.show()  # now, not when the layout comes to it
        return self._documents

    def receive(self, intent: dict[str, Any]) -> None:
        documents = bool(intent.get("documents"))
        self.kinds.setCurrentWidget(self._documents_place if documents else self.pictures)
        if documents:
            if intent.get("paths"):
                self.documents.add(list(intent["paths"]))
        elif intent.get("item_ids"):
            self._more_like_items(list(intent["item_ids"]))
        elif intent.get("paths"):
            self.accept_drop(list(intent["paths"]))
        if intent.get("duplicates"):
            self.tabs.setCurrentWidget(self.same)

    def accept_drop(self, paths: list[str]) -> bool:
        """A folder is looked through; pictures become examples. Documents go to their side."""
        if self.kinds.currentWidget() is self._documents_place or are_documents(paths):
            self.kinds.setCurrentWidget(self._documents_place)
            self.documents.add(paths)
            return True
        folders = [Path(p) for p in paths if Path(p).is_dir()]
        if folders:
            self.look_in_folder(folders[0])
        elif self.stack.currentWidget() is self.full:
            self.tabs.setCurrentWidget(self.alike)
            self.alike.take(_mime(paths), True)
        else:
            # Kept as examples until there is something to search.
            self.alike.take(_mime(paths), True)
            self.banner.show_message(
                "Now choose the folder to look in.", "info", "Choose a folder …", self._choose_folder
            )
        return True

    def _kind_changed(self) -> None:
        documents = self.kinds.currentWidget() is self._documents_place
        self.ctx.settings.set_text("find/kind", "documents" if documents else "pictures")
        if documents:
            self.documents.begin()

    def look_in_folder(self, folder: Path) -> None:
        """All pictures in a folder and below it."""
        folder = folder.absolute()

        def entries(control: Control) -> tuple[str, list[Entry]]:
            from workbench.engine.picture_index import folder_entries

            return str(folder), folder_entries(folder, control)

        self._of_project = False
        self._look(folder.name or str(folder), str(folder), entries)

    def look_in_project(self) -> None:
        """All pictures of the open project."""
        project = self.ctx.store.project
        if project is None:
            return

        def entries(_control: Control) -> tuple[str, list[Entry]]:
            from workbench.engine.picture_index import project_entries

            return project_entries(project)

        self._of_project = True
        self._look(project.name, str(project.folder), entries)

    # Looking ---------------------------------------------------------------------------------------------------------

    def _look(self, title: str, tip: str, entries: Entries, fresh: bool = True) -> None:
        """Bring the index up to date; `fresh`: and what was found before is forgotten."""
        if self._looking is not None:
            self._looking.cancel()
        self._place = title, tip, entries
        self._index = None
        self.title.setText(title)
        self.title.setToolTip(tip)
        self.subtitle.setText("Looking for pictures …")
        if fresh:
            self._compared = False
            self.banner.hide()
            self.alike.show_entries([])
            self.same.show_waiting("The pictures are being looked at …")
        self.stack.setCurrentWidget(self.full)

        def work(control: Control) -> Iterator[object]:
            from workbench.engine.picture_index import update_index

            key, wanted = entries(control)
            yield wanted
            yield update_index(key, wanted, control)

        job = self.ctx.jobs.start_stream("Looking at pictures", work)
        self._looking = job
        self.stop.show()
        job.streamed.connect(lambda found: self._came(job, found))
        job.progressed.connect(lambda _share, words: self._progress(job, words))
        job.failed.connect(lambda problem: self._failed(job, problem))
        job.cancelled.connect(lambda: self._stopped(job))
        job.ended.connect(lambda: self._looked(job))

    def _came(self, job: Job, found: object) -> None:
        if self._looking is not job:
            return
        if isinstance(found, PictureIndex):
            self._index = found
            count = len(found.pictures)
            self.subtitle.setText(f"{count:,} pictures" if count != 1 else "1 picture")
            self.alike.show_index(found)
            if found.problems and not self.banner.isVisible():
                lines = [str(p) for p in found.problems[:3]]
                more = len(found.problems) - len(lines)
                self.banner.show_message("\n".join([*lines, f"and {more:,} more."] if more else lines), "warn")
            self._compare_when_seen()
        elif isinstance(found, list):
            self.alike.show_entries(found)

    def _progress(self, job: Job, words: str) -> None:
        if self._looking is job and words:
            self.subtitle.setText(f"{words} …")

    def _failed(self, job: Job, problem: Problem) -> None:
        if self._looking is job:
            self.stack.setCurrentWidget(self.empty)
            self.banner.show_error(problem)

    def _stopped(self, job: Job) -> None:
        if self._looking is job:
            self.subtitle.setText("Stopped. What was looked at is kept.")
            self.same.show_waiting("The pictures have not all been looked at.")
            self.banner.show_message(
                "Stopped before all pictures were looked at; it goes on where it was.",
                "info",
                "Go on",
                self._look_again,
            )

    def _looked(self, job: Job) -> None:
        if self._looking is job:
            self._looking = None
            self.stop.hide()

    def _look_again(self) -> None:
        if self._place is not None:
            self._look(*self._place)

    def _stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    # Searching -------------------------------------------------------------------------------------------------------

    def _search(self, like: list[Sample], unlike: list[Sample]) -> None:
        index = self._index
        if self._searching is not None:
            self._searching.cancel()
            self._searching = None
        if index is None:
            return
        if not like:
            self.alike.model.show_pictures(index.pictures)
            return

        def work(control: Control) -> tuple[list[int], list[float]]:
            from workbench.engine.similarity import find_like

            return as_lists(find_like(index, like, unlike, control))

        job = self.ctx.jobs.start("Comparing pictures", work)
        self._searching = job

        def came(found: tuple[list[int], list[float]]) -> None:
            if self._searching is job and self._index is index:
                self._searching = None
                self.alike.show_found(index, found)

        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _more_like_items(self, ids: list[int]) -> None:
        """Items of the open project become the only examples."""
        project = self.ctx.store.project
        if project is None:
            return
        samples = [item.sample() for item in project.items(ids) if item.kind == "picture"]
        self.tabs.setCurrentWidget(self.alike)
        self.look_in_project()
        self.alike.tray.add(samples, like=True, anew=True)

    # Nearly the same -------------------------------------------------------------------------------------------------

    def _compare_when_seen(self) -> None:
        if self.tabs.currentWidget() is self.same and not self._compared:
            self._compare()

    def _compare(self) -> None:
        index, edited = self._index, self.same.edited.isChecked()
        if self._comparing is not None:
            self._comparing.cancel()
        if index is None:
            return
        self._compared = True
        self.same.show_waiting("The pictures are being compared …")

        def work(control: Control) -> list[Group]:
            from workbench.engine.similarity import duplicate_groups

            return duplicate_groups(index, edited=edited, control=control)

        job = self.ctx.jobs.start("Looking for pictures that are nearly the same", work)
        self._comparing = job

        def came(groups: list[Group]) -> None:
            if self._comparing is job and self._index is index:
                self.same.show_groups(index, groups)

        def stopped() -> None:
            if self._comparing is job:
                self._compared = False
                self.same.show_waiting("Stopped before all pictures were compared.")

        job.succeeded.connect(came)
        job.cancelled.connect(stopped)
        job.failed.connect(self.banner.show_error)

    def _to_trash(self, groups: list[tuple[Path, Sequence[Path]]]) -> None:
        job = self.ctx.jobs.start("Moving to the trash", lambda control: keep_best(groups, control))

        def done(result: tuple[list[Path], list[Problem]]) -> None:
            gone, problems = result
            sentence = (
                f"{len(gone):,} pictures moved to the trash." if len(gone) != 1 else "1 picture moved to the trash."
            )
            if problems:
                sentence = "\n".join([sentence, *(str(p) for p in problems[:3])])
            self._forgotten(lambda: self.same.forget(gone))
            self.banner.show_message(sentence, "warn" if problems else "good")

        job.succeeded.connect(done)
        job.failed.connect(self.banner.show_error)

    def _take_out(self, ids: list[int]) -> None:
        project = self.ctx.store.project
        if project is None or not self._of_project or project.read_only:
            self.banner.show_message("This project is open for reading only.", "warn")
            return
        self.ctx.store.remove_items(ids)
        self._forgotten(lambda: self.same.forget_items(ids))
        many = f"{len(ids):,} pictures" if len(ids) != 1 else "1 picture"
        self.banner.show_message(
            f"{many} taken out of the project. Ctrl+Z takes that back; the files are still there.", "good"
        )

    def _forgotten(self, drop: Callable[[], None]) -> None:
        """Pictures went away: the groups lose them, and the list is made anew without comparing all again."""
        drop()
        if self._place is not None:
            self._look(*self._place, fresh=False)

    # Showing -----------------------------------------------------------------------------------------------------------

    def _project_changed(self) -> None:
        project = self.ctx.store.project
        fits = project is not None and get_task(project.task_id).info.media == "picture"
        for one in (self.from_project, self.project_button):
            one.setEnabled(fits)
            one.setToolTip("" if fits else "Open a project with pictures first")
        if self._of_project:
            self._of_project = False
            if self._looking is not None:
                self._looking.cancel()
                self._looking = None
            self._index = None
            self.banner.hide()
            self.stack.setCurrentWidget(self.empty)

    def _build_empty(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(L)
        column.addWidget(label("Find pictures", "title"))
        column.addWidget(
            label(
                "Show one and find all that look like it, or tidy up those that are nearly the same.", "soft", wrap=True
            )
        )
        self.drop = DropZone(
            "Drop a folder of pictures",
            "All pictures in it and below it are looked at, on this computer; nothing is changed. Click to choose a folder.",
            "folder-input",
        )
        self.drop.setObjectName("similar-folder-drop")
        self.drop.dropped.connect(self._dropped)
        self.drop.clicked.connect(self._choose_folder)
        column.addWidget(self.drop, 1)
        row = QHBoxLayout()
        row.addStretch(1)
        self.from_project = button(
            "The open project's pictures", self.look_in_project, icon_name="images", name="similar-project"
        )
        row.addWidget(self.from_project)
        row.addStretch(1)
        column.addLayout(row)
        return page

    def _build_full(self, page: QWidget) -> None:
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
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
        self.stop = button("Stop", self._stop, icon_name="circle-stop", name="similar-stop")
        self.stop.hide()
        self.again = button(
            "Look again", self._look_again, icon_name="refresh-cw", name="similar-again",
            tip="Only new and changed pictures are looked at",
        )  # fmt: skip
        self.project_button = button(
            "The open project's pictures", self.look_in_project, icon_name="images", name="similar-project-again"
        )
        self.folder_button = button(
            "Another folder …", self._choose_folder, icon_name="folder-open", name="similar-folder"
        )
        for widget in (self.stop, self.again, self.project_button, self.folder_button):
            top.addWidget(widget)
        column.addLayout(top)
        self.tabs = QTabWidget(page)
        column.addWidget(self.tabs, 1)

    def _dropped(self, mime: QMimeData) -> None:
        paths = local_paths(mime)
        if paths:
            self.accept_drop(paths)
        else:
            self.alike.take(mime, True)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Choose a folder of pictures")
        if folder:
            self.look_in_folder(Path(folder))


def _mime(paths: Sequence[str]) -> QMimeData:
    from PySide6.QtCore import QUrl

    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(p) for p in paths])
    return mime
