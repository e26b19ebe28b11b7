"""The full log: everything that goes wrong ends in one file, which the window opens with one click."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import threading
from pathlib import Path
from types import TracebackType

_FILE = "workbench.log"


def log_file(folder: Path) -> Path:
    """Where the log lies under the log folder."""
    return folder / _FILE


def start(folder: Path) -> Path:
    """Begin to write the log (at most 5 files of 2 MB). What no one caught goes there as well.

    A log that cannot be written is no reason not to start: then it goes to stderr.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    path = log_file(folder)
    handler: logging.Handler
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=2_000_000, backupCount=4, encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.captureWarnings(True)
    for noisy in ("httpx", "urllib3", "PIL", "onnxscript"):
        logging.getLogger(noisy).setLevel(logging.WARNING)

    def unhandled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        logging.getLogger("workbench").critical("unhandled", exc_info=(kind, error, trace))

    def unhandled_in_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            unhandled(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = unhandled
    threading.excepthook = unhandled_in_thread
    return path
