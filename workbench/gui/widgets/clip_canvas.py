"""A recording over its spectrum, with the sounds in it as coloured bars; zoomed, listened to, and drawn on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from workbench.control import Control
from workbench.data.spectrum import BANDS, FINE, PIECE_SECONDS, Spectrum, fine_piece, pitch_at, share_of
from workbench.data.types import Sample
from workbench.data.video import clock
from workbench.data.waveform import Waveform
from workbench.engine.sound_view import SoundView, sound_view
from workbench.gui.context import AppContext
from workbench.gui.theme import theme
from workbench.gui.workers import Job, while_there

_RULER, _LANE, _WAVE_SHARE, _GAP = 18, 22, 0.24, 4
_MOST_LANES = 6
_NEAR = 6  # pixels: so near an edge it is taken
_CLICK = 4  # less is no drag
_ZOOM, _CLOSEST = 1.3, 0.25
_MARK_PIXELS = 90
_DISTANCES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
# From so many pixels a second on fine pieces are looked at; so many are kept.
_FINE_FROM, _MOST_PIECES = 20.0, 48
# Narrower bars are drawn plainly.
_THIN = 5.0
_PITCHES = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)


@dataclass(frozen=True)
class Block:
    """One sound. `proposal`: a model's, drawn with a broken line; `words` say it in a tooltip; `lane` is given by `laned`."""

    id: int
    begins: float
    ends: float
    label: str
    colour: str
    proposal: bool = False
    words: str = ""
    low: float = 0.0
    high: float = 0.0
    lane: int = 0


def laned(blocks: Sequence[Block]) -> list[Block]:
    """In order of their beginning, those that overlap on lanes of their own: the lowest that is free."""
    ends: list[float] = []
    found = []
    for block in sorted(blocks, key=lambda b: (b.begins, b.ends, b.id)):
        lane = next((n for n, end in enumerate(ends) if end <= block.begins + 1e-9), len(ends))
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = block.ends
        found.append(replace(block, lane=min(lane, _MOST_LANES - 1)))
    return found


