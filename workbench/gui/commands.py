"""Everything a person can do, as data: menus, shortcuts and the command palette are built from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from workbench.gui.icons import icon


@dataclass(frozen=True)
class Command:
    """One thing to do. `group` is the menu's name; a command with `enabled` is greyed while that gives False."""

    id: str
    title: str
    group: str
    run: Callable[[], object]
    shortcut: str = ""
    icon: str = ""
    enabled: Callable[[], bool] | None = None

    def is_enabled(self) -> bool:
        return self.enabled() if self.enabled is not None else True


GROUPS = ("File", "Edit", "View", "Help")


def build_menus(window: QMainWindow, commands: Iterable[Command]) -> dict[str, QAction]:
    """Menus in the order of `GROUPS`. Returns the actions by command id."""
    actions: dict[str, QAction] = {}
    menus: dict[str, QMenu] = {}
    for group in GROUPS:
        menus[group] = window.menuBar().addMenu(f"&{group}")
    for command in commands:
        action = QAction(command.title, window)
        if command.shortcut:
            action.setShortcut(QKeySequence(command.shortcut))
        if command.icon:
            action.setIcon(icon(command.icon, "text_soft"))
        action.triggered.connect(lambda _checked=False, c=command: c.run())
        menus[command.group].addAction(action)
        actions[command.id] = action
    known = list(commands)

    def refresh() -> None:
        for command in known:
            actions[command.id].setEnabled(command.is_enabled())

    def release() -> None:
        # A greyed action would swallow its shortcut later, when it may be done again.
        for action in actions.values():
            action.setEnabled(True)

    for menu in menus.values():
        menu.aboutToShow.connect(refresh)
        menu.aboutToHide.connect(release)
    return actions


def matches(query: str, title: str) -> bool:
    """True when the letters of the query appear in the title in this order, or all its words do."""
    wanted, hay = query.casefold(), title.casefold()
    if all(word in hay for word in wanted.split()):
        return True
    rest = iter(hay)
    return all(letter in rest for letter in wanted if not letter.isspace())
