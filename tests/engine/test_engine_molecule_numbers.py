"""Measured numbers of molecules: taught, judged, used; held against RDKit and scikit-learn used directly."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import Crippen, rdMolDescriptors
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge

from tests.molecules_set import nci
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.exporters.project import export_labels
from workbench.data.importers import ColumnChoice, sniff
from workbench.data.molecules import features, read_molecule
from workbench.data.numbers import number
from workbench.data.project import Project
from workbench.data.types import ItemFilter, NewItem, Sample, Split
from workbench.engine.apart import give_splits
from workbench.engine.events import Finished
from workbench.engine.explain.kinds import signed
from workbench.engine.explain.reasons import explain
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.tasks import ridge
from workbench.tasks.lesson import How
from workbench.tasks.predictions import Number
from workbench.tasks.registry import get_task


def fat_loving(tmp_path: Path, count: int = 160) -> Project:
    """Molecules with Crippen's logP, which structure decides."""
    path = tmp_path / "logp.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["smiles", "logP"])
        for smiles in list(nci(count + 20))[:count]:
            table.writerow([smiles, round(Crippen.MolLogP(Chem.MolFromSmiles(smiles)), 3)])
    plan = sniff([path])
    assert plan.guess() == ColumnChoice("smiles", words="logP")
    project, _ = project_from_plan(plan, tmp_path / "project")
    return project


def test_ridge_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    for rows, width in ((60, 20), (30, 80)):
        given = rng.normal(size=(rows, width)).astype(np.float32)
        wanted = (given[:, 0] * 2 - given[:, 1] + 5 + rng.normal(size=rows) * 0.1).astype(np.float32)
        weight, constant, strength = ridge.fit(
            torch.from_numpy(given), torch.from_numpy(wanted), list(range(rows)), Control()
        )
        spread = np.sqrt(np.mean(np.sum((given - given.mean(0)) ** 2, axis=1)))
        direct = Ridge(alpha=strength * spread**2).fit(given, wanted)
        assert given @ weight.numpy() + float(constant) == pytest.approx(direct.predict(given), abs=1e-3)


