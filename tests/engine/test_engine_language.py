"""Teaching language models: a small copy of DistilGPT2 with random weights learns a manner of writing, by add-ons and whole;
pairs of question and answer; before and after."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "catalog"))

from hub_server import Hub, serving
from small_copies import served

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import EpochDone, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.hub.store import download
from workbench.runtimes.base import Writing
from workbench.trust.judge_language import LanguageJudgement


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


@pytest.fixture
def card(hub: Hub, tmp_path: Path, catalog: Catalog) -> ModelCard:
    copy = served(catalog.get("distilgpt2"), hub, tmp_path / "copy")
    download(copy)
    return catalog.get("distilgpt2")


def texts_folder(folder: Path) -> Path:
    folder.mkdir()
    days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    for number in range(28):
        day, other = days[number % 7], days[(number + 1) % 7]
        (folder / f"{number}.txt").write_text(f"on {day} we bake {number % 5} loaves and on {other} we rest.")
    return folder


@pytest.mark.parametrize(("how", "rate"), [(How.THOROUGH, 5e-3), (How.BALANCED, 2e-2)])
def test_a_manner_of_writing_is_learnt(
    card: ModelCard, tmp_path: Path, catalog: Catalog, how: How, rate: float
) -> None:
    project, _ = project_from_plan(sniff([texts_folder(tmp_path / "loaves")]), task_id="text-generation")
    with project:
        config = new_config(project, card, how, epochs=6 if how is How.THOROUGH else 3, learning_rate=rate, patience=9)
        events = list(fit(config, project, catalog))
        finished = events[-1]
        assert isinstance(finished, Finished)
        epochs = [e for e in events if isinstance(e, EpochDone)]
        assert epochs[0].epoch == 0 and epochs[0].train_loss == -1
        assert epochs[-1].validation_loss < epochs[0].validation_loss
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, LanguageJudgement)
        numbers = judged.headline()
        print(f"{how}: perplexity {numbers['perplexity_before']:.1f} before, {numbers['perplexity']:.1f} now")
        assert numbers["perplexity"] < numbers["perplexity_before"]
        assert numbers["score"] == pytest.approx(1 / numbers["perplexity"])
        if how is How.THOROUGH:
            assert numbers["perplexity"] < numbers["perplexity_before"] / 3
        own = catalog.get(finished.model_id)
        assert "manner" in own.summary and own.runtime == "transformers_writer"
        with shared_pool().use(own, "cpu") as model:
            words = "".join(model.write([{"role": "user", "content": "on monday"}], Writing(12), fit_control()))  # type: ignore[attr-defined]
            # The folder holds the merged weights: what it foresees is what was measured.
            ids, _ = model.tokens_of("", project.items(project.item_ids())[0].text or "")  # type: ignore[attr-defined]
            import torch

            with torch.inference_mode():
                loss = float(model.net(input_ids=torch.tensor([ids]), labels=torch.tensor([ids])).loss)  # type: ignore[attr-defined]
        assert words and abs(loss - math.log(numbers["perplexity"])) < 0.5


def fit_control() -> object:
    from workbench.control import Control

    return Control()


def test_pairs_of_question_and_answer(card: ModelCard, tmp_path: Path, catalog: Catalog) -> None:
    table = tmp_path / "pairs.csv"
    rows = "".join(f"what is {n} and one?,it is {n + 1}.\n" for n in range(24))
    table.write_text(f"question,answer\n{rows}")
    project, _ = project_from_plan(sniff([table]))
    with project:
        assert project.task_id == "chat" and project.counts().labelled == 24
        config = new_config(project, card, How.THOROUGH, epochs=3, learning_rate=5e-3)
        finished = list(fit(config, project, catalog))[-1]
        assert isinstance(finished, Finished)
        assert finished.metrics["perplexity"] < finished.metrics["perplexity_before"]
        own = catalog.get(finished.model_id)
        assert own.options["pairs"] is True
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, LanguageJudgement)
        assert all(c.given.startswith("what is") and c.wanted.startswith("it is") for c in judged.cases)
        assert "perplexity" in judged.sentence() and judged.table()[1]


def test_too_few_texts_is_a_sentence(tmp_path: Path) -> None:
    from workbench.engine.run import trainable

    with Project.create(tmp_path / "p", "p", "text-generation") as project, pytest.raises(UserError, match="10 are"):
        trainable(project)
