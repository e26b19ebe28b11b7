"""No arguments: the window. Arguments: the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `workbench`. Returns the exit code: 0 done, 1 failed, 2 wrong use, 3 done in part, 130 stopped."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments:
        return window()
    if arguments == ["--safe-mode"]:
        return window(safe=True)
    if arguments[0] == "--decode-sound" and len(arguments) == 2:
        # Started by ourselves: see `workbench.data.sound_decoder`.
        from workbench.gui.decode_sound import main as decode

        return decode(arguments[1])
    from workbench.cli.app import run

    return run(arguments)


def window(safe: bool = False) -> int:
    """Open the window. Without a screen, or without the libraries Qt needs, one sentence and exit code 1.

    Args:
        safe: as little as possible: no previous project, no graphics card, settings as they come.
    """
    import os

    has_screen = sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    if not has_screen:
        sys.stderr.write("There is no screen to open a window on. The command line can do the same: workbench --help\n")
        return 1
    try:
        from workbench.gui.app import run
    except ImportError as error:
        sys.stderr.write(
            f"The window cannot open because a library is missing ({error}). python3 packaging/dev.py run installs it.\n"
        )
        return 1
    return run(sys.argv[:1], safe or sys.argv[1:] == ["--safe-mode"])


if __name__ == "__main__":
    sys.exit(main())