def test_a_strength_is_tried_on_groups_that_were_left_out_whole() -> None:
    """Copies of one row in a group tell nothing about each other: noise must not look learnable."""
    rng = np.random.default_rng(1)
    base = rng.normal(size=(12, 40)).astype(np.float32)
    given, wanted = np.repeat(base, 5, axis=0), np.repeat(rng.normal(size=12), 5).astype(np.float32)
    groups = [n // 5 for n in range(60)]
    tensors = torch.from_numpy(given), torch.from_numpy(wanted)
    assert ridge.fit(*tensors, groups, Control())[2] > ridge.fit(*tensors, list(range(60)), Control())[2]


def test_the_whole_way_and_scikit_learn_beside_it(tmp_path: Path, catalog: Catalog) -> None:
    task = get_task("molecule-property")
    with fat_loving(tmp_path) as project:
        assert project.task_id == task.info.id
        give_splits(project)
        done = list(fit(new_config(project, catalog.get("molecule-fingerprints")), project, catalog))[-1]
        assert isinstance(done, Finished)
        assert done.metrics["r2"] > 0.6
        card = Catalog.load().get(done.model_id)
        parts = {
            split: project.items(project.item_ids(ItemFilter(split=split, labelled=True))) for split in (Split.TRAIN, Split.TEST)
        }  # fmt: skip
        truth = {s: np.array([number(project.annotations(i.id)[0].text) for i in items]) for s, items in parts.items()}
        given = {s: np.stack([features(read_molecule(i.text or "")) for i in items]) for s, items in parts.items()}
        answers = [r.prediction for r in predict([i.sample() for i in parts[Split.TEST]], card, task)]
        ours = np.array([a.value for a in answers if isinstance(a, Number)])
        best = min(
            np.sqrt(np.mean((Ridge(alpha=a).fit(given[Split.TRAIN], truth[Split.TRAIN]).predict(given[Split.TEST]) - truth[Split.TEST]) ** 2))
            for a in (0.3, 1, 3, 10, 30)
        )  # fmt: skip
        assert np.sqrt(np.mean((ours - truth[Split.TEST]) ** 2)) < 1.1 * best
        assert all(isinstance(a, Number) and a.ranged for a in answers) == (done.metrics.get("covered") is not None)


def test_each_atom_s_part_of_a_number_is_told_in_its_unit(tmp_path: Path, catalog: Catalog) -> None:
    """Held against Crippen's own parts of atoms, which his logP is the sum of (Wildman & Crippen 1999)."""
    task = get_task("molecule-property")
    with fat_loving(tmp_path, 300) as project:
        assert task.number_named(project) == ("logP", "")
        done = list(fit(new_config(project, catalog.get("molecule-fingerprints")), project, catalog))[-1]
        assert isinstance(done, Finished)
        items = project.items(project.item_ids())[:40]
    card = Catalog.load().get(done.model_id)
    ours: list[float] = []
    his: list[float] = []
    for item in items:
        said = next(predict([item.sample()], card, task)).prediction
        assert isinstance(said, Number)
        assert said.name == "logP"
        found = explain(item.sample(), card, task, check=False)
        mol = Chem.MolFromSmiles(found.structure)
        assert len(found.amounts) == len(found.atoms) == mol.GetNumAtoms()
        assert found.number == said
        ours += found.amounts
        his += [logp for logp, _ in rdMolDescriptors._CalcCrippenContribs(mol)]
    assert spearmanr(ours, his).statistic > 0.3
    # A chlorine makes fat-loving, and the figure is what is lost without its bits.
    found = explain(Sample("molecule", text="OCCCCCCCl"), card, task)
    assert found.sanity is not None
    places = {m.GetIdx(): m.GetSymbol() for m in Chem.MolFromSmiles(found.structure).GetAtoms()}
    chlorine = next(n for n, symbol in places.items() if symbol == "Cl")
    oxygen = next(n for n, symbol in places.items() if symbol == "O")
    assert found.amounts[chlorine] > found.amounts[oxygen]
    assert f"({signed(found.amounts[chlorine])})" in found.atoms_told()
    assert "raised “logP”" in found.atoms_told()
    assert found.answer().startswith("logP ")
    assert "do not add up" in found.note
    assert set(found.to_json()) >= {"value", "amounts"}


def test_more_training_goes_on_from_there_and_what_was_taught_can_be_taught_again(
    tmp_path: Path, catalog: Catalog
) -> None:
    with fat_loving(tmp_path, 60) as project:
        first = list(
            fit(new_config(project, catalog.get("molecule-fingerprints"), How.BALANCED, epochs=1), project, catalog)
        )[-1]
        assert isinstance(first, Finished)
        catalog = Catalog.load()
        again = list(fit(new_config(project, catalog.get(first.model_id)), project, catalog))[-1]
        assert isinstance(again, Finished)
        answer = next(
            predict([Sample("molecule", text="CCO")], Catalog.load().get(again.model_id), get_task("molecule-property"))
        )
        assert isinstance(answer.prediction, Number)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("smiles\nCCO\nCCN\nc1ccccc1O\n")
    project, _ = project_from_plan(sniff([path]), tmp_path / "project", task_id="molecule-property")
    with project, pytest.raises(UserError, match="None of the molecules has a number yet"):
        get_task("molecule-property").check(project)  # type: ignore[attr-defined]


def test_numbers_leave_in_a_table_that_comes_in_again(tmp_path: Path) -> None:
    with fat_loving(tmp_path, 30) as project:
        export_labels(project, tmp_path / "out.csv")
        numbers = {i.text: project.annotations(i.id)[0].text for i in project.items(project.item_ids())}
    plan = sniff([tmp_path / "out.csv"])
    assert (plan.media, plan.marks, plan.guess()) == ("molecule", "number", ColumnChoice("smiles", words="number"))
    again = [i for i in plan.read() if isinstance(i, NewItem)]
    assert {i.text: i.annotations[0].text for i in again if i.annotations} == numbers
