"""Some thirty kills at random moments; `benchmarks/reliability.py` does as many as one likes. What they found is kept as plain
tests where the cause was: tests/engine/test_engine_cut_off.py, tests/hub/test_hub_queue.py."""

from __future__ import annotations

import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from harness import (
    Downloading,
    Exporting,
    Importing,
    ImportingLikes,
    ImportingRows,
    Keeping,
    Labelling,
    Scenario,
    TrainingMolecules,
    TrainingScenario,
    Users,
    Writing,
    users,
)

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL and no fork")
SEED = 20261125


@pytest.fixture(scope="module")
def people() -> Iterator[Users]:
    with users() as made:
        yield made


@pytest.mark.parametrize(
    ("kind", "lives"),
    [
        (Labelling, 5),
        (Importing, 8),
        (TrainingScenario, 5),
        (Downloading, 6),
        (Exporting, 6),
        (Keeping, 6),
        (Writing, 6),
        (ImportingRows, 3),
        (ImportingLikes, 3),
        (TrainingMolecules, 3),
    ],
)
def test_killed_at_any_moment_nothing_is_lost(people: Users, tmp_path: Path, kind: type[Scenario], lives: int) -> None:
    scenario = kind(people, tmp_path, random.Random(SEED))
    try:
        for _ in range(lives):
            scenario.once()
        while not scenario.kills:  # a kill at the last moment may come too late
            scenario.once()
        scenario.finish()
    finally:
        scenario.close()
    assert scenario.kills >= 1 and scenario.checked >= 1


def test_the_harness_finds_what_is_lost(people: Users, tmp_path: Path) -> None:
    """A label that was confirmed and is then taken away behind the app's back is noticed."""
    from workbench.data.project import Project

    scenario = Labelling(people, tmp_path, random.Random(SEED))
    with Project.open(scenario.folder) as project:
        project.set_label([next(i for i, c in scenario.labels.items() if c)], None)
    with pytest.raises(AssertionError, match="is lost"):
        scenario._look(begun=0)
