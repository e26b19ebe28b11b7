"""Results of models that find sounds: recordings with what was missed, made up and wrongly named, to be seen and heard; and the
numbers class by class."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from workbench.data.types import Item
from workbench.gui.context import AppContext
from workbench.gui.icons import icon
from workbench.gui.results.base import ResultView
from workbench.gui.sound_playing import SoundPlaying
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import button, icon_button, label
from workbench.gui.widgets.clip_canvas import Block, ClipCanvas
from workbench.gui.widgets.events_part import when
from workbench.trust.judge_clips import ClipsCase, ClipsJudgement, Slip

_SHOWN, _MOST_SLIPS = 200, 1000
_AROUND = 0.3
_COLOURS = {"found": "good", "missed": "warn", "made up": "bad", "wrongly named": "bad"}
_NUMBER = Qt.ItemDataRole.UserRole


class View(ResultView):
    """See the module."""

    def __init__(self, ctx: AppContext) -> None:
        super().__init__(ctx)
        self._cases: list[ClipsCase] = []
        self._items: dict[int, Item] = {}
        self._slips: list[tuple[int, Slip]] = []  # (row of the case, slip)
        self.playing = SoundPlaying(self)
        self.playing.moved.connect(lambda seconds: self.canvas.show_position(seconds))
        self.playing.played.connect(self._played)
        self.playing.failed.connect(lambda error: self.said.emit(f"{error.message} {error.hint}".strip()))

    def tabs(self) -> list[tuple[QWidget, str]]:
        tables = super().tabs()
        page = QWidget()
        line = QHBoxLayout(page)
        line.setContentsMargins(0, M, 0, 0)
        line.setSpacing(M)
        self.list = QListWidget()
        self.list.setObjectName("clip-mistakes")
        self.list.setAccessibleName("Mistakes, recording by recording, the worst first; Enter plays one")
        self.list.currentRowChanged.connect(self._chosen)
        self.list.itemClicked.connect(lambda _entry: self._play())
        self.list.itemActivated.connect(lambda _entry: self._play())
        line.addWidget(self.list, 2)
        side = QVBoxLayout()
        side.setSpacing(S)
        self.title = label("", "strong")
        self.canvas = ClipCanvas(self.ctx)
        self.canvas.setMinimumHeight(220)
        self.canvas.pointed.connect(self._point)
        self.canvas.chosen.connect(self._hear)
        self.canvas.toggled.connect(self._toggle)
        self.canvas.failed.connect(lambda problem: self.said.emit(f"{problem.message} {problem.hint}".strip()))
        side.addWidget(self.title)
        side.addWidget(self.canvas, 1)
        self.below = QWidget()
        row = QHBoxLayout(self.below)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.button = icon_button("play", "Play (Space)", self._toggle, name="clip-result-play")
        row.addWidget(self.button)
        row.addWidget(icon_button("maximize", "See the whole recording (F)", self.canvas.look_at_all))
        legend = label(
            "Green: found. Yellow: missed. Red: heard, but not so. Click to hear it, turn the wheel to look closer.",
            "faint", wrap=True,
        )  # fmt: skip
        row.addWidget(legend, 1)
        self.open = button("Correct the labels", self._go, icon_name="pencil", name="clip-to-data")
        row.addWidget(self.open)
        side.addWidget(self.below)
        side.addStretch(0)
        line.addLayout(side, 5)
        theme().changed.connect(self._again)
        return [(page, "Mistakes"), *tables]

    def titles(self, judgement: ClipsJudgement) -> list[str]:
        return [f"Mistakes ({len(judgement.slips):,})"]

    def look_up(self, judgement: Any) -> list[int]:
        return [c.item_id for c in _worst(judgement)]

    def show(self, judgement: ClipsJudgement, items: list[Item]) -> None:
        super().show(judgement, items)
        self.playing.stop()
        self._items = {i.id: i for i in items}
        self._cases = _worst(judgement)
        self._slips = [(n, slip) for n, case in enumerate(self._cases) for slip in case.slips][:_MOST_SLIPS]
        self.list.blockSignals(True)
        self.list.clear()
        for place, (number, slip) in enumerate(self._slips):
            entry = QListWidgetItem(f"{said(slip)}\n{self._cases[number].name}, {when(slip.begins)}")
            entry.setData(_NUMBER, place)
            entry.setForeground(theme().colour("text"))
            self.list.addItem(entry)
        self.list.blockSignals(False)
        self.open.setEnabled(bool(self._slips))
        for widget in (self.list, self.canvas, self.below):
            widget.setVisible(bool(self._slips))
        if self._slips:
            self.list.setCurrentRow(0)
            return
        self.title.setText("No mistakes in these recordings." if judgement.cases else "")
        self.canvas.open(None)

    def _again(self) -> None:
        for place in range(self.list.count()):
            self.list.item(place).setForeground(theme().colour("text"))
        if 0 <= self.list.currentRow() < len(self._slips):
            self.canvas.show_blocks(blocks_of(self._cases[self._slips[self.list.currentRow()][0]]))

    def _chosen(self, row: int) -> None:
        if not 0 <= row < len(self._slips):
            return
        number, slip = self._slips[row]
        case = self._cases[number]
        item = self._items.get(case.item_id)
        right, wrong, missed = case.sounds
        self.title.setText(f"{case.name}:  {right} found, {missed} missed, {wrong} wrong")
        if item is None:
            self.canvas.open(None)
            return
        if self.canvas.sample != item.sample():
            self.playing.open(item.sample())
            self.canvas.open(item.sample(), item.seconds)
        self.canvas.show_blocks(blocks_of(case), 0)
        wide = max(10.0, (slip.ends - slip.begins) * 4)
        self.canvas.look_at((slip.begins + slip.ends - wide) / 2, wide)
        self._point(max(0.0, slip.begins - _AROUND))

    def _play(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._slips):
            slip = self._slips[row][1]
            self.playing.play(max(0.0, slip.begins - _AROUND), slip.ends + _AROUND)

    def _hear(self, number: int) -> None:
        block = self.canvas.block(number)
        self.canvas.choose(number)
        if block is not None:
            self.playing.play(max(0.0, block.begins - _AROUND), block.ends + _AROUND)

    def _point(self, seconds: float) -> None:
        self.playing.go_to(seconds)
        self.canvas.show_position(seconds, follow=False)

    def _toggle(self) -> None:
        if self.playing.playing:
            self.playing.stop()
        else:
            self.playing.play(self.canvas.position)

    def _played(self, playing: bool) -> None:
        name, words = ("pause", "Stop (Space)") if playing else ("play", "Play (Space)")
        self.button.setIcon(icon(name, "text"))
        self.button.setToolTip(words)
        self.button.setAccessibleName(words)

    def _go(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self._slips):
            self.playing.stop()
            self.ctx.go("data", item_ids=[self._slips[row][1].item_id], title="A mistake")


def said(slip: Slip) -> str:
    """ "wren missed", "owl made up", "wren taken for owl"."""
    if slip.kind == "missed":
        return f"{slip.label} missed"
    return f"{slip.said} made up" if slip.kind == "made up" else f"{slip.label} taken for {slip.said}"


def blocks_of(case: ClipsCase) -> list[Block]:
    """What is right in green, and every mistake in its colour."""
    wrong = {(s.begins, s.ends, s.label) for s in case.slips if s.kind != "made up"}
    good = theme().colour(_COLOURS["found"]).name()
    right = [p for p in case.truth if p not in wrong]
    blocks = [Block(n, b, e, name, good, words=f"{name}, found") for n, (b, e, name) in enumerate(right, 1)]
    for number, slip in enumerate(case.slips, len(blocks) + 1):
        colour = theme().colour(_COLOURS[slip.kind]).name()
        blocks.append(Block(number, slip.begins, slip.ends, said(slip), colour, words=said(slip)))
    return blocks


def _worst(judgement: ClipsJudgement) -> list[ClipsCase]:
    """Recordings with mistakes, the most first."""
    wrong = [c for c in judgement.cases if c.slips]
    return sorted(wrong, key=lambda c: -len(c.slips))[:_SHOWN]
