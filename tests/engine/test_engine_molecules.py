"""Molecules from a table to a taught model: what comes in, who judges, what is said, why, and what is alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import AllChem
from rdkit.Chem.Draw import SimilarityMaps
from rdkit.Chem.Scaffolds import MurckoScaffold
from scipy.stats import spearmanr

from tests.molecules_set import acids_table
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.project_manifest import ManifestLine
from workbench.data.types import ItemFilter, Sample, Split
from workbench.engine.apart import give_splits
from workbench.engine.events import Finished
from workbench.engine.explain.alike import most_alike
from workbench.engine.explain.molecule import by_atom
from workbench.engine.explain.reasons import explain
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.serve.examples import examples
from workbench.tasks.apart import how_split
from workbench.tasks.lesson import How
from workbench.tasks.registry import get_task

MakeProject = Callable[[Path], Project]


def acids(tmp_path: Path, count: int = 160) -> Project:
    project, result = project_from_plan(sniff([acids_table(tmp_path / "acids.csv", count)]), tmp_path / "project")
    assert len(result.problems) == 3
    return project


def taught(project: Project, catalog: Catalog, how: How = How.QUICK) -> ModelCard:
    done = list(fit(new_config(project, catalog.get("molecule-fingerprints"), how, epochs=2), project, catalog))
    assert isinstance(done[-1], Finished)
    return Catalog.load().get(done[-1].model_id)


def test_the_same_scaffold_never_stands_on_both_sides(tmp_path: Path) -> None:
    with acids(tmp_path, 400) as project:
        give_splits(project)
        sides: dict[str, set[str]] = defaultdict(set)
        for item in project.items(project.item_ids()):
            scaffold = MurckoScaffold.MurckoScaffoldSmiles(
                mol=Chem.MolFromSmiles(item.text or ""), includeChirality=False
            )
            if scaffold:
                sides[scaffold].add(str(item.split))
        assert len(sides) > 40
        assert all(len(found) == 1 for found in sides.values())
        shares = {s: n / len(project.item_ids()) for s, n in project.counts().per_split.items()}
        assert shares[Split.TRAIN] == pytest.approx(0.7, abs=0.06)
        assert shares[Split.TEST] == pytest.approx(0.15, abs=0.05)
        assert "scaffold" in how_split(project)
        with pytest.raises(UserError, match="shared out already"):
            project.keep_apart(False)


def test_items_may_be_shared_out_at_random_instead(tmp_path: Path) -> None:
    with acids(tmp_path) as project:
        project.keep_apart(False)
        give_splits(project)
        benzenes = [i for i in project.items(project.item_ids()) if "C1=CC=C" in (i.text or "")]
        assert len({i.split for i in benzenes}) == 3
        assert "at random" in how_split(project)


def test_the_whole_way(tmp_path: Path, catalog: Catalog) -> None:
    task = get_task("molecule-classification")
    with acids(tmp_path, 120) as project:
        assert project.task_id == task.info.id
        card = taught(project, catalog)
        assert card.metrics["accuracy"] > 0.75
        asked = [Sample("molecule", s, text=s) for s in ("CCCCC(=O)O", "c1ccccc1CC", "CC(C", "OC(=O)c1ccccc1.[Na]")]
        answers = list(predict(asked, card, task))
        assert answers[0].prediction is not None
        assert answers[0].prediction.summary() == "acid"
        assert answers[1].prediction is not None
        assert answers[1].prediction.summary() == "other"
        assert answers[2].problem is not None
        assert answers[2].problem.message == "The branch that begins at character 3 never ends."
        assert answers[3].prediction is not None
        assert "without [Na]" in answers[3].prediction.note
        _reasons_are_rdkits(card)
        _nearest_are_rdkits(card, project)


def _reasons_are_rdkits(card: ModelCard) -> None:
    """The same model asked through RDKit's own similarity maps."""
    import torch

    from workbench.engine.pool import shared_pool

    smiles = "OC(=O)c1ccc(Cl)cc1CCN"
    found = explain(Sample("molecule", text=smiles), card, get_task("molecule-classification"), target="acid")
    mol = Chem.MolFromSmiles(found.structure)
    with shared_pool().use_network(card) as model:
        head = model.head
        assert head is not None
        weight = head.weight.detach()[model.labels.index("acid")][:2048]

    def number(bits: object) -> float:
        return float(torch.tensor([float(b) for b in bits]) @ weight)  # type: ignore[attr-defined]

    direct = SimilarityMaps.GetAtomicWeightsForModel(
        mol, lambda m, atom: SimilarityMaps.GetMorganFingerprint(m, atom, radius=2, nBits=2048), number
    )
    most = max(abs(w) for w in direct)
    assert list(found.atoms) == pytest.approx([w / most for w in direct], abs=1e-4)
    assert spearmanr(found.atoms, direct).statistic > 0.99
    assert found.sanity is not None
    assert found.sanity.depends
    carboxyl = mol.GetSubstructMatch(Chem.MolFromSmarts("C(=O)[OH]"))
    assert max(found.atoms[a] for a in carboxyl) == max(found.atoms)


