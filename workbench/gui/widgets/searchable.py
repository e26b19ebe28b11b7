"""A long list to choose from by typing a part of an entry."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QCompleter

# Shorter lists are seen at a glance.
LONG = 12


def make_searchable(box: QComboBox) -> None:
    """Typing finds entries that hold what was typed; what is no entry goes back to the chosen one."""
    box.setEditable(True)
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setMaxVisibleItems(18)
    found = QCompleter(box.model(), box)
    found.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
    found.setFilterMode(Qt.MatchFlag.MatchContains)
    found.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    box.setCompleter(found)
    edit = box.lineEdit()
    assert edit is not None
    edit.setPlaceholderText("Type to search …")
    edit.setClearButtonEnabled(False)

    def settle() -> None:
        typed = edit.text().strip().casefold()
        names = [box.itemText(n) for n in range(box.count())]
        exact = [n for n, name in enumerate(names) if name.casefold() == typed]
        begun = [n for n, name in enumerate(names) if typed and name.casefold().startswith(typed)]
        if exact or len(begun) == 1:
            box.setCurrentIndex((exact or begun)[0])
        edit.setText(box.itemText(box.currentIndex()))

    edit.editingFinished.connect(settle)
