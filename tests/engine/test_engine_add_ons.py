"""Small add-ons (LoRA) for models that sort texts: what they change, what they leave, and going on after a stop."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.events import EpochDone, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task


def test_they_learn_and_leave_the_rest_as_it_was(
    tmp_path: Path, catalog: Catalog, make_project: Callable[[Path], Project]
) -> None:
    with (resources() / "samples" / "reviews.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[:73]
    table = tmp_path / "messages.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    project = make_project(table)
    card = catalog.get("text-starter")
    config = new_config(project, card, How.BALANCED, epochs=2, options={"lora": 1})
    events = list(fit(config, project, catalog))
    losses = [e.train_loss for e in events if isinstance(e, EpochDone)]
    finished = events[-1]
    assert isinstance(finished, Finished) and losses[-1] < losses[0]
    own = catalog.get(finished.model_id)
    with shared_pool().use_network(card) as model:
        before = {k: v.clone() for k, v in model.backbone.state_dict().items()}
    with shared_pool().use_network(own) as model:
        after = model.backbone.state_dict()
    assert set(after) == set(before), "nothing of the add-ons is left over"
    changed = {k.split(".attention.self.")[-1] for k in after if not torch.equal(after[k], before[k])}
    assert changed == {"query.weight", "value.weight"}
    # What the kept model says is what its run said.
    said = {p.item_id: p for p in project.predictions(finished.run_id) if p.split is Split.TEST}
    items = project.split_items(Split.TEST)
    for result in predict([i.sample() for i in items], own, get_task(project.task_id)):
        assert isinstance(result.prediction, Scores)
        kept = said[items[result.index].id]
        by_class = dict(zip(config.classes, kept.scores, strict=True))
        assert {s.name: s.value for s in result.prediction.top} == pytest.approx(by_class, abs=1e-4)
