"""The labels of one item or of many at once, as chips that are switched on and off."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from workbench.data.project_annotations import TagOverview
from workbench.data.types import ClassLabel
from workbench.gui.icons import pixmap
from workbench.gui.theme import XS, S, theme
from workbench.gui.widgets.basic import button, label
from workbench.gui.widgets.flow_layout import FlowLayout

_LONGEST = 220
_AIR = 9


class TagChip(QAbstractButton):
    """One label: on, off, on some of the items, or proposed by a model.

    Attributes:
        found: the class it stands for.
        state: "on", "some", "off" or "proposed".
    """

    def __init__(self, found: ClassLabel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found = found
        self.state = "off"
        self._beside = ""
        self.setObjectName(f"tag-{found.position + 1}")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme().changed.connect(self.update)

    def show_state(self, seen: TagOverview) -> None:
        """How these items stand to the label."""
        has = seen.has.get(self.found.id, 0)
        proposed, score = seen.proposed.get(self.found.id, (0, 0.0))
        self.state = "on" if seen.items and has >= seen.items else "some" if has else "proposed" if proposed else "off"
        self._beside = f"{score:.0%}?" if self.state == "proposed" else str(has) if self.state == "some" else ""
        words = {
            "on": "on", "off": "off", "some": f"on {has} of {seen.items}", "proposed": f"suggested, {score:.0%} sure",
        }[self.state]  # fmt: skip
        key = f", key {self.found.position + 1}" if self.found.position < 9 else ""
        self.setAccessibleName(f"{self.found.name}, {words}{key}")
        deed = "Take it off" if self.state == "on" else "Accept it" if self.state == "proposed" else "Put it on"
        if self.state == "some":
            deed = "Put it on the others too"
        self.setToolTip(f"{self.found.name}: {words}. {deed} with a click" + (key.replace(", key", " or key")) + ".")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        key = 22 if self.found.position < 9 else 0
        beside = metrics.horizontalAdvance(self._beside) + 8 if self._beside else 0
        width = 30 + key + min(_LONGEST, metrics.horizontalAdvance(self.found.name)) + beside + 12
        return QSize(width, metrics.height() + _AIR + 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        colour, radius = QColor(self.found.colour), box.height() / 2
        path = QPainterPath()
        path.addRoundedRect(box, radius, radius)
        painter.fillPath(path, theme().colour("raised" if self.underMouse() else "surface"))
        ground = QColor(colour)
        ground.setAlpha(60 if theme().mode == "light" else 100)
        if self.state == "on":
            painter.fillPath(path, ground)
        elif self.state == "some":
            ground.setAlpha(ground.alpha() // 2)
            painter.fillPath(path, ground)
        style = Qt.PenStyle.DashLine if self.state == "proposed" else Qt.PenStyle.SolidLine
        edge = theme().colour("line_strong") if self.state == "off" else colour
        painter.setPen(
            QPen(theme().colour("accent") if self.hasFocus() else edge, 2.2 if self.hasFocus() else 1.3, style)
        )
        painter.drawPath(path)
        self._sign(painter, box, colour)
        left = box.left() + 26
        metrics = painter.fontMetrics()
        if self.found.position < 9:
            key = QRectF(left, box.center().y() - 8, 16, 16)
            painter.setPen(QPen(theme().colour("line_strong"), 1))
            painter.drawRoundedRect(key, 4, 4)
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(key, Qt.AlignmentFlag.AlignCenter, str(self.found.position + 1))
            left += 22
        room = box.right() - 8 - left
        if self._beside:
            wide = metrics.horizontalAdvance(self._beside)
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(
                QRectF(box.right() - 10 - wide, box.top(), wide + 2, box.height()),
                Qt.AlignmentFlag.AlignVCenter,
                self._beside,
            )
            room -= wide + 8
        painter.setPen(theme().colour("text"))
        shown = metrics.elidedText(self.found.name, Qt.TextElideMode.ElideRight, int(room))
        painter.drawText(QRectF(left, box.top(), room, box.height()), Qt.AlignmentFlag.AlignVCenter, shown)

    def _sign(self, painter: QPainter, box: QRectF, colour: QColor) -> None:
        """A tick, a dash, or a dot in the label's colour."""
        centre = QPointF(box.left() + 14, box.center().y())
        if self.state == "on":
            found = pixmap("check", 16, "text")
            painter.drawPixmap(QRectF(centre.x() - 8, centre.y() - 8, 16, 16), found, QRectF(found.rect()))
            return
        painter.setPen(QPen(colour, 2) if self.state != "off" else Qt.PenStyle.NoPen)
        if self.state == "some":
            painter.drawLine(centre - QPointF(5, 0), centre + QPointF(5, 0))
            return
        painter.setBrush(Qt.BrushStyle.NoBrush if self.state == "proposed" else colour)
        painter.drawEllipse(centre, 4.5, 4.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)


