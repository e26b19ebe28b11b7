"""Networks that read SMILES: small ones with random weights on ChemBERTa's architecture, from the loopback hub."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.molecules_set import acids_table
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.data.importers import ColumnChoice, sniff
from workbench.data.types import Sample
from workbench.engine.events import Finished
from workbench.engine.explain.molecule import READ
from workbench.engine.explain.reasons import explain
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import predict
from workbench.hub.store import download
from workbench.tasks.lesson import How
from workbench.tasks.predictions import Number
from workbench.tasks.registry import get_task

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "catalog")]
from hub_server import serving  # noqa: E402
from small_copies import served  # noqa: E402


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> ModelCard:
    """The catalogue's entry with a smaller network, downloaded."""
    card = catalog.get("chemberta-77m")
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        asked = served(card, hub, tmp_path / "copy")
        download(asked)
    asked = replace(asked, preparation=replace(asked.preparation, max_tokens=100))
    monkeypatch.setattr(Catalog, "get", lambda self, i, real=Catalog.get: asked if i == card.id else real(self, i))
    return asked


def test_it_is_taught_classes_and_says_which_atoms_spoke_for_its_answer(
    tmp_path: Path, small: ModelCard, catalog: Catalog
) -> None:
    project, _ = project_from_plan(sniff([acids_table(tmp_path / "acids.csv", 40)]), tmp_path / "project")
    task = get_task("molecule-classification")
    with project:
        config = new_config(project, catalog.get(small.id), How.THOROUGH, epochs=1)
        done = list(fit(config, project, catalog))[-1]
    assert isinstance(done, Finished)
    card = Catalog.load().get(done.model_id)
    sample = Sample("molecule", text="OC(=O)c1ccc(Cl)cc1")
    assert next(predict([sample], card, task)).prediction is not None
    found = explain(sample, card, task)
    assert found.method == READ
    assert found.structure == "O=C(O)c1ccc(Cl)cc1"
    assert len(found.atoms) == 10
    assert max(abs(a) for a in found.atoms) == pytest.approx(1)
    assert found.sanity is not None


def test_it_is_taught_a_number(tmp_path: Path, small: ModelCard, catalog: Catalog) -> None:
    plan = sniff([acids_table(tmp_path / "acids.csv", 40)])
    plan.choose(ColumnChoice("smiles", words="atoms"))
    project, _ = project_from_plan(plan, tmp_path / "project")
    task = get_task("molecule-property")
    with project:
        done = list(fit(new_config(project, catalog.get(small.id), How.THOROUGH, epochs=1), project, catalog))[-1]
    assert isinstance(done, Finished)
    # How large a molecule is can be told from almost any features of its text.
    assert done.metrics["r2"] > 0.3
    found = next(
        predict([Sample("molecule", text="CCCCCCCCCCCCCC")], Catalog.load().get(done.model_id), task)
    ).prediction
    assert isinstance(found, Number)
