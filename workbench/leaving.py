"""The end of a process: soon, and with nothing lost."""

from __future__ import annotations

import atexit
import contextlib
import gc
import logging
import os
import sys
import threading
import time
from typing import NoReturn

log = logging.getLogger(__name__)

# So long is waited for threads that are about to end.
_PATIENCE = 0.5


def leave(code: int, patient: bool = False) -> NoReturn:
    """End this process with an exit code.

    Args:
        patient: threads are waited for to their end: Qt cannot be taken down under their feet.

    Python would look for garbage several times while it takes itself apart: more than a second once torch is there, of each
    command and of each process that was stopped. So what is there is put aside (`gc.freeze`).

    Else a thread that is still in one long step of a library (torch's import, a network's loading) is not waited for: it was told
    to stop before, and all that is kept is written atomically. What was registered for the end is done all the same."""
    gc.disable()
    gc.freeze()
    if patient:
        sys.exit(code)
    ends = time.monotonic() + _PATIENCE
    left = [t for t in threading.enumerate() if t is not threading.current_thread() and not t.daemon]
    for thread in left:
        thread.join(max(0.0, ends - time.monotonic()))
    still = [thread.name for thread in left if thread.is_alive()]
    if not still:
        sys.exit(code)
    log.warning("still running at the end: %s", ", ".join(still))
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the reader has gone, or there never was one
            stream.flush()
    os._exit(code)
