"""Everything about one model, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from workbench.catalog.card import ModelCard
from workbench.catalog.fit import Fit
from workbench.catalog.licences import terms
from workbench.gui.context import AppContext
from workbench.gui.downloads import speed_words
from workbench.gui.theme import XL, M, S
from workbench.gui.widgets.basic import Banner, button, clear_layout, icon_button, label
from workbench.gui.widgets.speed_line import SpeedLine
from workbench.tasks.registry import get_task

_MOST_CLASSES = 12


class ModelDetail(QScrollArea):
    """Signals:
    download(object): fetch this card.
    train(object), delete(object), built(object): the person wants to train with it, delete it, see how it is built.
    measure(): how quick this computer is.
    """

    download = Signal(object)
    train = Signal(object)
    delete = Signal(object)
    built = Signal(object)
    measure = Signal()

    def __init__(self, ctx: AppContext, fit: Callable[[ModelCard], Fit], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._fit = fit
        self.card: ModelCard | None = None
        self._bar: QProgressBar | None = None
        self._speed = label("", "soft")
        self.setWidgetResizable(True)
        self.setMinimumWidth(380)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget()
        page.setProperty("role", "page")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(S, 0, XL, 0)
        self._column.setSpacing(S)
        self.setWidget(page)
        ctx.downloads.changed.connect(self._progress)

    def show_card(self, card: ModelCard | None) -> None:
        """Another model, or nothing."""
        self.card = card
        self._bar = None
        clear_layout(self._column)
        if card is None:
            return
        here = self._ctx.is_here(card)
        name = label(card.name, "title", wrap=True)
        name.setObjectName("model-name")
        self._column.addWidget(name)
        fit = self._fit(card)
        self._badges(card, here, fit)
        self._column.addSpacing(S)
        self._column.addLayout(self._actions(card, here))
        if card.is_remote:
            warning = Banner(closable=False)
            warning.show_message(
                f"This model runs on another computer: what you enter is sent to {card.source.ref}.", "warn"
            )
            self._column.addWidget(warning)
        self._column.addSpacing(M)
        self._facts(card, fit)
        self._licence(card)
        self._column.addStretch(1)

    def _badges(self, card: ModelCard, here: bool, fit: Fit) -> None:
        rights = terms(card)
        shown = [(get_task(t).info.title, "badge") for t in card.tasks] or [("a start for your own training", "badge")]
        if card.is_remote:
            shown.append(("leaves this computer", "badge-warn"))
        else:
            shown.append(("on this computer", "badge-good") if here else ("not downloaded yet", "badge"))
        if not fit.ok:
            shown.append(("too large for this computer", "badge-warn"))
        shown += [
            (words, {"good": "badge-good", "warn": "badge-warn"}.get(kind, "badge")) for words, kind in rights.badges()
        ]
        if card.gated:
            shown.append(("asks for an account", "badge-warn"))
        # Badges flow over two rows rather than being cut off.
        for start in range(0, len(shown), 4):
            row = QHBoxLayout()
            row.setSpacing(S)
            for words, role in shown[start : start + 4]:
                row.addWidget(label(words, role))
            row.addStretch(1)
            self._column.addLayout(row)

    def _facts(self, card: ModelCard, fit: Fit) -> None:
        classes = self._ctx.catalog.label_names(card)
        more = f" and {len(classes) - _MOST_CLASSES:,} more" if len(classes) > _MOST_CLASSES else ""
        for heading, text in (
            ("What it does", card.summary),
            ("What it was trained on", card.trained_on),
            ("What it is good at", card.strengths),
            ("Known limits", card.limits),
            ("Its classes", f"{', '.join(classes[:_MOST_CLASSES])}{more}"),
            ("On this computer", f"{fit.sentence} {fit.cost}".strip()),
            ("Languages", ", ".join(card.languages)),
        ):
            if text:
                self._column.addWidget(label(heading, "strong"))
                self._column.addWidget(label(text, "soft", wrap=True, selectable=True))
            if heading == "On this computer":
                speed = SpeedLine(self._ctx)
                speed.show_card(card)
                self._column.addWidget(speed)
        if not fit.seconds and not card.is_remote:
            self._column.addWidget(
                button(
                    "Measure how quick this computer is",
                    self.measure.emit,
                    role="quiet",
                    icon_name="gauge",
                    name="measure-machine",
                    tip="Takes about two seconds, once (micro-benchmark); then every model says how long it will take",
                ),
                0,
                Qt.AlignmentFlag.AlignLeft,
            )
        if card.parameters:
            words = f"{card.parameters / 1e6:,.1f} million weights, {card.source.size / 1e6:,.0f} MB"
            size = label(words, "soft")
            size.setToolTip(f"{card.parameters:,} parameters, architecture {card.arch}, family {card.family}")
            self._column.addWidget(label("Size", "strong"))
            row = QHBoxLayout()
            row.addWidget(size)
            row.addWidget(
                button(
                    "How it is built",
                    lambda: self.built.emit(card),
                    role="quiet",
                    icon_name="layers",
                    name="model-built",
                    tip="Its layers, their sizes, and what each way of training changes (architecture)",
                )
            )
            row.addStretch(1)
            self._column.addLayout(row)

    def _licence(self, card: ModelCard) -> None:
        rights = terms(card)
        self._column.addWidget(label("Licence", "strong"))
        self._column.addWidget(label(rights.sentence, "soft", wrap=True))
        links = QHBoxLayout()
        links.addWidget(label(card.licence or "not known", "soft"))
        for text, address in (("Read the licence", card.licence_url), ("Read the paper", card.paper)):
            if address.startswith("https://"):
                link = button(text, partial(_open, address), role="quiet", icon_name="external-link")
                link.setToolTip(f"Opens {address} in the browser")
                links.addWidget(link)
        links.addStretch(1)
        self._column.addLayout(links)
        if card.training_data:
            self._column.addWidget(label(card.training_data, "soft", wrap=True))

    # What can be done --------------------------------------------------------------------------------------------------

    def _actions(self, card: ModelCard, here: bool) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(S)
        row = QHBoxLayout()
        row.setSpacing(S)
        column.addLayout(row)
        entry = self._ctx.downloads.entry(card.id)
        if entry is not None and entry.state in ("waiting", "running", "paused"):
            self._downloading(card, row, column)
            return column
        if here:
            if card.tasks:
                row.addWidget(
                    button(
                        "Try it",
                        lambda: self._ctx.go("try", model_id=card.id),
                        role="primary",
                        icon_name="flask-conical",
                        name="model-try",
                    )
                )
            if card.trainable_for:
                row.addWidget(
                    button(
                        "Train with it", lambda: self.train.emit(card), icon_name="graduation-cap", name="model-train"
                    )
                )
            if card.is_own or card.is_downloaded:
                row.addWidget(
                    button(
                        "Delete …",
                        lambda: self.delete.emit(card),
                        role="danger",
                        icon_name="trash-2",
                        name="model-delete",
                    )
                )
        else:
            words = f"Download ({card.source.size / 1e6:,.0f} MB)"
            row.addWidget(
                button(
                    words,
                    lambda: self.download.emit(card),
                    role="primary",
                    icon_name="download",
                    name="model-download",
                )
            )
            if entry is not None and entry.problem is not None:
                column.addWidget(label(str(entry.problem.message), "soft", wrap=True))
        row.addStretch(1)
        return column

    def _downloading(self, card: ModelCard, row: QHBoxLayout, column: QVBoxLayout) -> None:
        entry = self._ctx.downloads.entry(card.id)
        paused = entry is not None and entry.state == "paused"
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setAccessibleName(f"Download of {card.name}")
        row.addWidget(self._bar, 1)
        if paused:
            row.addWidget(
                button("Go on", lambda: self._ctx.downloads.resume(card.id), icon_name="play", name="download-resume")
            )
        else:
            row.addWidget(
                button("Pause", lambda: self._ctx.downloads.pause(card.id), icon_name="pause", name="download-pause")
            )
        row.addWidget(
            icon_button(
                "x",
                "Stop this download and delete what came",
                lambda: self._ctx.downloads.cancel(card.id),
                name="download-cancel",
            )
        )
        self._speed = label("", "soft")
        column.addWidget(self._speed)
        self._drawn_state = entry.state if entry is not None else ""
        self._progress()

    def _progress(self) -> None:
        card = self.card
        entry = self._ctx.downloads.entry(card.id) if card is not None else None
        shown = self._bar is not None
        active = entry is not None and entry.state in ("waiting", "running", "paused")
        if card is not None and shown != active:
            self.show_card(card)
            return
        if self._bar is not None and entry is not None:
            if (entry.state == "paused") != (self._drawn_state == "paused"):
                self.show_card(card)
                return
            self._bar.setValue(round(1000 * entry.done_bytes / entry.total_bytes) if entry.total_bytes else 0)
            self._speed.setText(speed_words(entry))


def _open(address: str) -> None:
    QDesktopServices.openUrl(QUrl(address))
