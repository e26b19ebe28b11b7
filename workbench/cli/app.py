"""Reads the command line and hands over to one module per command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from workbench import __version__
from workbench.errors import Cancelled, UserError, no_memory, out_of_memory

OK, FAILED, PARTLY, STOPPED = 0, 1, 3, 130
_COMMANDS = (
    "predict",
    "watch",
    "watch_folder",
    "listen",
    "record",
    "chat",
    "train",
    "cost",
    "evaluate",
    "report",
    "swap",
    "explain",
    "export",
    "serve",
    "models",
    "find",
    "similar",
    "recommend",
    "molecules",
    "documents",
    "duplicates",
    "drift",
    "log",
    "review",
    "update",
    "inspect",
    "project",
    "demo",
    "doctor",
    "self_check",
    "updates",
)


def is_command(text: str) -> bool:
    return text.replace("-", "_") in _COMMANDS


def parser() -> argparse.ArgumentParser:
    """The whole command line. Nothing heavy is imported for it."""
    top = argparse.ArgumentParser(
        prog="workbench",
        description="Try, teach and use pre-trained models on your own computer. Without arguments the window opens.",
    )
    top.add_argument("--version", action="version", version=f"Model Workbench {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in _COMMANDS:
        import_module(f"workbench.cli.{name}").add(commands)
    return top


def run(arguments: Sequence[str]) -> int:
    """Run one command. Returns the exit code; every failure is a sentence on stderr."""
    try:
        options = parser().parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    from workbench.app_log import log_file, start
    from workbench.app_paths import app_paths

    start(app_paths().logs)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except (KeyboardInterrupt, Cancelled):
        _say("Stopped.")
        return STOPPED
    except UserError as error:
        _say(str(error))
        return FAILED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        import logging

        if out_of_memory(error):
            logging.getLogger(__name__).exception("%s had not enough memory", options.command)
            _say(str(no_memory()))
            return FAILED
        logging.getLogger(__name__).exception("%s failed", options.command)
        _say(
            f"Something unexpected went wrong; nothing you made is lost. The log says more: {log_file(app_paths().logs)}"
        )
        return FAILED


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
