"""The frozen app as a user: here a stand-in of the same build, compiled modules beside a program."""

from __future__ import annotations

import py_compile
import subprocess
import sys
from pathlib import Path

import pytest
from frozen_user import make_user

_MAIN = """
import sys

def main(argv=None):
    print("usual", *(sys.argv[1:] if argv is None else argv))
    return 0

def entry():
    sys.exit(main())
"""
_PROGRAM = """#!{python}
import sys
sys.frozen = True
sys.path.insert(0, {inside!r})
from workbench.__main__ import entry
entry()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script")
def test_a_copy_of_the_app_does_deeds_and_runs_programs_of_ours(tmp_path: Path) -> None:
    modules = tmp_path / "app" / "_internal" / "workbench"
    modules.mkdir(parents=True)
    for name, text in (("__init__", ""), ("__main__", _MAIN)):
        (tmp_path / "m.py").write_text(text)
        py_compile.compile(str(tmp_path / "m.py"), str(modules / f"{name}.pyc"), doraise=True)
    made = make_user(_program(tmp_path / "app"), tmp_path / "copy")
    _program(tmp_path / "copy")  # its own folder: the frozen app finds it by itself

    def said(program: Path, *arguments: str) -> str:
        done = subprocess.run([str(program), *arguments], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    (tmp_path / "ours.py").write_text("import sys; print(sys.frozen, sys.argv[1:])")
    assert said(made, "--run", str(tmp_path / "ours.py"), "one") == "True ['one']"
    deed = (
        f'{{"deed": "command", "arguments": [["project", "x"]], "said": "{tmp_path / "said"}", "inside": "{tmp_path}",'
    )
    assert said(made, f'{deed} "last_step": null, "environment": {{}}}}') == ""
    assert (tmp_path / "said").read_text().splitlines()[:2] == ["usual project x", "code 0"]
    # Anything else is the app's, and the app itself is as it was.
    assert said(made, "--version") == "usual --version"
    assert said(tmp_path / "app" / "model-workbench", "--run", "x") == "usual --run x"


def _program(folder: Path) -> Path:
    program = folder / "model-workbench"
    program.unlink(missing_ok=True)
    program.write_text(_PROGRAM.format(python=sys.executable, inside=str(folder / "_internal")))
    program.chmod(0o755)
    return program
