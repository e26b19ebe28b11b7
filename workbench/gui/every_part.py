"""For the self-check: does every page of the window open, and can every part that is found by name be imported?"""

from __future__ import annotations

import logging
import pkgutil
from importlib import import_module

import workbench.gui
from workbench.gui.main_window import MainWindow
from workbench.gui.rail import PAGES
from workbench.gui.widgets.basic import EmptyState

log = logging.getLogger(__name__)


def every_part(window: MainWindow) -> dict[str, list[str]]:
    """What is shown and what is broken, by name."""
    shown: list[str] = []
    broken: list[str] = []
    for entry in PAGES:
        window.show_page(entry.id)
        (broken if isinstance(window.page(entry.id), EmptyState) else shown).append(entry.id)
    names = [m.name for m in pkgutil.walk_packages(workbench.gui.__path__, "workbench.gui.")]
    # Parts of Qt that a packaged app loses: sound, speech, drawings, the socket of a second start.
    names += [f"PySide6.{part}" for part in ("QtMultimedia", "QtTextToSpeech", "QtSvg", "QtNetwork")]
    for name in names:
        try:
            import_module(name)
        except Exception:  # whatever it is, it is what is asked for
            log.exception("%s cannot be imported", name)
            broken.append(name)
        else:
            shown.append(name)
    return {"shown": shown, "broken": broken}
