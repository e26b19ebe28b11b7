"""When no round of a training was better than what there was before them, the person is told so wherever the result is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.engine import finetune
from workbench.engine.checkpoint import Position
from workbench.engine.events import Advice, EpochDone, Finished, How
from workbench.engine.fit import fit, new_config, read_events
from workbench.engine.report.make import make_report
from workbench.tasks.registry import get_task


def test_a_training_that_keeps_quicks_result_says_so(
    digits_folder: Callable[..., Path],
    make_project: Callable[[Path], Project],
    catalog: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = make_project(digits_folder(("one", "two"), 8))
    card, _ = catalog.suggest(project.task_id)
    # Whatever comes of so few pictures: no round is called better.
    monkeypatch.setattr(finetune, "_better", lambda *_given: (False, True))
    config = new_config(project, card, How.BALANCED, epochs=2, batch_size=4, augment=False)
    events = list(fit(config, project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished) and finished.best_epoch == 0
    assert not any(e.is_best for e in events if isinstance(e, EpochDone))
    (said,) = [e.text for e in events if isinstance(e, Advice) and e.code == "as-before"]
    assert said.startswith(
        "None of the 2 rounds was better on the pictures that steer the training than Quick's result"
    )
    run = project.run(config.run_id)
    assert run.metrics["as_before"] == said
    assert Advice("as-before", said) in read_events(run)
    (page,) = make_report(project, run.id, catalog, html=tmp_path / "report.html")
    assert "None of the 2 rounds was better" in page.read_text(encoding="utf-8")
    quick = new_config(project, card, How.QUICK)
    list(fit(quick, project, catalog))
    assert "as_before" not in project.run(quick.run_id).metrics
    # What is kept is what Quick makes, to the last digit that counts.
    kept, other = ({p.item_id: p.scores for p in project.predictions(r)} for r in (run.id, quick.run_id))
    assert kept.keys() == other.keys()
    assert all(kept[i] == pytest.approx(other[i], abs=0.02) for i in kept)


@pytest.mark.parametrize(
    ("task", "ended", "best", "words"),
    [
        ("image-classification", 3, 2, ""),
        ("image-classification", 0, 0, ""),
        ("image-classification", 1, 0, "The round was not better on the pictures that steer the training than Quick's"),
        (
            "translation",
            3,
            0,
            "None of the 3 rounds was better on the texts that steer the training than the model was",
        ),
    ],
)
def test_only_where_nothing_was_better(task: str, ended: int, best: int, words: str) -> None:
    position = Position(epoch=1 + ended, best_epoch=best)
    training: Any = SimpleNamespace(position=position, run=SimpleNamespace(task=get_task(task), control=Control()))
    said = finetune._as_before(training)
    assert said.startswith(words) and bool(said) == bool(words)