class ClipCanvas(QWidget):
    """Args:
        editable: blocks can be drawn and moved.

    Signals:
        pointed(float): a moment was clicked.
        chosen(object): the id of a block that was clicked; 0 for none.
        made(float, float): dragged over from here to there.
        moved(object, float, float): a block's id, new beginning and end.
        opened(object): the id of a block that was clicked twice.
        viewed(float, float): what is looked at has changed.
        read(object): the `SoundView` so far.
        failed(object): a `Problem`: it cannot be read.
        toggled(): the space bar: play or pause.
    """

    pointed = Signal(float)
    # Ids have more bits than Qt's int.
    chosen = Signal(object)
    made = Signal(float, float)
    moved = Signal(object, float, float)
    opened = Signal(object)
    viewed = Signal(float, float)
    read = Signal(object)
    failed = Signal(object)
    toggled = Signal()

    def __init__(self, ctx: AppContext, editable: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx, self._editable = ctx, editable
        self.setObjectName("clip-canvas")
        self.setAccessibleName("The recording with its spectrum and the sounds in it")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.sample: Sample | None = None
        self.waveform = Waveform()
        self.spectrum = Spectrum()
        self.seconds = 0.0
        self.begins, self.ends = 0.0, 0.0
        self.position = 0.0
        self.selected = 0
        self.marked: tuple[float, float] | None = None
        self.blocks: list[Block] = []
        self._lanes = self._lanes_drawn = 1
        self._drawn: QPixmap | None = None  # waveform, spectrum, ruler
        self._bars: QPixmap | None = None  # the blocks over it
        self._pieces: dict[int, QImage] = {}
        self._job: Job | None = None
        self._piece_job: Job | None = None
        self._drag: tuple[str, int, float] | None = None  # (what, id, where it was taken)
        self._pressed, self._dragging = QPointF(), False
        theme().changed.connect(self._theme_changed)

    def sizeHint(self) -> QSize:
        return QSize(640, 320)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 120)

    # What is shown -----------------------------------------------------------------------------------------------------

    def open(self, sample: Sample | None, seconds: float = 0.0) -> None:
        """Another recording, or none; `seconds`: its length where that is known."""
        if sample == self.sample and sample is not None:
            return
        for job in (self._job, self._piece_job):
            if job is not None:
                job.cancel()
        self._job = self._piece_job = None
        self.sample = sample
        self.waveform, self.spectrum, self.seconds = Waveform(), Spectrum(), seconds
        self.begins, self.ends, self.position = 0.0, seconds, 0.0
        self.marked, self._drag = None, None
        self._pieces.clear()
        self.show_blocks([])
        if sample is None:
            return

        def work(control: Control) -> Iterator[tuple[Sample, SoundView]]:
            return ((sample, found) for found in sound_view(sample, control))

        job = self._ctx.jobs.start_stream("Reading the recording", work, quiet=True)
        self._job = job
        job.streamed.connect(self._came)
        job.failed.connect(lambda problem: self.failed.emit(problem) if self._job is job else None)

    def _came(self, read: tuple[Sample, SoundView]) -> None:
        sample, found = read
        if sample is not self.sample:
            return
        whole = self.ends >= self.seconds
        self.waveform, self.spectrum, self.seconds = found.waveform, found.spectrum, found.seconds
        if whole:
            self.begins, self.ends = (0.0, found.seconds) if self.begins <= 0 else (self.begins, found.seconds)
        if found.whole:
            self._pieces.clear()  # their colours lie between other limits now
        self._anew()
        self.read.emit(found)
        self.viewed.emit(self.begins, self.ends)

    def show_blocks(self, blocks: Sequence[Block], selected: int | None = None) -> None:
        """The sounds, in any order."""
        self.blocks = laned(blocks)
        self._lanes = max(1, max((b.lane for b in self.blocks), default=0) + 1)
        if selected is not None:
            self.selected = selected
        if self._lanes_drawn != self._lanes:
            self._drawn = None
        self._bars = None
        self.update()

    def choose(self, block_id: int, show: bool = False) -> None:
        """`show`: bring it into view."""
        self.selected = block_id
        self._bars = None
        block = self.block(block_id)
        if block is not None and show and not (self.begins <= block.begins and block.ends <= self.ends):
            wide = max(self.ends - self.begins, (block.ends - block.begins) * 1.5)
            self.look_at((block.begins + block.ends - wide) / 2, wide)
        self.update()

    def block(self, block_id: int) -> Block | None:
        return next((b for b in self.blocks if b.id == block_id), None)

    def show_position(self, seconds: float, follow: bool = True) -> None:
        """Where it plays, or the cursor stands."""
        self.position = seconds
        wide = self.ends - self.begins
        if follow and 0 < wide < self.seconds and not self.begins <= seconds <= self.ends:
            self.look_at(seconds - wide * 0.1, wide)
        self.update()

    def show_marked(self, marked: tuple[float, float] | None) -> None:
        """A stretch that is no sound yet."""
        self.marked = marked
        self.update()

    # Looking -----------------------------------------------------------------------------------------------------------

    def look_at(self, begins: float, wide: float) -> None:
        """So many seconds from here."""
        if self.seconds <= 0:
            return
        wide = min(self.seconds, max(min(_CLOSEST, self.seconds), wide))
        begins = min(max(0.0, begins), self.seconds - wide)
        if (begins, begins + wide) != (self.begins, self.ends):
            self.begins, self.ends = begins, begins + wide
            self._anew()
            self.viewed.emit(self.begins, self.ends)

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Closer (above 1) or from further away; a moment stays where it is, by default the cursor where it is seen."""
        if around is None:
            seen = self.begins <= self.position <= self.ends
            around = self.position if seen else (self.begins + self.ends) / 2
        wide = self.ends - self.begins
        new = min(self.seconds, max(min(_CLOSEST, self.seconds), wide / factor))
        self.look_at(around - (around - self.begins) * new / max(1e-9, wide), new)

    def look_at_all(self) -> None:
        self.look_at(0.0, self.seconds)

    def look_at_block(self, block_id: int) -> None:
        """A sound with as much around it."""
        block = self.block(block_id)
        if block is not None:
            wide = block.ends - block.begins
            self.look_at(block.begins - wide, wide * 3)

    def x_of(self, seconds: float) -> float:
        return (seconds - self.begins) / max(1e-9, self.ends - self.begins) * self.width()

    def seconds_at(self, x: float) -> float:
        share = min(1.0, max(0.0, x / max(1, self.width())))
        return min(self.seconds, self.begins + share * (self.ends - self.begins))

    def second_pixels(self) -> float:
        return self.width() / max(1e-9, self.ends - self.begins)

    # Where things lie --------------------------------------------------------------------------------------------------

    def _wave(self) -> QRectF:
        return QRectF(0, 0, self.width(), max(30.0, (self.height() - _RULER - self._lanes_high()) * _WAVE_SHARE))

    def _spectrum_at(self) -> QRectF:
        top = self._wave().bottom() + 1
        return QRectF(0, top, self.width(), max(20.0, self.height() - _RULER - self._lanes_high() - top))

    def _lanes_high(self) -> float:
        return self._lanes * _LANE + _GAP * 2

    def lane_rect(self, block: Block) -> QRectF:
        """Where the bar of a sound lies."""
        top = self._spectrum_at().bottom() + _GAP + block.lane * _LANE
        left, right = self.x_of(block.begins), self.x_of(block.ends)
        return QRectF(left, top, max(3.0, right - left), _LANE - 3)

    # Painting ----------------------------------------------------------------------------------------------------------

    def _anew(self) -> None:
        self._drawn = self._bars = None
        self.update()

    def _theme_changed(self) -> None:
        table = colour_table(self.spectrum)
        for image in self._pieces.values():
            image.setColorTable(table)
        self._anew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._drawn = self._bars = None
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._drawn is None:
            self._drawn = self._draw()
        if self._bars is None:
            self._bars = self._blank(Qt.GlobalColor.transparent)
            with_blocks = QPainter(self._bars)
            self._paint_blocks(with_blocks)
            with_blocks.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        painter.drawPixmap(0, 0, self._bars)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.marked is not None:
            self._paint_marked(painter, *self.marked)
        if self.seconds > 0 and self.begins <= self.position <= self.ends:
            x = min(self.width() - 1.5, max(1.0, self.x_of(self.position)))
            bottom = self.height() - _RULER
            painter.setPen(QPen(theme().colour("surface"), 4))
            painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
            painter.setPen(QPen(theme().colour("text"), 2))
            painter.drawLine(QPointF(x, 0), QPointF(x, bottom))
        if self.hasFocus():
            painter.setPen(theme().colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, self.height() - 1), 6, 6)

    def _draw(self) -> QPixmap:
        """Everything that does not move."""
        self._lanes_drawn = self._lanes
        pixmap = self._blank(theme().colour("surface"))
        painter = QPainter(pixmap)
        wave, spectrum = self._wave(), self._spectrum_at()
        painter.fillRect(wave, theme().colour("raised"))
        self._draw_wave(painter, wave)
        self._draw_spectrum(painter, spectrum)
        self._draw_pitches(painter, spectrum)
        painter.fillRect(
            QRectF(0, spectrum.bottom(), self.width(), self._lanes_high()), theme().colour("raised")
        )  # fmt: skip
        self._draw_ruler(painter, self.height() - _RULER)
        painter.end()
        return pixmap

    def _blank(self, ground: QColor | Qt.GlobalColor) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(ground)
        return pixmap

    def _draw_wave(self, painter: QPainter, at: QRectF) -> None:
        count = max(1, self.width() // 2)
        columns = self.waveform.columns(self.begins, self.ends, count)
        loudest = max((max(-low, high) for low, high in columns), default=0.0)
        middle, scale = at.center().y(), (at.height() / 2 - 4) / max(0.05, loudest)
        painter.setPen(theme().colour("line_strong"))
        painter.drawLine(QPointF(0, middle), QPointF(self.width(), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().colour("text_soft"))
        for number, (low, high) in enumerate(columns):
            top, deep = middle - high * scale, middle - low * scale
            if deep - top > 0.5:
                painter.drawRect(QRectF(number * self.width() / count, top, 1.4, deep - top))

    def _draw_spectrum(self, painter: QPainter, at: QRectF) -> None:
        if self.seconds <= 0 or self.ends <= self.begins:
            painter.fillRect(at, QColor(colour_at(0.0)))
            return
        width = max(1, min(self.width(), 4000))
        data = self.spectrum.picture(self.begins, self.ends, width)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(at, _image(data, width, self.spectrum))
        if self.second_pixels() < _FINE_FROM:
            return
        painter.save()
        painter.setClipRect(at)
        first, last = int(self.begins // PIECE_SECONDS), int(self.ends // PIECE_SECONDS)
        missing = []
        for number in range(first, last + 1):
            image = self._pieces.get(number)
            if image is None:
                missing.append(number)
                continue
            left = self.x_of(number * PIECE_SECONDS)
            wide = image.width() / FINE * self.second_pixels()
            painter.drawImage(QRectF(left, at.top(), wide, at.height()), image)
        painter.restore()
        if missing:
            self._ask_pieces(missing)

    def _ask_pieces(self, missing: list[int]) -> None:
        sample = self.sample
        if sample is None or self._piece_job is not None:
            return

        def work(control: Control) -> Iterator[tuple[int, int, bytes]]:
            for number in missing:
                control.check()
                yield (number, *fine_piece(sample, number))

        job = self._ctx.jobs.start_stream("Looking closer", work, quiet=True)
        self._piece_job = job

        def came(piece: tuple[int, int, bytes]) -> None:
            if sample is not self.sample:
                return
            number, width, data = piece
            self._pieces[number] = _image(data, width, self.spectrum)
            while len(self._pieces) > _MOST_PIECES:
                middle = (self.begins + self.ends) / 2 / PIECE_SECONDS
                self._pieces.pop(max(self._pieces, key=lambda n: abs(n - middle)))
            self._anew()

        def ended() -> None:
            if self._piece_job is job:
                self._piece_job = None

        job.streamed.connect(while_there(self, came))
        # Where it cannot be read, the coarse picture stays; reading the whole says why.
        job.ended.connect(ended)

    def _draw_pitches(self, painter: QPainter, at: QRectF) -> None:
        if self.spectrum.top <= 0 or self.seconds <= 0:
            return
        painter.setFont(self._small(painter))
        for hertz in _PITCHES:
            if hertz >= self.spectrum.top:
                break
            y = at.bottom() - share_of(hertz, self.spectrum.top) * at.height()
            words = f"{hertz // 1000} kHz" if hertz >= 1000 else f"{hertz} Hz"
            room = painter.fontMetrics().horizontalAdvance(words)
            if y - 8 < at.top():
                continue
            ground = theme().colour("surface")
            ground.setAlpha(170)
            painter.fillRect(QRectF(0, y - 7, room + 8, 14), ground)
            painter.setPen(theme().colour("text_soft"))
            painter.drawText(QRectF(4, y - 7, room + 2, 14), Qt.AlignmentFlag.AlignVCenter, words)

    def _draw_ruler(self, painter: QPainter, top: float) -> None:
        wide = self.ends - self.begins
        if wide <= 0:
            return
        distance = next((d for d in _DISTANCES if d / wide * self.width() >= _MARK_PIXELS), _DISTANCES[-1])
        painter.setFont(self._small(painter))
        number = int(-(-self.begins // distance))
        while number * distance <= self.ends:
            at = number * distance
            x = self.x_of(at)
            painter.setPen(theme().colour("line_strong"))
            painter.drawLine(QPointF(x, top), QPointF(x, top + 4))
            painter.setPen(theme().colour("text_soft"))
            words = clock(at) + (f".{round(at * 10) % 10}" if distance < 1 else "")
            room = painter.fontMetrics().horizontalAdvance("00:00:00.0")
            left = min(max(0.0, x - room / 2), self.width() - room)
            side = Qt.AlignmentFlag.AlignLeft if left == 0 else Qt.AlignmentFlag.AlignHCenter
            painter.drawText(QRectF(left, top + 3, room, _RULER - 3), side | Qt.AlignmentFlag.AlignTop, words)
            number += 1

    def _paint_blocks(self, painter: QPainter) -> None:
        upper = QRectF(0, 0, self.width(), self._spectrum_at().bottom())
        metrics = QFontMetrics(self.font())
        painter.setFont(self.font())
        last_pixel: dict[tuple[int, str], float] = {}
        colours: dict[str, QColor] = {}
        for block in self.blocks:
            if block.ends < self.begins or block.begins > self.ends:
                continue
            bar = self.lane_rect(block)
            colour = colours.setdefault(block.colour, QColor(block.colour))
            if bar.width() < _THIN and block.id != self.selected:
                # Of thousands in an hour: no more than one plain bar a pixel.
                key = (block.lane, block.colour)
                if bar.right() - last_pixel.get(key, -10.0) >= 1:
                    last_pixel[key] = bar.right()
                    painter.fillRect(bar.toRect(), colour)
                continue
            self._paint_block(painter, block, bar, colour, upper, metrics)

    def _paint_block(
        self, painter: QPainter, block: Block, bar: QRectF, colour: QColor, upper: QRectF, metrics: QFontMetrics
    ) -> None:
        chosen = block.id == self.selected
        tint = QColor(colour)
        tint.setAlpha(46 if chosen else 24)
        area = QRectF(bar.left(), upper.top(), bar.width(), upper.height())
        painter.fillRect(area, tint)
        style = Qt.PenStyle.DashLine if block.proposal else Qt.PenStyle.SolidLine
        painter.setPen(QPen(colour, 2 if chosen else 1, style))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.drawLine(area.topRight(), area.bottomRight())
        if block.high > block.low:
            at = self._spectrum_at()
            top = at.bottom() - share_of(block.high, self.spectrum.top) * at.height()
            deep = at.bottom() - share_of(block.low, self.spectrum.top) * at.height()
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(
                QRectF(bar.left(), max(at.top(), top), bar.width(), min(deep, at.bottom()) - max(at.top(), top))
            )
        fill = QColor(colour)
        fill.setAlpha(60 if block.proposal else 255)
        painter.setBrush(fill)
        painter.setPen(QPen(theme().colour("text"), 2) if chosen else QPen(colour, 1, style))
        painter.drawRoundedRect(bar, 4, 4)
        if bar.width() > 18:
            on_colour = theme().colour("text") if block.proposal else _readable_on(colour)
            painter.setPen(on_colour)
            inside = bar.intersected(QRectF(0, bar.top(), self.width(), bar.height())).adjusted(5, 0, -4, 0)
            words = metrics.elidedText(block.label, Qt.TextElideMode.ElideRight, int(inside.width()))
            if len(words) < 3 and words != block.label:
                return  # a letter or two say nothing
            painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _paint_marked(self, painter: QPainter, begins: float, ends: float) -> None:
        left, right = sorted((self.x_of(begins), self.x_of(ends)))
        ground = theme().colour("accent")
        ground.setAlpha(70)
        area = QRectF(left, 0, max(1.0, right - left), self._spectrum_at().bottom())
        painter.fillRect(area, ground)
        painter.setPen(QPen(theme().colour("accent"), 1))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.drawLine(area.topRight(), area.bottomRight())

    @staticmethod
    def _small(painter: QPainter) -> Any:
        font = painter.font()
        font.setPointSizeF(8.0)
        return font

    # Hands -------------------------------------------------------------------------------------------------------------

    def hit(self, at: QPointF) -> tuple[int, str]:
        """(id, "begins", "ends" or "body") of the block at a place; (0, "") for none. Edges of the chosen one come first."""
        lanes_top = self._spectrum_at().bottom()
        order = sorted(self.blocks, key=lambda b: (b.id != self.selected, b.ends - b.begins))
        if self._editable:
            for block in order:
                if at.y() < lanes_top and block.id != self.selected:
                    continue
                bar = self.lane_rect(block)
                if at.y() >= lanes_top and not bar.top() <= at.y() <= bar.bottom():
                    continue
                # Of a narrow one the middle third can still be taken.
                near = min(_NEAR, max(2.0, bar.width() / 3))
                if abs(at.x() - bar.left()) <= near:
                    return block.id, "begins"
                if abs(at.x() - bar.right()) <= near:
                    return block.id, "ends"
        for block in order:
            bar = self.lane_rect(block)
            if bar.adjusted(-1, 0, 1, 0).contains(at):
                return block.id, "body"
        if not self._editable:
            for block in order:
                if at.y() < lanes_top and block.begins <= self.seconds_at(at.x()) <= block.ends:
                    return block.id, "body"
        return 0, ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self.seconds <= 0:
            return
        self._pressed, self._dragging = event.position(), False
        seconds = self.seconds_at(event.position().x())
        block_id, part = self.hit(event.position())
        if block_id:
            self.chosen.emit(block_id)
            block = self.block(block_id)
            if self._editable and block is not None:
                self._drag = (part, block_id, seconds - block.begins)
            return
        self._drag = ("new", 0, seconds) if self._editable else ("point", 0, seconds)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton or self._drag is None:
            part = self.hit(event.position())[1]
            self.setCursor(
                Qt.CursorShape.SizeHorCursor
                if part in ("begins", "ends")
                else Qt.CursorShape.PointingHandCursor
                if part
                else Qt.CursorShape.IBeamCursor
                if self._editable
                else Qt.CursorShape.ArrowCursor
            )
            return
        if abs(event.position().x() - self._pressed.x()) < _CLICK and not self._dragging:
            return
        self._dragging = True
        part, block_id, taken = self._drag
        seconds = self.seconds_at(event.position().x())
        if part == "new":
            self.show_marked((min(taken, seconds), max(taken, seconds)))
        elif part == "point":
            self.pointed.emit(seconds)
        elif (block := self.block(block_id)) is not None:
            self.show_marked(self._dragged(block, part, taken, seconds))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, self._drag = self._drag, None
        marked, self.marked = self.marked if self._dragging else None, None
        self.update()
        if event.button() != Qt.MouseButton.LeftButton or drag is None:
            return
        part, block_id, taken = drag
        if marked is None:
            if part in ("new", "point"):
                self.chosen.emit(self._under(taken))
                self.pointed.emit(taken)
        elif part == "new":
            self.made.emit(*marked)
        elif part in ("begins", "ends", "body"):
            self.moved.emit(block_id, *marked)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        block_id, _ = self.hit(event.position())
        if block_id:
            self.opened.emit(block_id)

    def _under(self, seconds: float) -> int:
        """The shortest block at a moment; 0 for none."""
        there = [b for b in self.blocks if b.begins <= seconds <= b.ends]
        return min(there, key=lambda b: b.ends - b.begins).id if there else 0

    def _dragged(self, block: Block, part: str, taken: float, seconds: float) -> tuple[float, float]:
        if part == "begins":
            return min(seconds, block.ends), max(seconds, block.ends)
        if part == "ends":
            return min(seconds, block.begins), max(seconds, block.begins)
        wide = block.ends - block.begins
        begins = min(max(0.0, seconds - taken), max(0.0, self.seconds - wide))
        return begins, begins + wide

    def wheelEvent(self, event: QWheelEvent) -> None:
        across, turned = event.angleDelta().x(), event.angleDelta().y()
        if self.seconds <= 0:
            return
        if across or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            wide = self.ends - self.begins
            self.look_at(self.begins - (across or turned) / 120 * wide / 8, wide)
        elif turned:
            self.zoom(_ZOOM ** (turned / 120), self.seconds_at(event.position().x()))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(key), 0)
        if step and self.seconds > 0:
            self.pointed.emit(min(self.seconds, max(0.0, self.position + step * self.step_seconds())))
        elif key == Qt.Key.Key_Home and self.seconds > 0:
            self.pointed.emit(0.0)
        elif key == Qt.Key.Key_End and self.seconds > 0:
            self.pointed.emit(self.seconds)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / _ZOOM)
        elif key == Qt.Key.Key_F:
            self.look_at_all()
        elif key == Qt.Key.Key_Space:
            self.toggled.emit()
        else:
            super().keyPressEvent(event)

    def step_seconds(self) -> float:
        """What an arrow key moves by: a hundredth of what is seen."""
        return max(0.01, (self.ends - self.begins) / 100)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and self.seconds > 0:
            at = QPointF(event.pos())
            block = self.block(self.hit(at)[0])
            spectrum = self._spectrum_at()
            if block is not None:
                words = block.words or f"{block.label}, {block.ends - block.begins:.2f} seconds"
            elif spectrum.contains(at):
                hertz = pitch_at((spectrum.bottom() - at.y()) / spectrum.height(), self.spectrum.top)
                words = f"{clock(self.seconds_at(at.x()))}, {hertz:,.0f} Hz"
            else:
                words = clock(self.seconds_at(at.x()))
            QToolTip.showText(event.globalPos(), words, self, QRect())
            return True
        return super().event(event)


def _image(data: bytes, width: int, spectrum: Spectrum) -> QImage:
    image = QImage(data, width, BANDS, width, QImage.Format.Format_Indexed8).copy()
    image.setColorTable(colour_table(spectrum))
    return image


def colour_table(spectrum: Spectrum) -> list[int]:
    """A colour for each loudness, from the ground to what stands out most."""
    room = max(1, spectrum.loud - spectrum.quiet)
    return [colour_at(min(1.0, max(0.0, (value - spectrum.quiet) / room))) for value in range(256)]


# Lightness changes evenly from one end to the other, so that loudness can be read with any kind of sight.
_MAPS = {
    "light": ((0.0, (250, 249, 246)), (0.35, (203, 216, 224)), (0.65, (107, 143, 176)), (0.85, (50, 77, 122)), (1.0, (22, 24, 48))),
    "dark": ((0.0, (19, 22, 26)), (0.35, (38, 58, 84)), (0.65, (64, 128, 148)), (0.85, (160, 205, 170)), (1.0, (252, 248, 214))),
}  # fmt: skip


def colour_at(share: float) -> int:
    """As 0xffrrggbb, in the theme of now."""
    points = _MAPS[theme().mode]
    for (a, low), (b, high) in pairwise(points):
        if share <= b:
            part = (share - a) / (b - a)
            red, green, blue = (round(x + (y - x) * part) for x, y in zip(low, high, strict=True))
            return 0xFF000000 | red << 16 | green << 8 | blue
    red, green, blue = points[-1][1]
    return 0xFF000000 | red << 16 | green << 8 | blue


def _readable_on(colour: QColor) -> QColor:
    """Black or white, whichever stands out."""
    bright = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("#14181b") if bright > 140 else QColor("#ffffff")
