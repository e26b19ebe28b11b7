"""No arguments, or a project: the window. Other arguments: the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

NEW_WINDOW = "--new-window"
SAFE_MODE = "--safe-mode"


def main(argv: Sequence[str] | None = None) -> int:
    """What `workbench` does. Returns the exit code: 0 done, 1 failed, 2 wrong use, 3 done in part, 130 stopped."""
    from workbench import guard
    from workbench.app_paths import leave_library_path

    guard.stand()
    leave_library_path()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if opens_window(arguments):
        return window(arguments)
    if arguments[0] == "--self-check":
        arguments[0] = "self-check"
    if arguments[0] == "--decode-sound" and len(arguments) == 2:
        # Started by ourselves: see `workbench.data.sound_decoder`.
        from workbench.gui.decode_sound import main as decode

        return decode(arguments[1])
    if arguments[0] == "--export-apart" and len(arguments) == 2:
        # Started by ourselves: see `workbench.engine.export_apart`. Nobody reads what it complains of; the log keeps it.
        from workbench import app_log
        from workbench.app_paths import app_paths
        from workbench.engine.export_apart import do_job

        app_log.start(app_paths().logs)
        return do_job(Path(arguments[1]))
    from workbench.cli.app import run

    return run(arguments)


def opens_window(arguments: Sequence[str]) -> bool:
    """True for no arguments, for a project (as a double click on its file gives it), and for a further window."""
    rest = [a for a in arguments if a not in (NEW_WINDOW, SAFE_MODE)]
    if not rest:
        return True
    # What the command line knows by name is never taken for a file.
    return (
        len(rest) == 1
        and not rest[0].startswith("-")
        and (rest[0].lower().endswith(".workbench") or is_project(rest[0]))
    )


def is_project(text: str) -> bool:
    """A project's folder, and no name of a command."""
    from workbench.cli.app import is_command

    return not is_command(text) and (Path(text) / "project.db").is_file()


def window(arguments: Sequence[str] | None = None) -> int:
    """Open the window, at a project if one is given. Without a screen, or without the libraries Qt needs, one sentence and
    exit code 1."""
    import os

    has_screen = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    if not has_screen:
        sys.stderr.write("There is no screen to open a window on. The command line can do the same: workbench --help\n")
        return 1
    given = list(sys.argv[1:] if arguments is None else arguments)
    projects = [a for a in given if a not in (NEW_WINDOW, SAFE_MODE)]
    try:
        # Before the window's own modules: a second start shall be over in a moment.
        if not {NEW_WINDOW, SAFE_MODE} & set(given) and handed_over(projects):
            return 0
        from workbench.gui.app import run
    except ImportError as error:
        from workbench.app_paths import is_packaged

        # The installed app brings all but what belongs to the system (graphics, fonts).
        mend = "Install it with your system's packages" if is_packaged() else "python3 packaging/dev.py run installs it"
        sys.stderr.write(f"The window cannot open because a library is missing ({error}). {mend}.\n")
        return 1
    return run(sys.argv[:1], projects, alone=NEW_WINDOW in given, safe=SAFE_MODE in given)


def handed_over(projects: Sequence[str]) -> bool:
    """True when a window is open already and has taken the project."""
    from workbench.app_paths import app_paths
    from workbench.gui.single import hand_over

    return hand_over(app_paths(), projects[0] if projects else "")


def entry() -> NoReturn:
    """The program: as `main`, and then the process ends."""
    from workbench.leaving import leave

    leave(main(), patient=opens_window(sys.argv[1:]))


if __name__ == "__main__":
    entry()