def _nearest_are_rdkits(card: ModelCard, project: Project) -> None:
    smiles = "OC(=O)c1ccc(Cl)cc1"
    near = most_alike(Sample("molecule", text=smiles), card, project, count=5)
    items = project.items(project.item_ids(ItemFilter(split=Split.TRAIN, labelled=True)))

    def print_of(text: str) -> object:
        return AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles(text), 2, 2048)

    direct = DataStructs.BulkTanimotoSimilarity(print_of(smiles), [print_of(i.text or "") for i in items])
    assert [n.likeness for n in near] == pytest.approx(sorted(direct, reverse=True)[:5], abs=1e-5)


def test_balanced_trains_the_head_on(tmp_path: Path, catalog: Catalog) -> None:
    with acids(tmp_path) as project:
        card = taught(project, catalog, How.BALANCED)
        assert set(card.label_names) == {"acid", "other"}


def test_shares_of_tokens_go_to_the_atoms_they_stand_for() -> None:
    # “CC(=O)” as tokens: frame, C, C(, =, O), frame.
    offsets = [(0, 0), (0, 1), (1, 3), (3, 4), (4, 6), (0, 0)]
    assert by_atom("CC(=O)O", [*offsets, (6, 7)], [9.0, 1.0, 2.0, 0.5, 3.0, 9.0, 4.0]).tolist() == [1.0, 2.5, 3.0, 4.0]
    assert by_atom("ClCBr", [(0, 5)], [3.0]).tolist() == [1.0, 1.0, 1.0]


def test_a_scaffold_that_is_most_of_the_data_teaches(tmp_path: Path) -> None:
    with acids(tmp_path, 100) as project:
        task = get_task("molecule-classification")
        items = project.items(project.item_ids())
        groups = task.kept_together(items, Control())
        large = max(groups, key=len)
        assert len(large) > 0.05 * len(items)
        give_splits(project)
        assert {i.split for i in project.items(large)} == {Split.TRAIN}


def test_they_go_elsewhere_and_other_programs_may_ask_for_them(tmp_path: Path, catalog: Catalog) -> None:
    with acids(tmp_path, 20) as project:
        give_splits(project)
        items = project.items(project.item_ids())
        lines = [ManifestLine.from_json(line.to_json()) for line in project.manifest(items)]
    with Project.create(tmp_path / "elsewhere", "elsewhere", "molecule-classification") as other:
        assert other.take_manifest(lines, tmp_path) == 20
        there = other.items(other.item_ids())
    assert [(i.kind, i.text, i.split) for i in there] == [(i.kind, i.text, i.split) for i in items]
    card = replace(catalog.get("molecule-fingerprints"), tasks=("molecule-classification",))
    told = examples("http://127.0.0.1:1", "token", card)
    assert any("CC(=O)Oc1ccccc1C(=O)O" in e.text for e in told)
