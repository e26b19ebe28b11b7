"""The frozen app as the harness's user: a copy of its folder whose beginning also understands deeds (see `user`), and runs a
program of ours in itself: MADE --run benchmarks/stopping.py [its arguments].

Its own modules lie beside it as compiled files, so that one can be put in the place of another. The copy is made of links and
takes no room; nothing else in it is changed, and it has to be made by the same Python as the app.
"""

from __future__ import annotations

import os
import py_compile
import shutil
import sys
from pathlib import Path

_BEGINNING = """
import json
import sys

from workbench import usual_main
from workbench.usual_main import *

_usual = usual_main.main


def main(argv=None):
    if argv is None and len(sys.argv) == 2 and sys.argv[1].startswith('{"deed"'):
        sys.path.append(PLACE)
        import user

        user.do(json.loads(sys.argv[1]))
    if argv is None and sys.argv[1:2] == ["--run"]:
        import runpy

        del sys.argv[:2]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return 0
    return _usual(argv)


# What begins the program (`entry`) is the usual one, and asks for this.
usual_main.main = main
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


if __name__ == "__main__":
    sys.stdout.write(f"{make_user(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())}\n")
