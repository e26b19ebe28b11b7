"""What is different in the installed app."""

from __future__ import annotations

import os
import sys

import pytest

from workbench.app_paths import for_this_program, leave_library_path, this_program


def test_from_source_it_starts_itself_by_python_and_leaves_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/mine")
    leave_library_path()
    assert os.environ["LD_LIBRARY_PATH"] == "/mine"
    assert this_program() == [sys.executable, "-m", "workbench"]
    assert os.path.isdir(os.path.join(for_this_program()["PYTHONPATH"].split(os.pathsep)[0], "workbench"))  # noqa: PTH112, PTH118


def test_packaged_it_starts_itself_and_gives_others_the_system_s_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/model-workbench/_internal")
    leave_library_path()
    assert "LD_LIBRARY_PATH" not in os.environ and this_program() == [sys.executable]
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/model-workbench/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/mine")
    leave_library_path()
    assert os.environ["LD_LIBRARY_PATH"] == "/mine" and "LD_LIBRARY_PATH_ORIG" not in os.environ
