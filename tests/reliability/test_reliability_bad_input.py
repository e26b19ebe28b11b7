"""Whatever comes in: one clear sentence with what to do, or it is taken and does no harm. No program is ever run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_inputs import CASES, Bad

from workbench.data.documents import read_document
from workbench.data.importers import sniff
from workbench.data.media import open_picture
from workbench.data.project import Project
from workbench.data.sound import read_sound
from workbench.data.types import Sample
from workbench.engine.journey import project_from_plan
from workbench.errors import UserError
from workbench.runtimes.recognise import recognise


def bring_in(path: Path) -> list[str]:
    """Into a project, as the window does. What came in must be sound."""
    project, summary = project_from_plan(sniff([path]))
    try:
        names = [p.message for p in summary.problems]
        for item in project.item_ids():
            for mark in project.annotations(item):
                assert re.search("nan|inf", str(mark.shape).lower()) is None
        for one in project.classes():
            assert "root:" not in one.name and len(one.name) <= 200
        return names
    finally:
        project.close()


DOORS: dict[str, Callable[[Path], Any]] = {
    "picture": open_picture,
    "sound": lambda path: read_sound(Sample("sound", path.name, path=path), 16_000),
    "import": bring_in,
    "model": recognise,
    "document": read_document,
    "project": lambda path: Project.open(path).close(),
}


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80
    assert len({c.name for c in CASES}) == len(CASES)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES])
def test_bad_input(case: Bad, tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    path = case.make(place)
    door = DOORS[case.door]
    if case.sentence:
        with pytest.raises(UserError) as told:
            door(path)
        assert re.search(case.sentence, told.value.message), told.value.message
        assert told.value.message.endswith(".") and "\n" not in told.value.message and len(told.value.message) < 400
        assert told.value.hint
        assert "Traceback" not in str(told.value) and "Error(" not in str(told.value)
    else:
        door(path)
    assert not (place / "canary").exists()