class TagChips(QWidget):
    """All labels of a project as chips, and the buttons that end an item.

    Signals:
        toggled(int): class id of the chip that was clicked.
        none(): none of the labels fits.
        done(): the labels are as they should be; what is suggested is taken over.
        refused(): as `done`, without what is suggested.
    """

    toggled = Signal(int)
    none = Signal()
    done = Signal()
    refused = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chips: list[TagChip] = []
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(S)
        column = QVBoxLayout()
        column.setSpacing(XS)
        line.addLayout(column, 1)
        self._holder = QWidget()
        self._flow = FlowLayout(self._holder)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self._holder.setSizePolicy(policy)
        column.addWidget(self._holder)
        self.words = label("", "faint")
        self.words.setObjectName("tags-words")
        self.nothing = button(
            "None of them",
            self.none.emit,
            icon_name="ban",
            name="tags-none",
            tip="No label fits; that is an answer too (key 0)",
        )
        self.without = button(
            "Done without the suggested", self.refused.emit, role="quiet", name="tags-refuse",
            tip="Refuse what the model suggests (Shift+Enter)",
        )  # fmt: skip
        self.ready = button("Done", self.done.emit, icon_name="check", name="tags-done")
        column.addWidget(self.words)
        column.addStretch(1)
        for pressed in (self.without, self.nothing, self.ready):
            line.addWidget(pressed, 0, Qt.AlignmentFlag.AlignTop)
        self.show_overview(TagOverview())

    def show_classes(self, classes: Sequence[ClassLabel]) -> None:
        """One chip for each; what they show comes with `show_overview`."""
        if [c.found for c in self.chips] == list(classes):
            return
        while (entry := self._flow.takeAt(0)) is not None:
            widget = entry.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.chips = [TagChip(found, self._holder) for found in classes]
        for chip in self.chips:
            chip.clicked.connect(lambda _checked=False, class_id=chip.found.id: self.toggled.emit(class_id))
            self._flow.addWidget(chip)
            chip.show()
        self._holder.updateGeometry()

    def show_overview(self, seen: TagOverview) -> None:
        """How the chosen items stand."""
        for chip in self.chips:
            chip.show_state(seen)
            chip.setEnabled(seen.items > 0)
        waiting = sum(n for n, _ in seen.proposed.values())
        open_ones = seen.items - seen.done
        if not seen.items:
            words = "Choose items to give them labels."
        elif seen.items == 1:
            words = "done" if seen.done else "not done"
        else:
            words = (
                f"{seen.items:,} chosen, {open_ones:,} not done" if open_ones else f"{seen.items:,} chosen, all done"
            )
        self.words.setText(words)
        self.ready.setText(f" Accept {waiting} suggested, done" if waiting else " Done")
        self.ready.setAccessibleName(self.ready.text().strip())
        self.ready.setToolTip(f"{self.ready.text().strip()}, and on to the next (Enter)")
        self.without.setVisible(waiting > 0)
        for pressed in (self.nothing, self.without, self.ready):
            pressed.setEnabled(seen.items > 0)
        self._holder.updateGeometry()
