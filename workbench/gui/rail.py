"""The left rail: one button per page."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QVBoxLayout, QWidget

from workbench.gui.icons import icon
from workbench.gui.theme import XS, M, S, theme


@dataclass(frozen=True)
class PageEntry:
    """A page of the rail and where its class is. `alone`: it is of use without an open project, so it is reopened too."""

    id: str
    title: str
    icon: str
    tip: str
    module: str
    class_name: str
    alone: bool = False


def key_of(number: int) -> str:
    """The shortcut of the page that is listed at this place, from 1."""
    return f"Ctrl+{number % 10}" if number <= 10 else ""


PAGES = (
    PageEntry("home", "Home", "house", "Start here; your projects", "workbench.gui.pages.home", "HomePage"),
    PageEntry(
        "models", "Models", "library", "Browse pre-trained models", "workbench.gui.pages.models_page", "ModelsPage"
    ),
    PageEntry(
        "try",
        "Try",
        "flask-conical",
        "Try a model on a picture or a text (inference)",
        "workbench.gui.pages.try_page",
        "TryPage",
    ),
    PageEntry(
        "talk",
        "Talk",
        "message-square-text",
        "Ask a model, by typing or by voice, also about your own documents (chat)",
        "workbench.gui.pages.talk_page",
        "TalkPage",
        alone=True,
    ),
    PageEntry(
        "similar",
        "Find",
        "search",
        "Find pictures that look alike, and passages in your documents (similarity and semantic search)",
        "workbench.gui.pages.similar_page",
        "SimilarPage",
    ),
    PageEntry(
        "data",
        "Data",
        "images",
        "Import and label your own examples (dataset)",
        "workbench.gui.pages.data_page",
        "DataPage",
    ),
    PageEntry(
        "train",
        "Train",
        "graduation-cap",
        "Teach a model your labels (fine-tuning)",
        "workbench.gui.pages.train_page",
        "TrainPage",
    ),
    PageEntry(
        "results",
        "Results",
        "chart-column",
        "How good your model is (evaluation)",
        "workbench.gui.pages.results_page",
        "ResultsPage",
    ),
    PageEntry(
        "use", "Use", "rocket", "Run and export your models (deployment)", "workbench.gui.pages.use_page", "UsePage"
    ),
    PageEntry(
        "storage",
        "Storage",
        "hard-drive",
        "Downloads on this computer and the internet (cache, network)",
        "workbench.gui.pages.storage_page",
        "StoragePage",
    ),
)


class Rail(QWidget):
    """Exactly one button is down. `chosen(page id)`: the person wants another page."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "rail")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(S, M, S, M)
        column.setSpacing(XS)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for number, entry in enumerate(PAGES, 1):
            made = QToolButton()
            made.setProperty("role", "rail")
            made.setObjectName(f"rail-{entry.id}")
            made.setText(entry.title)
            made.setToolTip(f"{entry.tip} ({key_of(number)})")
            made.setAccessibleName(entry.title)
            made.setAccessibleDescription(entry.tip)
            made.setCheckable(True)
            made.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            made.setIconSize(QSize(22, 22))
            made.setFixedWidth(76)
            made.setCursor(Qt.CursorShape.PointingHandCursor)
            made.clicked.connect(lambda _checked=False, page=entry.id: self.chosen.emit(page))
            self._group.addButton(made)
            self._buttons[entry.id] = made
            column.addWidget(made)
        column.addStretch(1)
        theme().changed.connect(self._draw)
        self._draw()

    def select(self, page_id: str) -> None:
        chosen = self._buttons[page_id]
        chosen.setChecked(True)
        # The ring of the keyboard goes along, so that it never marks another page than the one shown.
        if any(made.hasFocus() for made in self._buttons.values()):
            chosen.setFocus()

    def _draw(self) -> None:
        for entry in PAGES:
            self._buttons[entry.id].setIcon(icon(entry.icon, "text_soft", 22, checked="accent"))
