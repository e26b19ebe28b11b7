"""On the Use page: whether a model's answers are kept, and the way to all that is about them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from workbench.catalog.card import ModelCard
from workbench.engine.prediction_log import PredictionLog
from workbench.engine.versions import versions
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Card, button, label


class AtWorkCard(Card):
    """Shows one own model's state; the button opens `AtWorkDialog`."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent, spacing=S)
        self._ctx = ctx
        self._card: ModelCard | None = None
        self.body.addWidget(label("Now that it is at work", "heading"))
        self.words = label("", "soft", wrap=True)
        self.words.setObjectName("at-work-words")
        self.body.addWidget(self.words)
        self.open_button = button(
            "Watch, review and update …", self.open, icon_name="trending-up", name="at-work-open",
            tip="Prediction log, drift week by week, review queue, next version",
        )  # fmt: skip
        self.body.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignLeft)

    def show_model(self, card: ModelCard) -> None:
        """Say what is kept of a model's answers."""
        self._card = card
        self.setVisible(not card.is_remote)
        try:
            log = PredictionLog(card.id, self._ctx.paths)
            on, count = log.settings().on, log.count()
        except UserError as error:
            self.words.setText(str(error))
            return
        known = versions(self._ctx.catalog, card, self._ctx.paths)
        mine = next((v for v in known if v.card.id == card.id), known[0])
        state = (
            f"Its answers are kept on this computer ({count:,} so far)."
            if on
            else "Its answers are not kept. Keep them on this computer to notice when something changes."
        )
        if len(known) > 1:
            state += f" This is version {mine.number} of {len(known)}{', the current one' if mine.current else ''}."
        self.words.setText(state)

    def open(self) -> None:
        """Open what is about the model at work."""
        if self._card is None:
            return
        from workbench.gui.at_work.dialog import AtWorkDialog

        dialog = AtWorkDialog(self._ctx, self._card, self.window())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        card = self._card
        dialog.finished.connect(lambda _code: self.show_model(card))
        dialog.open()
