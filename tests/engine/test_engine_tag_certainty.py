"""Certainty and costs of errors for several labels, on a model that is taught with the real text starter."""

from __future__ import annotations

import html
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from tokenizers import Tokenizer

from workbench.catalog.catalog import Catalog, write_card
from workbench.cli import app
from workbench.data.project import Project
from workbench.data.types import Sample, Split
from workbench.engine.certainty import keep_decision
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Finished
from workbench.engine.export import export_onnx
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import predict
from workbench.engine.tag_certainty import tag_sureness
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task
from workbench.tasks.tag_decision import LabelRule, TagDecision
from workbench.trust.report import render

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tag_sentences import messages

TASK = "text-tags"


@pytest.fixture
def taught(tmp_path: Path, workbench_home: Path, catalog: Catalog) -> tuple[Project, Catalog, Finished]:
    project = Project.create(tmp_path / "p", "Messages", TASK)
    project.add_items(messages(230))
    card, _ = catalog.suggest(project.task_id, to_teach=True)
    *_, finished = fit(new_config(project, card), project, catalog)
    assert isinstance(finished, Finished)
    return project, catalog, finished


def test_what_is_decided_label_by_label_is_applied_everywhere(
    taught: tuple[Project, Catalog, Finished], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project, catalog, finished = taught
    card, task = catalog.get(finished.model_id), get_task(TASK)
    seen = tag_sureness(project, finished.run_id, catalog)
    assert seen.certainty.steering == seen.validation.n >= 30 and seen.certainty.after.n == 4 * seen.test.n
    assert set(seen.usual) == set(seen.labels) and seen.model_id == card.id
    # What the model says now is what was kept with the run, label for label: percentages set right and all.
    assert card.options.get("scales") == project.run(finished.run_id).metrics.get("scales")
    items = {i.id: i for i in project.split_items(Split.TEST)}
    cases = [c for c in seen.test.cases if c.item_id in items][:8]
    for case, result in zip(cases, predict([items[c.item_id].sample() for c in cases], card, task), strict=True):
        assert isinstance(result.prediction, Scores)
        assert {s.name: s.value for s in result.prediction.top} == pytest.approx(dict(case.scores), abs=2e-3)
        assert {s.name for s in result.prediction.chosen} == case.found
    page = render(project, project.run(finished.run_id), evaluate(project, finished.run_id, catalog=catalog))
    assert html.escape(seen.certainty.after.sentence()) in page and "The label is there" in page

    # A missed "food" is dear: a lower threshold, fewer missed.
    dear, cheap = seen.rule("food", 20.0), seen.rule("food", 0.05)
    assert dear is not None and cheap is not None and dear.threshold < cheap.threshold
    assert seen.costs("food", dear)[0].missed <= seen.costs("food", cheap)[0].missed
    decided = keep_decision(card, TagDecision({"food": LabelRule(0.0, 20.0)}), catalog)
    text = Sample("text", text="we come from the north")
    (answer,) = predict([text], decided, task)
    assert isinstance(answer.prediction, Scores) and "food" in {s.name for s in answer.prediction.chosen}
    check = export_onnx(decided, tmp_path / "onnx", [text, Sample("text", text="the soup was cold and salty")])
    assert check.passed
    note = json.loads(check.path.with_suffix(".json").read_text("utf-8"))
    assert note["thresholds"][note["labels"].index("food")] == 0.0 and note["decision"]["labels"]["food"]["cost"] == 20
    assert ("scales" in note) == ("scales" in decided.options)

    # Too doubtful for all labels together: it says nothing.
    silent = keep_decision(decided, TagDecision({}, 1.0), catalog)
    (answer,) = predict([text], silent, task)
    assert isinstance(answer.prediction, Scores) and answer.prediction.unsure and answer.prediction.chosen == ()
    every = seen.answering(TagDecision())
    some = seen.answering(TagDecision({}, 0.5))
    assert every.answered == seen.test.n >= some.answered
    assert every.right == sum(c.truth == c.found for c in seen.test.cases)

    # The same from the command line; what makes no sense is one sentence.
    where = str(project.folder)
    assert (
        app.run(["evaluate", card.id, where, "--missed", "food=9", "--missed", "staff=0.5", "--certainty", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert [c["name"] for c in told["costs"]] == ["food", "staff"]
    assert told["certainty"]["answers"] == 4 * seen.test.n and set(told["certainty"]["labels"]) == set(seen.labels)
    assert app.run(["evaluate", card.id, where, "--missed", "soup=9"]) != 0
    assert "does not say what a missed one costs" in capsys.readouterr().err
    assert app.run(["evaluate", card.id, where, "--missed", "food=9", "--right", "0.5", "--keep"]) == 0
    assert "Kept with the model" in capsys.readouterr().out
    kept = tag_sureness(project, finished.run_id, Catalog.load()).decision
    assert kept is not None and set(kept.labels) == {"food"}
    assert app.run(["evaluate", card.id, where, "--forget"]) == 0
    assert tag_sureness(project, finished.run_id, Catalog.load()).decision is None

    # Percentages set right one by one, as another training might have: who reads the note of the ONNX file gets the app's.
    scales, shifts = [0.5, 2.0, 1.0, 1.5], [0.3, -0.4, 0.0, 1.0]
    changed = replace(card, options={**card.options, "scales": scales, "shifts": shifts})
    write_card(changed, Path(card.source.ref))
    shared_pool().release(card.id)
    catalog.refresh()
    asked = "the soup was cold, and the courier was late"
    (after,) = predict([Sample("text", text=asked)], catalog.get(card.id), task)
    check = export_onnx(catalog.get(card.id), tmp_path / "right", [Sample("text", text=asked)])
    note = json.loads(check.path.with_suffix(".json").read_text("utf-8"))
    encoded = Tokenizer.from_file(str(check.path.parent / note["tokenizer"])).encode(asked)
    given = {
        name: np.array([{"input_ids": encoded.ids, "attention_mask": encoded.attention_mask}[name]])
        for name in note["inputs"]
    }
    logits = onnxruntime.InferenceSession(str(check.path)).run(["logits"], given)[0][0]
    said = 1 / (1 + np.exp(-(logits * np.array(note["scales"]) + np.array(note["shifts"]))))
    assert isinstance(after.prediction, Scores)
    values = {s.index: s.value for s in after.prediction.top}
    assert [values[c] for c in range(4)] == pytest.approx(said.tolist(), abs=1e-3)
