"""The map of texts: points by meaning, groups named by their keywords, and the texts of a group as a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QStackedWidget,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from workbench.engine.document_index import Passage
from workbench.gui.models.passage_list import PassageList
from workbench.gui.theme import CLASS_COLOURS, M, S, theme
from workbench.gui.widgets.basic import Banner, EmptyState, button, label
from workbench.gui.widgets.keywords_panel import DiversitySlider
from workbench.gui.widgets.passage_view import PassageView

_TIP = 300  # characters
_NEAR = 12  # pixels: so near a point counts as hit
_SIZE = 8


@dataclass(frozen=True)
class MapShown:
    """A map as the window needs it: plain lists.

    Attributes:
        groups: name and places of each, the largest first.
    """

    passages: tuple[Passage, ...]
    x: list[float]
    y: list[float]
    group_of: list[int]
    groups: list[tuple[str, str, list[int]]]
    note: str


class TextMapView(QWidget):
    """Signals:
    wanted(bool, float): a map is wanted: True for a point per document; how different keywords shall be.
    chosen(Passage): a point or a text of the list.
    """

    wanted = Signal(bool, float)
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._map: MapShown | None = None
        self._plot: Any = None
        self._scatter: Any = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, M, 0, 0)
        column.setSpacing(S)
        self.kind = QComboBox()
        self.kind.setObjectName("map-kind")
        self.kind.setAccessibleName("What a point is")
        self.kind.addItem("A point per passage", False)
        self.kind.addItem("A point per document", True)
        self.draw = button("Draw the map", self._ask, role="primary", icon_name="shapes", name="map-draw",
                           tip="Near each other is what means something alike (t-SNE, k-means)")  # fmt: skip
        self.slider = DiversitySlider("map-different")
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.kind)
        row.addWidget(self.draw)
        row.addSpacing(M)
        row.addWidget(label("Names of groups:", "soft"))
        row.addWidget(self.slider, 1)
        column.addLayout(row)
        self.banner = Banner()
        column.addWidget(self.banner)
        self.stack = QStackedWidget()
        self.empty = EmptyState(
            "shapes", "No map yet", "A map shows at a glance what your documents are about: texts that mean something alike"
            " lie near each other, in groups named by their keywords.",
        )  # fmt: skip
        self.stack.addWidget(self.empty)
        self.full = QSplitter(Qt.Orientation.Horizontal)
        self.full.setChildrenCollapsible(False)
        self.full.setHandleWidth(M)
        self.stack.addWidget(self.full)
        column.addWidget(self.stack, 1)
        self._place = QWidget()
        self._place_layout = QVBoxLayout(self._place)
        self._place_layout.setContentsMargins(0, 0, 0, 0)
        self.groups = QListWidget()
        self.groups.setObjectName("map-groups")
        self.groups.setAccessibleName("Groups")
        self.groups.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.groups.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.groups.setSpacing(2)
        self.groups.currentRowChanged.connect(self._group_chosen)
        self.model = PassageList()
        self.texts = PassageView(self.model, "map-texts", "Texts of the group")
        self.texts.chosen.connect(self._text_chosen)
        side = QSplitter(Qt.Orientation.Vertical)
        side.setHandleWidth(S)
        side.setChildrenCollapsible(False)
        side.addWidget(self.groups)
        side.addWidget(self.texts)
        side.setSizes([200, 300])
        self.full.addWidget(self._place)
        self.full.addWidget(side)
        self.full.setSizes([520, 300])
        theme().changed.connect(self._restyle)

    def show_nothing(self) -> None:
        """The map there was is of other documents."""
        self._map = None
        self.banner.hide()
        self.stack.setCurrentWidget(self.empty)

    def show_busy(self, busy: bool) -> None:
        """While a map is being made."""
        self.draw.setEnabled(not busy)

    def show_map(self, shown: MapShown) -> None:
        self._make_plot()
        self._map = shown
        self.banner.hide()
        if shown.note:
            self.banner.show_message(shown.note, "info")
        self.groups.blockSignals(True)
        self.groups.clear()
        for number, (name, keywords, places) in enumerate(shown.groups):
            item = QListWidgetItem(f"{len(places):,}  {name}")
            item.setToolTip(keywords)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {len(places):,} texts")
            self.groups.addItem(item)
            self._swatch(number)
        self.groups.setCurrentRow(-1)
        self.groups.blockSignals(False)
        self.model.show_passages(())
        self.stack.setCurrentWidget(self.full)
        self._draw(-1)
        self._plot.getPlotItem().autoRange(padding=0.05)
        self.groups.setCurrentRow(0)

    def place_of(self, number: int) -> QPoint:
        """Where a point is on the plot's viewport."""
        assert self._map is not None
        from PySide6.QtCore import QPointF

        scene = self._plot.getPlotItem().vb.mapViewToScene(QPointF(self._map.x[number], self._map.y[number]))
        place: QPoint = self._plot.mapFromScene(scene)
        return place

    @property
    def plot(self) -> Any:
        """The drawing; None before the first map."""
        return self._plot

    # Drawing ------------------------------------------------------------------------------------------------------------

    def _make_plot(self) -> None:
        if self._plot is not None:
            return
        # Imported here: it brings numpy, which the first window does without.
        import pyqtgraph as pg

        self._plot = pg.PlotWidget(background=theme().colour("surface"), enableMenu=False)
        self._plot.setObjectName("map-plot")
        self._plot.setAccessibleName("Map of the texts; the list of groups beside it says the same in words")
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        item = self._plot.getPlotItem()
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.setAspectLocked(True)
        self._scatter = pg.ScatterPlotItem(pxMode=True)
        item.addItem(self._scatter)
        self._plot.scene().sigMouseMoved.connect(self._hovered)
        self._plot.scene().sigMouseClicked.connect(self._clicked)
        self._place_layout.addWidget(self._plot)

    def _draw(self, group: int) -> None:
        """All points; those of other groups are faint when one is chosen."""
        if self._map is None or self._scatter is None:
            return
        import pyqtgraph as pg

        brushes = []
        for number in range(len(self._map.groups)):
            colour = self._colour(number)
            faint = QColor(colour)
            faint.setAlpha(85)
            brushes.append((pg.mkBrush(colour), pg.mkBrush(faint)))
        many = len(self._map.passages) > 2000
        self._scatter.setData(
            x=self._map.x, y=self._map.y, size=_SIZE - 3 if many else _SIZE,
            brush=[brushes[g][group not in (-1, g)] for g in self._map.group_of], pen=pg.mkPen(None),
        )  # fmt: skip

    def _restyle(self) -> None:
        if self._plot is not None:
            self._plot.setBackground(theme().colour("surface"))
        self._draw(self.groups.currentRow())

    @staticmethod
    def _colour(group: int) -> QColor:
        """As in the list; beyond the colours there are, they come again, lighter."""
        colour = QColor(CLASS_COLOURS[group % len(CLASS_COLOURS)])
        return colour.lighter(150) if group >= len(CLASS_COLOURS) else colour

    def _swatch(self, group: int) -> None:
        picture = QPixmap(12, 12)
        picture.fill(self._colour(group))
        self.groups.item(group).setIcon(picture)

    # Choosing -----------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self.wanted.emit(bool(self.kind.currentData()), self.slider.value)

    def _group_chosen(self, group: int) -> None:
        if self._map is None or group < 0:
            return
        self._draw(group)
        self.model.show_passages([self._map.passages[n] for n in self._map.groups[group][2]], ranked=False)

    def _text_chosen(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(self.model.passage(row))

    def _at(self, scene_place: Any) -> int:
        """The point nearest to a place, or -1."""
        if self._map is None:
            return -1
        box = self._plot.getPlotItem().vb
        wide, high = box.viewPixelSize()
        at = box.mapSceneToView(scene_place)
        best, nearest = -1, float(_NEAR**2)
        for number, (x, y) in enumerate(zip(self._map.x, self._map.y, strict=True)):
            apart = ((x - at.x()) / wide) ** 2 + ((y - at.y()) / high) ** 2
            if apart < nearest:
                best, nearest = number, apart
        return best

    def _hovered(self, scene_place: Any) -> None:
        number = self._at(scene_place)
        if number < 0 or self._map is None:
            QToolTip.hideText()
            return
        passage = self._map.passages[number]
        words = " ".join(passage.text.split())
        words = f"{words[:_TIP]} …" if len(words) > _TIP else words
        place = self._plot.mapToGlobal(self._plot.mapFromScene(scene_place))
        QToolTip.showText(place, f"{passage.title}, {passage.place}\n{words}", self._plot)

    def _clicked(self, event: Any) -> None:
        number = self._at(event.scenePos())
        if number < 0 or self._map is None:
            return
        group = self._map.group_of[number]
        self.groups.setCurrentRow(group)
        self.texts.choose(self._map.groups[group][2].index(number))
