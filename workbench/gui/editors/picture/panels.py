"""What stands to the right of the canvas: classes, labels, suggestions, and how areas are painted."""

from __future__ import annotations

import math
from collections import Counter

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QHBoxLayout, QSlider, QSpinBox, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.data.types import ClassLabel
from workbench.gui.context import AppContext
from workbench.gui.editors.picture.document import Document, counted
from workbench.gui.editors.picture.label_list import LabelView
from workbench.gui.editors.picture.tools.brush import LARGEST, SMALLEST
from workbench.gui.theme import XS, M, S
from workbench.gui.widgets.basic import Card, button, icon_button, label
from workbench.gui.widgets.class_panel import ClassPanel

WIDTH = 276
# The slider ends here; larger brushes are typed.
_SLIDER_END = 500
# So many classes are seen without scrolling; the rest of the height is the labels'.
_MOST_CLASSES = 7


class LabelsCard(Card):
    """The list of labels with what can be done to the chosen ones.

    Signals:
        asked(str): id of a command.
    """

    asked = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__(margin=M, spacing=S)
        self._document = document
        self.body.setContentsMargins(S, S, S, S)
        top = QHBoxLayout()
        top.setContentsMargins(XS, 0, 0, 0)
        top.setSpacing(0)
        self.heading = label("Labels", "heading")
        top.addWidget(self.heading, 1)
        self._buttons = []
        for name, icon_name, tip in (
            ("raise", "arrow-up", "One place up: more on top (Ctrl+])"),
            ("lower", "arrow-down", "One place down (Ctrl+[)"),
            ("ignore", "ban", "Don't count this one: neither right nor wrong (I; COCO's “crowd”)"),
            ("delete", "trash-2", "Delete what is chosen (Delete)"),
        ):
            made = icon_button(icon_name, tip, lambda n=name: self.asked.emit(n), name=f"label-{name}")  # type: ignore[misc]
            self._buttons.append(made)
            top.addWidget(made)
        self.body.addLayout(top)
        self.list = LabelView(document)
        self.list.setMinimumHeight(94)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setProperty("role", "bare")
        self.body.addWidget(self.list, 1)
        self.empty = label("", "faint", wrap=True)
        self.body.addWidget(self.empty)
        document.changed.connect(self._show)
        document.chosen.connect(self._show)
        self._show()

    def _show(self) -> None:
        own = sum(not a.is_proposal for a in self._document.annotations)
        self.heading.setText(f"{counted(own, 'label')}" if own else "Labels")
        nothing = self.list.labels.rowCount() == 0
        self.empty.setText("Done: nothing here." if self._document.marked else "None yet. Draw on the picture.")
        self.empty.setVisible(nothing)
        for made in self._buttons:
            made.setEnabled(bool(self._document.selection))


