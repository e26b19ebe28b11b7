"""Which microphone is used; remembered."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QWidget

from workbench.control import Control
from workbench.data.microphone import Microphone
from workbench.gui.context import AppContext

_KEY = "sound/microphone"
_USUAL = "Usual microphone"


class MicrophoneChooser(QComboBox):
    """The microphones there are when it is shown. Where there are none, recording says why."""

    def __init__(self, ctx: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self.setObjectName("microphones")
        self.setAccessibleName("Microphone")
        self.setToolTip("The microphone to record from; the usual one is chosen in the system's settings")
        self.setMinimumContentsLength(14)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.addItem(_USUAL, None)
        self.activated.connect(self._chosen)

    @property
    def device(self) -> int | None:
        """Its number for the library of sound devices; None for the usual one."""
        found = self.currentData()
        return found if isinstance(found, int) else None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Look which there are; asking the system takes a while."""

        def work(_control: Control) -> Iterator[list[Microphone]]:
            from workbench.data.microphone import microphones
            from workbench.errors import UserError

            try:
                yield microphones()
            except UserError:
                yield []  # said when the person records

        self._ctx.jobs.start_stream("Looking for microphones", work, quiet=True).streamed.connect(self._came)

    def _came(self, found: list[Microphone]) -> None:
        wanted = self._ctx.settings.text(_KEY)
        self.blockSignals(True)
        self.clear()
        self.addItem(_USUAL, None)
        for microphone in found:
            self.addItem(microphone.name, microphone.index)
        self.setCurrentIndex(max(0, self.findText(wanted)) if wanted else 0)
        self.blockSignals(False)

    def _chosen(self, place: int) -> None:
        self._ctx.settings.set_text(_KEY, self.itemText(place) if place else "")
