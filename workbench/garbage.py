"""When Python looks for garbage: things that only hold each other, which counting references does not free.

While it looks, every thread stands still, the window's too, and a whole look goes through all there is: with torch and the
models' libraries imported that is a million things which stay for good, a fifth of a second each time. So nothing is looked for
while the libraries are imported, and what they have left is put aside afterwards, never to be looked at again (`gc.freeze`, made
for this: https://docs.python.org/3/library/gc.html#gc.freeze). What came and went in the last moment is looked at as always.
"""

from __future__ import annotations

import gc
import sys

# A look at the newest after so many of them; at those before after so many such looks; a whole one after so many of these.
# Python's own are 700, 10 and 10: a whole look after 70,000, which is less than one question about a large project makes.
_LOOKS = 1000, 20, 25
# So many modules more are a library that was imported in the meantime.
_LIBRARY = 40

_state = {"starting": False, "on": False, "modules": 0}


def begin() -> None:
    """A window starts: nothing is looked for until `settle`."""
    gc.set_threshold(*_LOOKS)
    gc.disable()
    _state.update(starting=True, on=False, modules=0)


def settle() -> None:
    """The start is over: put aside what is there, and look from now on. Does nothing where nothing was begun."""
    if _state["starting"]:
        _state.update(starting=False, on=True)
        _put_aside()
        gc.enable()


def put_libraries_aside() -> bool:
    """After a piece of work: where it has imported a library, put aside what is there now. True when it did.

    Things that are just in use are put aside with it. They are freed like all others when nobody holds them any more; only if
    they come to hold each other they stay. That happens as often as a library is imported: a few times."""
    if not _state["on"] or len(sys.modules) - _state["modules"] < _LIBRARY:
        return False
    _put_aside()
    return True


def _put_aside() -> None:
    _state["modules"] = len(sys.modules)
    gc.freeze()
