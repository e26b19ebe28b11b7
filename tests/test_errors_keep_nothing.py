"""An error that is kept and raised again and again holds on to everybody who ever met it."""

from __future__ import annotations

import ast
import gc
import weakref
from pathlib import Path

import pytest

from workbench.data.project import Project
from workbench.errors import UserError

ROOT = Path(__file__).parents[1] / "workbench"


class _Asker:
    """Stands for whatever a caller holds: a connection, a model."""


def test_who_asked_a_closed_project_is_not_kept(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p", "p", "image-classification")
    project.close()

    def ask() -> weakref.ref[_Asker]:
        asker = _Asker()
        with pytest.raises(UserError, match="closed"):
            project.item_ids()
        return weakref.ref(asker)

    asked = [ask() for _ in range(5)]
    gc.collect()
    assert [one() for one in asked] == [None] * 5


def test_who_changed_a_project_that_may_only_be_read_is_not_kept(tmp_path: Path) -> None:
    Project.create(tmp_path / "p", "p", "image-classification").close()
    with Project.open(tmp_path / "p", read_only=True) as project:

        def change() -> weakref.ref[_Asker]:
            asker = _Asker()
            with pytest.raises(UserError, match="reading only"):
                project.add_class("a")
            return weakref.ref(asker)

        changed = [change() for _ in range(5)]
        gc.collect()
        assert [one() for one in changed] == [None] * 5


def test_no_module_keeps_an_error_to_raise() -> None:
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        for step in ast.parse(file.read_text(encoding="utf-8")).body:
            value = step.value if isinstance(step, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id.endswith("Error"):
                found.append(f"{file.relative_to(ROOT)}:{step.lineno}")
    assert found == []
