"""Everything in the editor that has a key, as data: the keyboard, the menu of the canvas and the list of shortcuts are
made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

# Keys that other keyboards reach with other modifiers: the sign that is typed counts.
_SIGNS = "[]+-=?,."


@dataclass(frozen=True)
class EditorCommand:
    """One thing to do.

    Attributes:
        keys: as Qt writes them ("Shift+A"), or a sign ("["); the first one is shown.
        group: heading in the list of shortcuts; "" leaves it out of the list.
        in_menu: part of the canvas' menu.
    """

    id: str
    title: str
    group: str
    keys: tuple[str, ...]
    run: Callable[[], object]
    icon: str = ""
    in_menu: bool = False


# What the canvas hears by itself, for the list of shortcuts.
HEARD = (
    ("Draw", "Arrow keys", "Move the cross of the keyboard (Shift: 10 pixels, Ctrl: far)"),
    ("Draw", "Space or Enter", "Set a corner or a point at the cross; set down and lift the brush"),
    ("Draw", "Enter, double click", "Close the outline"),
    ("Draw", "Backspace, Ctrl+Z", "Take the last point of the outline back"),
    ("Draw", "Esc", "Drop what is half drawn; let go of what is chosen; back to choosing; back to the list"),
    ("Draw", "Alt while dragging", "Do not snap"),
    ("Draw", "Shift while dragging", "A square; a straight line of the brush"),
    ("Labels", "Arrow keys", "Move what is chosen by a pixel (Shift: 10)"),
    ("Labels", "Alt+arrow keys", "Resize what is chosen by a pixel (Shift: 10)"),
    ("Labels", "Tab, Shift+Tab", "Choose the next or previous label"),
    ("Labels", "Shift+click, Shift+drag", "Choose several"),
    ("Labels", "Insert, Delete", "Add a point after, or take away, the point that is picked out"),
    ("Labels", "Alt+click on a point", "Take the point away"),
    ("View", "Wheel", "Zoom at the pointer (Shift: sideways, Alt: size of the brush)"),
    ("View", "Space+drag, middle button", "Move the picture"),
)
GROUPS = ("Picture", "Draw", "Labels", "Suggestions", "View")


def key_of(event: QKeyEvent) -> str:
    """What was pressed, as in `EditorCommand.keys`."""
    if event.text() and event.text() in _SIGNS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return event.text()
    keys = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    code = QKeySequence(event.key() | keys.value)
    return code.toString(QKeySequence.SequenceFormat.PortableText)


def by_key(commands: Iterable[EditorCommand]) -> dict[str, EditorCommand]:
    """Raises: ValueError when two commands have one key."""
    found: dict[str, EditorCommand] = {}
    for command in commands:
        for key in command.keys:
            if key in found:
                raise ValueError(f"{key} is the key of {found[key].id} and of {command.id}")
            found[key] = command
    return found


def shortcuts(commands: Sequence[EditorCommand]) -> dict[str, list[tuple[str, str]]]:
    """By heading: keys and what they do, in the order of the commands."""
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    for command in commands:
        if command.group and command.keys:
            found[command.group].append(
                (" or ".join(dict.fromkeys(_shown(k) for k in command.keys[:2])), command.title)
            )
    for group, key, words in HEARD:
        found[group].append((key, words))
    return found


def _shown(key: str) -> str:
    return {"Return": "Enter", "PgUp": "Page Up", "PgDown": "Page Down", "Del": "Delete"}.get(key, key)
