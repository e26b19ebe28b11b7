"""For the self-check: does every page of the window open, and can every part that is found by name be imported?"""

from __future__ import annotations

import json
import logging
import pkgutil
import traceback
from importlib import import_module

import workbench.gui
from workbench.app_log import discreet
from workbench.gui.crash import redacted
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
    (shown if _places_are_told() else broken).append("the report of a crash")
    return {"shown": shown, "broken": broken}


def _places_are_told() -> bool:
    """Whether a report would say where in our program, and in Python's, something went wrong."""
    try:
        json.loads("no JSON")
    except ValueError:
        told = "\n".join(redacted(discreet(traceback.format_exc())))
        return "workbench/gui/every_part.py:" in told and "decoder.py:" in told
    return False
