"""Marking sounds in recordings: drag over what you hear, press the class's number. Done by mouse or by keys alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QMenu, QSplitter, QVBoxLayout, QWidget

from workbench.control import Control
from workbench.data.annotations import Annotation, AnnotationState
from workbench.data.clip_snap import snapped
from workbench.data.project import Project
from workbench.data.shapes import Clip
from workbench.data.types import AddResult, ClassLabel, Item
from workbench.errors import Problem, UserError
from workbench.gui.context import AppContext
from workbench.gui.editors.base import ItemEditor
from workbench.gui.icons import icon
from workbench.gui.models.item_model import ItemModel
from workbench.gui.sound_playing import SoundPlaying
from workbench.gui.theme import M, S, theme
from workbench.gui.widgets.basic import Banner, Card, button, icon_button, label
from workbench.gui.widgets.class_panel import ClassPanel
from workbench.gui.widgets.clip_canvas import Block, ClipCanvas
from workbench.gui.widgets.clip_overview import ClipOverview
from workbench.gui.widgets.events_part import when

_ID = Qt.ItemDataRole.UserRole
# A region is never made shorter.
_SHORTEST = 0.02
_MOST_LISTED = 2000
_HINT = (
    "Drag over a sound, or press B where it begins and E where it ends; 1 to 9 names it. Space plays, P plays the region, L"
    " again and again. Arrows move the cursor, Ctrl+arrows the region's beginning, Ctrl+Shift+arrows its end."
)


def clips_of(state: AnnotationState) -> list[tuple[Annotation, Clip]]:
    """The marked pieces in order of their beginning."""
    found = [(a, a.shape) for a in state.annotations if isinstance(a.shape, Clip)]
    return sorted(found, key=lambda pair: (pair[1].begins, pair[1].ends))


class Editor(ItemEditor):
    """See the module. What is not marked counts as silence only once the recording is done."""

    def __init__(self, ctx: AppContext, model: ItemModel) -> None:
        super().__init__(ctx, model)
        self.item: Item | None = None
        self.selected = 0
        self._classes: dict[int, ClassLabel] = {}
        self._last_class = 0
        self._mark_in: float | None = None
        self._state = AnnotationState()
        self._listed: list[tuple[int, str, str]] = []  # id, words, colour
        self._looping = False
        self.playing = SoundPlaying(self)
        self.playing.moved.connect(self._moved)
        self.playing.played.connect(self._played)
        self.playing.failed.connect(self._unheard)
        self._build()
        ctx.store.labels_changed.connect(self._changed)
        ctx.store.classes_changed.connect(self._classes_changed)
        ctx.store.project_changed.connect(self._project_changed)
        theme().changed.connect(self._redraw)

    # Showing ---------------------------------------------------------------------------------------------------------

    def show_row(self, row: int) -> None:
        item = self.model.item_at(row)
        if item is None:
            return
        self.stop()
        self.row, self.item, self.selected, self._mark_in = row, item, 0, None
        self.banner.hide()
        if item.problem:
            self.banner.show_message(item.problem, "warn")
        sample = item.sample()
        self.playing.open(sample)
        self.canvas.open(sample, item.seconds)
        self.canvas.show_position(0.0)
        self.overview.show_recording(self.canvas.waveform, self.canvas.seconds)
        self._load()
        self._classes_changed()
        self._show_clock()
        self.moved.emit(row)
        self.canvas.setFocus()

    def review(self) -> None:
        """The first recording that is not done and has a proposal, its least certain one chosen."""
        project = self.ctx.store.require()
        items = {i.id: i for i in project.items(self.model.ids)}
        rows = [r for r, i in enumerate(self.model.ids) if i in items and items[i].proposals and not items[i].marked]
        self.show_row((rows or [0])[0])
        proposals = [a for a, _ in clips_of(self.state()) if a.is_proposal]
        if proposals:
            self.choose(min(proposals, key=lambda a: a.score).id, show=True)

    def state(self) -> AnnotationState:
        """The item's labels as they are on disk."""
        return self._state

    def _load(self) -> None:
        project = self.ctx.store.project
        if project is None or self.item is None:
            self._state = AnnotationState()
        else:
            self._state = project.annotation_states([self.item.id])[self.item.id]

    def _redraw(self) -> None:
        if self.item is None or self.ctx.store.project is None:
            return
        state = self.state()
        pieces = clips_of(state)
        if self.selected and not any(a.id == self.selected for a, _ in pieces):
            self.selected = 0
        blocks = [self._block(a, clip) for a, clip in pieces]
        self.canvas.show_blocks(blocks, self.selected)
        self.overview.show_blocks(self.canvas.blocks)
        self._fill_list(pieces)
        done = "done" if state.marked else "not done"
        self.caption.setText(f"{self.item.name}   ·   {done}   ·   {self.row + 1} of {self.model.rowCount()}")
        self.again.setVisible(state.marked)
        self.cut.setEnabled(any(not a.is_proposal and a.class_id is not None for a, _ in pieces))
        self._about_chosen()

    def _about_chosen(self) -> None:
        """What can be done with the chosen region."""
        proposals = sum(a.is_proposal for a in self.state().annotations)
        self.accept.setVisible(proposals > 0)
        self.reject.setVisible(proposals > 0)
        chosen = self._annotation()
        one = chosen is not None and chosen.is_proposal
        self.accept.setText(" Accept this one" if one else f" Accept {proposals} suggested")
        self.reject.setText(" Reject this one" if one else f" Reject {proposals} suggested")
        for widget in (self.play_piece, self.snap_button):
            widget.setEnabled(self.selected != 0)
        row = next((n for n, (key, *_) in enumerate(self._listed) if key == self.selected), -1)
        self.list.blockSignals(True)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)

    def _block(self, a: Annotation, clip: Clip) -> Block:
        found = self._classes.get(a.class_id or -1)
        name = found.name if found else "no class"
        colour = found.colour if found else theme().colour("text_faint").name()
        sure = f", suggested, {a.score:.0%} certain" if a.is_proposal else ""
        words = f"{name}{sure}: {when(clip.begins)} to {when(clip.ends)} ({clip.ends - clip.begins:.2f} seconds)"
        shown = f"{name} ? {a.score:.0%}" if a.is_proposal else name
        return Block(a.id, clip.begins, clip.ends, shown, colour, a.is_proposal, words, clip.low, clip.high)

    def _fill_list(self, pieces: Sequence[tuple[Annotation, Clip]]) -> None:
        """Only the lines that differ are put in anew: of a thousand one moves."""
        wanted: list[tuple[int, str, str]] = []
        for a, clip in pieces[:_MOST_LISTED]:
            found = self._classes.get(a.class_id or -1)
            sure = f"  ? {a.score:.0%}" if a.is_proposal else ""
            name = found.name if found else "no class"
            colour = found.colour if found else theme().colour("text_faint").name()
            wanted.append((a.id, f"{when(clip.begins)}   {name}   {clip.ends - clip.begins:.1f} s{sure}", colour))
        old, new = self._listed, wanted
        same = 0
        while same < min(len(old), len(new)) and old[same] == new[same]:
            same += 1
        tail = 0
        while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        self.list.blockSignals(True)
        for _ in range(len(old) - same - tail):
            self.list.takeItem(same)
        for place in range(same, len(new) - tail):
            key, words, colour = new[place]
            square = QPixmap(12, 12)
            square.fill(QColor(colour))
            entry = QListWidgetItem(QIcon(square), words)
            entry.setData(_ID, key)
            self.list.insertItem(place, entry)
        self.list.blockSignals(False)
        self._listed = wanted
        proposals = sum(a.is_proposal for a, _ in pieces)
        more = f" (the first {_MOST_LISTED:,} are listed)" if len(pieces) > _MOST_LISTED else ""
        suggested = f", {proposals:,} suggested" if proposals else ""
        self.count.setText(f"{len(pieces) - proposals:,} marked{suggested}{more}")

    def _changed(self, ids: object) -> None:
        if self.item is not None and isinstance(ids, list) and self.item.id in ids and self.isVisible():
            self._load()
            self._classes_changed()

    def _classes_changed(self) -> None:
        project = self.ctx.store.project
        if project is None:
            return
        classes = project.classes()
        self._classes = {c.id: c for c in classes}
        if self._last_class not in self._classes:
            self._last_class = 0
        counts = project.counts()
        self.classes.show_classes(classes, counts.per_class, counts.unlabelled)
        if self.item is not None:
            self._redraw()

    def _project_changed(self) -> None:
        self.stop()
        self.item, self.row, self.selected = None, -1, 0
        self._load()
        self.playing.open(None)
        self.canvas.open(None)

    def _read(self, view: object) -> None:
        self.overview.show_recording(self.canvas.waveform, self.canvas.seconds)
        self._show_clock()

    # Marking ---------------------------------------------------------------------------------------------------------

    def make(self, begins: float, ends: float, class_id: int = 0) -> None:
        """A new region, of the class used last when none is said."""
        if self.item is None or not self._may_change():
            return
        if ends - begins < _SHORTEST:
            return
        class_id = class_id or self._last_class or next(iter(self._ordered()), 0)
        if not class_id:
            self.banner.show_message(
                "Give the sound a name first: type a new class at the right and press Enter.", "info"
            )
            self.classes.new_name.setFocus()
            self.canvas.show_marked((begins, ends))
            self._mark_in = begins
            return
        self._last_class = class_id
        made = Annotation(Clip(begins, ends), class_id)
        self.selected = made.id
        self._put([*self.state().annotations, made], "mark a sound")

    def name(self, class_id: int) -> None:
        """The chosen region gets this class; a stretch dragged over before there was a class becomes a region."""
        waiting = self.canvas.marked
        if waiting is not None and self.item is not None:
            self.canvas.show_marked(None)
            self.make(*waiting, class_id)
            return
        self._last_class = class_id
        chosen = self._annotation()
        if chosen is None:
            found = self._classes.get(class_id)
            self.banner.show_message(f"What you drag over now is “{found.name if found else ''}”.", "info")
            return
        if self._may_change():
            new = replace(chosen, class_id=class_id, source="person", score=1.0)
            self._put(
                [new if a.id == chosen.id else a for a in self.state().annotations], "change the class of a sound"
            )

    def reshape(self, annotation_id: int, begins: float, ends: float) -> None:
        """Other edges for a region. A suggestion whose edges a person moves is the person's."""
        state = self.state()
        old = next((a for a in state.annotations if a.id == annotation_id), None)
        if old is None or not isinstance(old.shape, Clip) or not self._may_change():
            return
        begins, ends = max(0.0, begins), min(self.canvas.seconds or ends, ends)
        if ends - begins < _SHORTEST or (begins, ends) == (old.shape.begins, old.shape.ends):
            self._redraw()
            return
        new = replace(old, shape=replace(old.shape, begins=begins, ends=ends), source="person", score=1.0)
        self.selected = annotation_id
        self._put([new if a.id == annotation_id else a for a in state.annotations], "move a sound's edges")

    def nudge(self, edge: str, step: float) -> None:
        """Move an edge of the chosen region by some seconds."""
        chosen = self._annotation()
        if chosen is not None and isinstance(chosen.shape, Clip):
            begins = chosen.shape.begins + (step if edge == "begins" else 0)
            ends = chosen.shape.ends + (step if edge == "ends" else 0)
            self.reshape(chosen.id, begins, ends)

    def snap(self) -> None:
        """Put the chosen region's edges where the sound grows out of the silence."""
        chosen = self._annotation()
        if chosen is None or not isinstance(chosen.shape, Clip):
            return
        found = snapped(self.canvas.waveform, chosen.shape.begins, chosen.shape.ends)
        if found == (chosen.shape.begins, chosen.shape.ends):
            self.banner.show_message(
                "Nothing around it stands out from the silence enough to put the edges there.", "info"
            )
            return
        self.reshape(chosen.id, *found)

    def mark_in(self) -> None:
        """A region begins at the cursor (or the chosen one does)."""
        if self._annotation() is not None:
            chosen = self.canvas.block(self.selected)
            if chosen is not None and self.canvas.position < chosen.ends:
                self.reshape(self.selected, self.canvas.position, chosen.ends)
            return
        self._mark_in = self.canvas.position
        self.canvas.show_marked((self._mark_in, self._mark_in))
        self.banner.show_message("It begins here. Go to where it ends, and press E.", "info")

    def mark_out(self) -> None:
        """It ends at the cursor."""
        chosen = self.canvas.block(self.selected)
        if chosen is not None:
            if self.canvas.position > chosen.begins:
                self.reshape(self.selected, chosen.begins, self.canvas.position)
            return
        if self._mark_in is None:
            self.banner.show_message("First go to where it begins, and press B.", "info")
            return
        begins, ends = sorted((self._mark_in, self.canvas.position))
        self._mark_in = None
        self.canvas.show_marked(None)
        self.banner.hide()
        self.make(begins, ends)

    def delete(self) -> None:
        """Take the chosen region away."""
        state = self.state()
        kept = [a for a in state.annotations if a.id != self.selected]
        if self.selected and len(kept) < len(state.annotations) and self._may_change():
            self.selected = 0
            self._put(kept, "delete a marked sound")

    def accept_suggested(self) -> None:
        """The chosen suggestion becomes the person's, and the next is chosen; all, when none is chosen."""
        self._answer(lambda a: replace(a, source="person", score=1.0), "accept")

    def reject_suggested(self) -> None:
        """The chosen suggestion goes, and the next is chosen; all, when none is chosen."""
        self._answer(lambda _a: None, "reject")

    def _answer(self, answer: Callable[[Annotation], Annotation | None], word: str) -> None:
        if self.item is None or not self._may_change():
            return
        chosen = self._annotation()
        one = chosen is not None and chosen.is_proposal
        state = self.state()
        wanted = {chosen.id} if one and chosen is not None else {a.id for a in state.annotations if a.is_proposal}
        if not wanted:
            return
        answered = [answer(a) if a.id in wanted else a for a in state.annotations]
        if one and chosen is not None and isinstance(chosen.shape, Clip):
            at = chosen.shape.begins
            rest = [(a, c) for a, c in clips_of(state) if a.is_proposal and a.id not in wanted]
            following = next((a for a, c in rest if c.begins >= at), rest[0][0] if rest else None)
            self.selected = following.id if following is not None else 0
        self._put(
            [a for a in answered if a is not None], f"{word} {'a suggestion' if one else f'{len(wanted)} suggestions'}"
        )
        if self.selected:
            self.canvas.choose(self.selected, show=True)

    def done(self, nothing: bool = False) -> None:
        """Say that all that is to be heard is marked (with `nothing`: that there is nothing) and go on to the next."""
        if self.item is None or not self._may_change():
            return
        kept = () if nothing else tuple(a for a in self.state().annotations if not a.is_proposal)
        self.ctx.store.set_annotations({self.item.id: AnnotationState(kept, True)}, "finish a recording")
        if self.row + 1 < self.model.rowCount():
            self.move_by(1)
        else:
            self._redraw()
            self.banner.show_message("That was the last one.", "good", "Back to the list", self._close)

    def open_again(self) -> None:
        """It is not done after all: what is not marked in it says nothing."""
        if self.item is not None and self._may_change():
            state = self.state()
            self.ctx.store.set_annotations(
                {self.item.id: AnnotationState(state.annotations, False)}, "open a recording again"
            )

    def move_by(self, step: int) -> None:
        """Go to a neighbour, if there is one."""
        if 0 <= self.row + step < self.model.rowCount():
            self.show_row(self.row + step)

    def choose(self, annotation_id: int, show: bool = False) -> None:
        """Choose a region; 0 for none."""
        known = any(a.id == annotation_id for a in self.state().annotations)
        self.selected = annotation_id if known else 0
        self._mark_in = None
        self.canvas.choose(self.selected, show)
        self._about_chosen()

    def _clicked(self, annotation_id: int) -> None:
        """While a region waits for its end, a click only says where."""
        if self._mark_in is None:
            self.choose(annotation_id)

    def _annotation(self) -> Annotation | None:
        return next((a for a in self.state().annotations if a.id == self.selected), None) if self.selected else None

    def _put(self, annotations: Sequence[Annotation], text: str) -> None:
        assert self.item is not None
        state = AnnotationState(tuple(annotations), self.state().marked)
        self.banner.hide()
        self.ctx.store.set_annotations({self.item.id: state}, text, {self.item.id: self.state()})

    def _ordered(self) -> list[int]:
        return [c.id for c in sorted(self._classes.values(), key=lambda c: c.position)]

    def _may_change(self) -> bool:
        return self.ctx.store.may_change(self.banner.show_message)

    # Cutting out -----------------------------------------------------------------------------------------------------

    def cut_into_project(self) -> None:
        """Each marked sound of this recording as a recording of its own, in this project."""
        item, project = self.item, self.ctx.store.project
        if item is None or project is None or not self._may_change():
            return

        def work(control: Control) -> AddResult:
            from workbench.engine.clip_items import cut_out

            return cut_out(project, [item.id], project, control)

        def came(result: AddResult) -> None:
            if self.ctx.store.project is project and result.added:
                self.ctx.store.added(result.added)
            self._tell_cut(result, "added to this project. Ctrl+Z takes them out again.")

        job = self.ctx.jobs.start("Cutting out sounds", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def cut_into_new(self) -> None:
        """The marked sounds of all recordings as a new project that tells sounds apart."""
        project, paths = self.ctx.store.project, self.ctx.paths
        if project is None:
            return

        def work(control: Control) -> tuple[AddResult, Project]:
            from workbench.engine.clip_items import cut_out
            from workbench.engine.journey import free_project_folder

            name = f"{project.name}, single sounds"
            into = Project.create(free_project_folder(name, paths), name, "sound-classification")
            try:
                return cut_out(project, project.item_ids(), into, control), into
            finally:
                into.close()

        def came(made: tuple[AddResult, Project]) -> None:
            result, into = made
            self._tell_cut(result, f"in the new project “{into.folder.name}”.", lambda: self._open_project(into))

        job = self.ctx.jobs.start("Cutting out sounds", work)
        job.succeeded.connect(came)
        job.failed.connect(self.banner.show_error)

    def _tell_cut(self, result: AddResult, where: str, then: Callable[[], object] | None = None) -> None:
        many = "1 recording is" if len(result.added) == 1 else f"{len(result.added):,} recordings are"
        words = f"{many} {where}" if result.added else "All of these are there already."
        if result.problems:
            words += f" {len(result.problems)} could not be cut out: {result.problems[0]}"
        self.banner.show_message(words, "warn" if result.problems else "good", "Open it" if then else "", then)

    def _open_project(self, project: Project) -> None:
        try:
            self.ctx.store.open(project.folder)
        except UserError as error:
            self.banner.show_error(error)
            return
        self.ctx.go("data")

    # Listening -------------------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play on from the cursor, or stop."""
        if self.playing.playing:
            self.stop()
        elif self.item is not None:
            at, length = self.canvas.position, self.canvas.seconds
            self.playing.play(0.0 if length and at >= length - 0.05 else at)

    def play_region(self, loop: bool = False) -> None:
        """Let the chosen region be heard; `loop`: again and again."""
        block = self.canvas.block(self.selected)
        if block is None:
            self.banner.show_message("Choose a region first: click it, or press Tab.", "info")
            return
        self._looping = loop
        self.loop.setChecked(loop)
        self.playing.play(block.begins, block.ends)

    def _opened(self, block_id: int) -> None:
        self.choose(block_id)
        self.play_region()

    def stop(self) -> None:
        """What plays stops, also what plays again and again."""
        self._looping = False
        self.loop.setChecked(False)
        self.playing.stop()

    def go_to(self, seconds: float) -> None:
        """The cursor, and what plays, go there."""
        self.playing.go_to(seconds)
        self.canvas.show_position(seconds)
        if self._mark_in is not None:
            self.canvas.show_marked((min(self._mark_in, seconds), max(self._mark_in, seconds)))
        self._show_clock()

    def _moved(self, seconds: float) -> None:
        self.canvas.show_position(seconds)
        if self._mark_in is not None:
            self.canvas.show_marked((min(self._mark_in, seconds), max(self._mark_in, seconds)))
        self._show_clock()

    def _played(self, playing: bool) -> None:
        if not playing and self._looping:
            QTimer.singleShot(0, lambda: self.play_region(True) if self._looping else None)
        name, words = ("pause", "Stop (Space)") if playing else ("play", "Play from the cursor (Space)")
        self.play.setIcon(icon(name, "text"))
        self.play.setToolTip(words)
        self.play.setAccessibleName(words)

    def _unheard(self, error: Problem | UserError) -> None:
        """It cannot be played: not again and again."""
        self.stop()
        self.banner.show_error(error)

    def _show_clock(self) -> None:
        self.clock.setText(f"{when(self.canvas.position)} / {when(self.canvas.seconds)}")

    def _failed(self, problem: Problem) -> None:
        self.banner.show_error(problem)

    def _close(self) -> None:
        self.stop()
        self.closed.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        self.stop()
        super().hideEvent(event)

    # Keys ------------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and self._key(event):
            return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        plain = modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        arrow = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(key, 0)
        if arrow and modifiers & Qt.KeyboardModifier.ControlModifier:
            edge = "ends" if modifiers & Qt.KeyboardModifier.ShiftModifier else "begins"
            self.nudge(edge, arrow * self.canvas.step_seconds())
            return True
        if key == Qt.Key.Key_Backtab or (key == Qt.Key.Key_Tab and plain):
            self._next_piece(-1 if key == Qt.Key.Key_Backtab else 1)
            return True
        if not plain:
            return False
        if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
            place = int(key) - int(Qt.Key.Key_1)
            found = self._ordered()
            if place < len(found):
                self.name(found[place])
            else:
                self.banner.show_message(f"There is no class {place + 1} yet. Type its name under the classes.", "info")
            return True
        deed = self._deeds.get(key)
        if deed is None:
            return False
        deed()
        return True

    def _escape(self) -> None:
        if self.canvas.marked is not None or self._mark_in is not None:
            self._mark_in = None
            self.canvas.show_marked(None)
            self.banner.hide()
        elif self.selected:
            self.choose(0)
        else:
            self._close()

    def _next_piece(self, step: int) -> None:
        ids = [a.id for a, _ in clips_of(self.state())]
        if ids:
            at = ids.index(self.selected) + step if self.selected in ids else 0 if step > 0 else -1
            self.choose(ids[at % len(ids)], show=True)

    # Building --------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.banner = Banner()
        column.addLayout(self._build_top())
        column.addWidget(self.banner)
        splitter = QSplitter()
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._build_canvas())
        splitter.addWidget(self._build_side())
        splitter.setStretchFactor(0, 1)
        splitter.setHandleWidth(M)
        splitter.setSizes([860, 280])
        column.addWidget(splitter, 1)
        column.addWidget(label(_HINT, "faint", wrap=True))
        self._deeds: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_Space: self.toggle, Qt.Key.Key_P: self.play_region, Qt.Key.Key_L: self._toggle_loop,
            Qt.Key.Key_B: self.mark_in, Qt.Key.Key_BracketLeft: self.mark_in, Qt.Key.Key_E: self.mark_out,
            Qt.Key.Key_BracketRight: self.mark_out, Qt.Key.Key_Delete: self.delete, Qt.Key.Key_Backspace: self.delete,
            Qt.Key.Key_0: self.delete, Qt.Key.Key_S: self.snap, Qt.Key.Key_A: self.accept_suggested,
            Qt.Key.Key_R: self.reject_suggested, Qt.Key.Key_Return: self.done, Qt.Key.Key_Enter: self.done,
            Qt.Key.Key_N: lambda: self.done(nothing=True), Qt.Key.Key_U: self.open_again,
            Qt.Key.Key_Z: lambda: self.canvas.look_at_block(self.selected),
            Qt.Key.Key_PageDown: lambda: self.move_by(1), Qt.Key.Key_PageUp: lambda: self.move_by(-1),
            Qt.Key.Key_Escape: self._escape,
        }  # fmt: skip

    def _build_top(self) -> QHBoxLayout:
        top = QHBoxLayout()
        top.setSpacing(S)
        top.addWidget(
            button("List", self._close, icon_name="chevron-left", name="clips-back", tip="Back to the list (Esc)")
        )
        top.addWidget(icon_button("chevron-left", "Previous recording (Page up)", lambda: self.move_by(-1)))
        top.addWidget(icon_button("chevron-right", "Next recording (Page down)", lambda: self.move_by(1)))
        self.caption = label("", "soft")
        self.caption.setObjectName("clips-caption")
        self.caption.setMinimumWidth(60)
        top.addWidget(self.caption, 1)
        self.accept = button(
            "", self.accept_suggested, icon_name="check", name="clips-accept",
            tip="Take over the chosen suggestion, or all when none is chosen (A)",
        )  # fmt: skip
        self.reject = button(
            "", self.reject_suggested, icon_name="x", name="clips-reject",
            tip="Throw away the chosen suggestion, or all when none is chosen (R)",
        )  # fmt: skip
        self.again = button(
            "Not done", self.open_again, name="clips-again",
            tip="Open it again: what is not marked in it says nothing (U)",
        )  # fmt: skip
        self.cut = button(
            "Make items", icon_name="scissors", name="clips-cut",
            tip="Each marked sound becomes a recording of its own, of its class",
        )  # fmt: skip
        menu = QMenu(self.cut)
        menu.addAction("Of this recording, in this project", self.cut_into_project)
        menu.addAction("Of all recordings, as a new project that tells sounds apart", self.cut_into_new)
        self.cut.setMenu(menu)
        for widget in (self.accept, self.reject, self.again, self.cut):
            top.addWidget(widget)
        top.addWidget(
            button("Nothing in it", lambda: self.done(nothing=True), name="clips-nothing", tip="Nothing to mark (N)")
        )
        top.addWidget(
            button(
                "Done",
                self.done,
                role="primary",
                icon_name="check",
                name="clips-done",
                tip="All that is to be heard is marked; on to the next (Enter)",
            )
        )
        return top

    def _build_canvas(self) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.canvas = ClipCanvas(self.ctx, editable=True)
        self.canvas.installEventFilter(self)
        self.canvas.pointed.connect(self.go_to)
        self.canvas.chosen.connect(self._clicked)
        self.canvas.made.connect(self.make)
        self.canvas.moved.connect(self.reshape)
        self.canvas.opened.connect(self._opened)
        self.canvas.read.connect(self._read)
        self.canvas.failed.connect(self._failed)
        self.overview = ClipOverview()
        self.overview.installEventFilter(self)
        self.overview.asked.connect(self._look_around)
        self.canvas.viewed.connect(self.overview.show_view)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.overview)
        line = QHBoxLayout()
        line.setSpacing(S)
        self.play = icon_button("play", "Play from the cursor (Space)", self.toggle, name="clips-play")
        self.play_piece = icon_button("circle-play", "Play the region (P)", self.play_region, name="clips-play-region")
        self.loop = icon_button(
            "refresh-cw", "Play the region again and again (L)", self._loop_clicked, name="clips-loop"
        )
        self.loop.setCheckable(True)
        self.snap_button = icon_button(
            "magnet",
            "Put the region's edges where the sound grows out of the silence (S)",
            self.snap,
            name="clips-snap",
        )
        self.clock = label("", "soft")
        self.clock.setObjectName("clips-clock")
        for widget in (self.play, self.play_piece, self.loop, self.snap_button, self.clock):
            line.addWidget(widget)
        line.addStretch(1)
        for name, tip, deed in (
            ("zoom-out", "From further away (-)", lambda: self.canvas.zoom(1 / 1.6)),
            ("zoom-in", "Closer (+)", lambda: self.canvas.zoom(1.6)),
            ("maximize", "See the whole recording (F)", self.canvas.look_at_all),
        ):
            line.addWidget(icon_button(name, tip, deed))
        column.addLayout(line)
        return holder

    def _build_side(self) -> QWidget:
        side = QWidget()
        parts = QVBoxLayout(side)
        parts.setContentsMargins(0, 0, 0, 0)
        parts.setSpacing(M)
        self.classes = ClassPanel(self.ctx.store)
        self.classes.for_drawing()
        self.classes.filtered.connect(lambda class_id: self.name(class_id) if class_id > 0 else None)
        self.classes.list.installEventFilter(self)
        parts.addWidget(self.classes, 1)
        card = Card(spacing=S)
        self.count = label("", "strong")
        card.body.addWidget(self.count)
        self.list = QListWidget()
        self.list.setObjectName("clips-list")
        self.list.setAccessibleName("Marked sounds of this recording")
        self.list.setUniformItemSizes(True)
        self.list.installEventFilter(self)
        self.list.currentItemChanged.connect(lambda now, _old: self.choose(int(now.data(_ID)), True) if now else None)
        self.list.itemDoubleClicked.connect(lambda _entry: self.play_region())
        card.body.addWidget(self.list)
        parts.addWidget(card, 1)
        return side

    def _look_around(self, middle: float) -> None:
        wide = self.canvas.ends - self.canvas.begins
        self.canvas.look_at(middle - wide / 2, wide)

    def _loop_clicked(self) -> None:
        if self.loop.isChecked():
            self.play_region(loop=True)
        else:
            self.stop()

    def _toggle_loop(self) -> None:
        if self._looping:
            self.stop()
        else:
            self.play_region(loop=True)