class PaintBar(QWidget):
    """Above the canvas: size of the brush, whether paint covers other areas, strength of the areas.

    Signals:
        sized(int), strengthened(float), over(bool)
    """

    sized = Signal(int)
    strengthened = Signal(float)
    over = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        row.addWidget(label("Brush", "soft"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Size of the brush")
        self.slider.setToolTip("Diameter of brush and eraser in the picture's pixels ([ and ], or Alt and the wheel)")
        self.slider.setRange(0, 100)
        self.slider.setFixedWidth(120)
        self.slider.valueChanged.connect(lambda value: self.sized.emit(_from_slider(value)))
        row.addWidget(self.slider)
        self.pixels = QSpinBox()
        self.pixels.setRange(SMALLEST, LARGEST)
        self.pixels.setSuffix(" px")
        self.pixels.setFixedWidth(84)
        self.pixels.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pixels.setAccessibleName("Size of the brush in pixels")
        self.pixels.valueChanged.connect(self.sized)
        row.addWidget(self.pixels)
        row.addSpacing(M)
        self.covers = QCheckBox("Paint over other areas")
        self.covers.setChecked(True)
        self.covers.setToolTip("Ticked, paint takes pixels from other areas; locked areas always keep theirs")
        self.covers.toggled.connect(self.over)
        row.addWidget(self.covers)
        row.addStretch(1)
        row.addWidget(label("Areas", "soft"))
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(5, 100)
        self.strength.setFixedWidth(100)
        self.strength.setAccessibleName("How strongly areas cover the picture")
        self.strength.setToolTip("How strongly areas cover the picture (opacity)")
        self.strength.valueChanged.connect(lambda value: self.strengthened.emit(value / 100))
        row.addWidget(self.strength)

    def show_size(self, size: int) -> None:
        """As it was set by keys or wheel."""
        with QSignalBlocker(self.pixels), QSignalBlocker(self.slider):
            self.pixels.setValue(size)
            self.slider.setValue(_to_slider(size))


def _from_slider(value: int) -> int:
    """Evenly by feel: each step is so many percent more."""
    return round(math.exp(math.log(_SLIDER_END) * value / 100))


def _to_slider(size: int) -> int:
    return min(100, round(100 * math.log(max(1, size)) / math.log(_SLIDER_END)))


class SuggestionsCard(Card):
    """Which model proposes, and what is done with its proposals.

    Signals:
        asked(str): id of a command.
        least_changed(float): proposals below this score are not shown.
    """

    asked = Signal(str)
    least_changed = Signal(float)

    def __init__(self, document: Document) -> None:
        super().__init__(margin=M, spacing=S)
        self._document = document
        self.body.setContentsMargins(M, S, M, S)
        self.ask = QWidget()
        row = QHBoxLayout(self.ask)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(S)
        self.models = QComboBox()
        self.models.setObjectName("proposers")
        self.models.setAccessibleName("Model that suggests labels")
        self.models.setToolTip("The model that suggests labels; your own models come first")
        self.models.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.models.setMinimumContentsLength(8)
        row.addWidget(self.models, 1)
        self.suggest = button(
            "Suggest", lambda: self.asked.emit("suggest"), icon_name="wand-sparkles", name="editor-suggest",
            tip="Let the model propose labels for all pictures that are not done (assisted labelling) (W)",
        )  # fmt: skip
        row.addWidget(self.suggest)
        self.body.addWidget(self.ask)
        self.hint = label("", "faint", wrap=True)
        self.body.addWidget(self.hint)
        self.settle = QWidget()
        column = QVBoxLayout(self.settle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        row = QHBoxLayout()
        self.least_words = label("", "soft")
        self.least = QSlider(Qt.Orientation.Horizontal)
        self.least.setRange(0, 99)
        self.least.setAccessibleName("Hide suggestions below this certainty")
        self.least.setToolTip("Suggestions the model is less certain of than this are hidden (score threshold)")
        self.least.valueChanged.connect(self._least)
        row.addWidget(self.least_words)
        row.addWidget(self.least, 1)
        column.addLayout(row)
        row = QHBoxLayout()
        row.setSpacing(S)
        self.accept = button(
            "Accept all", lambda: self.asked.emit("accept-all"), icon_name="check-check", name="accept-all",
            tip="Accept all suggestions that are shown (Shift+A); A or Enter accepts the chosen one",
        )  # fmt: skip
        self.reject = button(
            "Reject all", lambda: self.asked.emit("reject-all"), role="quiet", name="reject-all",
            tip="Reject all suggestions that are shown (Shift+R); R or Delete rejects the chosen one",
        )  # fmt: skip
        row.addWidget(self.accept)
        row.addWidget(self.reject)
        row.addStretch(1)
        column.addLayout(row)
        self.body.addWidget(self.settle)
        self.cards: list[ModelCard] = []
        document.changed.connect(self._show)
        self._show()

    def show_models(self, cards: list[ModelCard]) -> None:
        """Offer these; keeps the one that was chosen."""
        current = self.card()
        self.cards = cards
        with QSignalBlocker(self.models):
            self.models.clear()
            for card in cards:
                self.models.addItem(card.name)
                self.models.setItemData(self.models.count() - 1, card.summary, Qt.ItemDataRole.ToolTipRole)
            ids = [card.id for card in cards]
            self.models.setCurrentIndex(ids.index(current.id) if current is not None and current.id in ids else 0)
        self._show()

    def card(self) -> ModelCard | None:
        place = self.models.currentIndex()
        return self.cards[place] if 0 <= place < len(self.cards) else None

    def set_busy(self, busy: bool) -> None:
        self.suggest.setEnabled(not busy and bool(self.cards))
        self.models.setEnabled(not busy)

    def _least(self, value: int) -> None:
        self.least_words.setText(f"From {value} %")
        self.least_changed.emit(value / 100)

    def _show(self) -> None:
        every = sum(a.is_proposal for a in self._document.annotations)
        shown = len(self._document.proposals)
        self.settle.setVisible(bool(every))
        self.suggest.setEnabled(bool(self.cards))
        self.ask.setVisible(bool(self.cards))
        self.least_words.setText(f"From {self.least.value()} %")
        self.accept.setText(f" Accept {shown}" if shown else " Accept")
        self.accept.setEnabled(bool(shown))
        self.reject.setEnabled(bool(shown))
        if every:
            rest = f", {every - shown} hidden" if every > shown else ""
            self.hint.setText(f"{counted(shown, 'suggestion')} here{rest}. Enter goes from one to the next.")
        elif self.cards:
            self.hint.setText("A model marks what it finds in pictures that are not done; you accept or correct it.")
        else:
            self.hint.setText("No model can suggest these labels yet.")
            self.hint.setToolTip(
                "Train one on what you have labelled, or download one that knows such things on the Models page."
            )


class SidePanel(QWidget):
    """All of it, one below the other."""

    def __init__(self, ctx: AppContext, document: Document) -> None:
        super().__init__()
        self._document = document
        self._shown: tuple[list[ClassLabel], dict[int, int]] = ([], {})
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(S)
        self.classes = ClassPanel(ctx.store)
        self.classes.set_annotated(True)
        self.classes.hint.setText("Pick the class to draw, or give it to what is chosen.")
        self.classes.for_drawing()
        self.labels = LabelsCard(document)
        self.suggestions = SuggestionsCard(document)
        column.addWidget(self.classes)
        column.addWidget(self.labels, 1)
        column.addWidget(self.suggestions)
        document.changed.connect(self._show_classes)
        document.chosen.connect(self._show_class)
        self._show_classes()

    def _show_classes(self) -> None:
        counts = Counter(a.class_id for a in self._document.annotations if not a.is_proposal)
        wanted = list(self._document.classes.values()), {i: n for i, n in counts.items() if i is not None}
        if wanted != self._shown:
            self._shown = wanted
            self.classes.show_classes(*wanted, 0)
            self.classes.fit_height(_MOST_CLASSES)
            self._show_class()

    def _show_class(self) -> None:
        self.classes.choose_class(self._document.class_id)
