"""The frozen app as the harness's user: a copy of its folder whose beginning also understands deeds (see `user`).

Its own modules lie beside it as compiled files, so that one can be put in the place of another. The copy is made of links and
takes no room; nothing else in it is changed, and it has to be made by the same Python as the app.
"""

from __future__ import annotations

import os
import py_compile
import shutil
from pathlib import Path

_BEGINNING = """
import json
import sys

from workbench import usual_main
from workbench.usual_main import *


def main(argv=None):
    if argv is None and len(sys.argv) == 2 and sys.argv[1].startswith('{"deed"'):
        sys.path.append(PLACE)
        import user

        user.do(json.loads(sys.argv[1]))
    return usual_main.main(argv)
"""


def make_user(program: Path, place: Path) -> Path:
    """Copy the frozen app into the new folder `place`, on the same disk. Returns the program there.

    Raises:
        FileNotFoundError: when `program` is no frozen app, or its modules lie in it and not beside it.
    """
    shutil.copytree(program.parent, place, copy_function=os.link, symlinks=True)
    modules = place / "_internal" / "workbench"
    first = modules / "__main__.pyc"
    first.rename(modules / "usual_main.pyc")
    source = place / "beginning.py"
    source.write_text(_BEGINNING.replace("PLACE", repr(str(Path(__file__).parent))), encoding="utf-8")
    py_compile.compile(str(source), str(first), doraise=True)
    return place / program.name
