"""What pages share: handed to each of them, never reached through a global."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.errors import Problem, UserError
from workbench.gui.downloads import Downloads
from workbench.gui.project_store import ProjectStore
from workbench.gui.settings import Settings
from workbench.gui.thumbnails import Thumbnails
from workbench.gui.workers import Jobs


class AppContext(QObject):
    """The window's shared state.

    Signals:
        navigation(str, object): page id and an intent for it (dict); the main window answers.
        notice(str, str): a short sentence and its kind (info, good, warn, bad), shown for a while in the window.
        models_changed(): the person's own models changed, or weights were downloaded or deleted.

    Intents understood by the pages:
        try: {"model_id", "paths": [str], "text": str, "camera": True}
        talk: {"model_id", "text": str, "paths": [folder]} (a new conversation about it)
        models: {"model_id"}
        data: {"item_ids": [int], "title": str} | {"paths": [str]} (import these) | {"new_project": True}
        similar: {"item_ids": [int]} (more like these of the project) | {"paths": [str]} | {"duplicates": True}
            | {"documents": True, "paths": [str]} (the documents' side, with these added)
        train: {"run_id"} (go on with an interrupted run) | {"model_id"}
        results: {"run_id"}
        use: {"model_id"}
    """

    navigation = Signal(str, object)
    notice = Signal(str, str)
    models_changed = Signal()

    def __init__(self, paths: AppPaths | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.paths = (paths or app_paths()).ensure()
        self.settings = Settings(self.paths)
        self.jobs = Jobs(self)
        self.catalog = Catalog.load(self.paths)
        self.store = ProjectStore(self, self.jobs)
        self.thumbnails = Thumbnails(self.paths.cache / "thumbnails", self)
        self.downloads = Downloads(self.paths, self)
        self.downloads.arrived.connect(lambda _id: self.models_changed.emit())

    def is_here(self, card: ModelCard) -> bool:
        """Can the model be used now, with no download?"""
        from workbench.hub.store import is_present

        return is_present(card, self.paths)

    def go(self, page_id: str, **intent: Any) -> None:
        self.navigation.emit(page_id, intent)

    def notify(self, text: str, kind: str = "info") -> None:
        self.notice.emit(text, kind)

    def notify_error(self, error: Problem | UserError) -> None:
        self.notice.emit(f"{error.message} {error.hint}".strip(), "bad")
