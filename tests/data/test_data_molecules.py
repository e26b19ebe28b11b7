"""Molecules: every way of being wrong has its sentence; fingerprints, scaffolds and likeness agree with RDKit used directly."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, DataStructs, RDConfig
from rdkit.Chem import AllChem
from rdkit.Chem.Scaffolds import MurckoScaffold

from workbench.data import molecules
from workbench.data.molecules import read_block, read_molecule
from workbench.data.smiles import atom_places
from workbench.errors import UserError

NCI = Path(RDConfig.RDDataDir) / "NCI"
DRUGS = ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C[C@H](N)C(=O)O", "OC(=O)c1cc(Cl)ccc1Nc1ccccc1"]


def nci(count: int) -> list[str]:
    return [line.split()[0] for line in (NCI / "first_5K.smi").read_text().splitlines()[:count]]


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "There is no molecule here."),
        ("  \n", "There is no molecule here."),
        ("hello", "This SMILES cannot be read at character 1 (“h”)."),
        ("CCxO", "This SMILES cannot be read at character 3 (“x”)."),
        ("C==C", "This SMILES cannot be read at character 3 (“=”)."),
        ("C()C", "This SMILES cannot be read at character 3 (“)”)."),
        ("CC(C", "The branch that begins at character 3 never ends."),
        ("CC)C", "A branch ends at character 3 that never began."),
        ("CC=", "The bond at character 3 leads nowhere."),
        ("C1CC", "The ring that begins with “1” at character 2 is never closed."),
        ("C[NH3", "The bracket at character 2 is never closed."),
        ("C[Xx]", "“Xx” at character 3 is no chemical element."),
        ("C[N?]", "What stands in the brackets at character 2 (“N?”) is no atom."),
        ("CC(C)(C)(C)C", "The carbon at character 2 has 5 bonds, more than it can have."),
        ("OC[NH4]", "The nitrogen at character 3 has 5 bonds, more than it can have."),
        ("c1cccc1", "The ring at character 1 cannot be aromatic as it is written."),
        ("Ccc", "The atom at character 2 is written as aromatic but stands in no ring."),
        ("CC*", "A place of this molecule is left open (*)."),
        ("C" * 401, "This molecule is too large (401 atoms; at most 400)."),
        ("C" * 5001, "This molecule is written with more than 5,000 characters."),
        ("InChI=1S/nothing", "This InChI cannot be read."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(written: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        read_molecule(written)
    assert caught.value.message == sentence
    assert caught.value.hint


def test_one_molecule_has_one_form_however_it_is_written() -> None:
    forms = {
        read_molecule(s).canonical
        for s in ("CCO", "OCC", "C(O)C", "[CH3][CH2][OH]", "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3")
    }
    assert forms == {"CCO"}
    left, right = read_molecule("C[C@H](N)O"), read_molecule("C[C@@H](N)O")
    assert left.canonical != right.canonical
    assert left.flat == right.flat


def test_salts_are_told_and_left_out() -> None:
    found = read_molecule("CC(=O)[O-].[Na+]")
    assert (found.parent, found.canonical) == ("CC(=O)[O-]", "CC(=O)[O-].[Na+]")
    assert found.note == "It has 2 parts: the largest is looked at, without [Na+] (salt or solvent)."


def test_all_that_rdkit_reads_is_read_and_its_atoms_are_found() -> None:
    for smiles in nci(1500):
        direct = Chem.MolFromSmiles(smiles)
        if direct is None:
            with pytest.raises(UserError):
                read_molecule(smiles)
            continue
        found = read_molecule(smiles)
        assert found.canonical == Chem.MolToSmiles(direct)
        assert len(atom_places(found.canonical)) == direct.GetNumAtoms()


@given(st.text(alphabet="CNOcnos123()[]=#@+-.%/\\HlBrF ", max_size=40))
def test_any_text_is_a_molecule_or_a_sentence(text: str) -> None:
    with contextlib.suppress(UserError):
        found = read_molecule(text)
        assert read_molecule(found.canonical).canonical == found.canonical


@pytest.mark.parametrize(
    "written",
    ["C1" * 200, "(" * 2000, "C" + "(C" * 190 + ")" * 190, "[" * 4000, "C12C3C4C1C5C2C3C45" * 40, "c1" + "c2c1" * 120],
)
def test_nothing_takes_long(written: str) -> None:
    began = time.process_time()
    with contextlib.suppress(UserError):
        read_molecule(written)
    assert time.process_time() - began < 5


def test_fingerprints_scaffolds_and_likeness_are_rdkits() -> None:
    read = [read_molecule(s) for s in DRUGS]
    mols = [Chem.MolFromSmiles(m.parent) for m in read]
    direct = [AllChem.GetMorganFingerprintAsBitVect(m, 2, 2048) for m in mols]
    bits = np.stack([molecules.fingerprint(m) for m in read])
    assert bits.tolist() == [list(d) for d in direct]
    ours = molecules.tanimoto(bits[0], bits)
    assert ours == pytest.approx(DataStructs.BulkTanimotoSimilarity(direct[0], direct), abs=1e-6)
    for molecule, mol in zip(read, mols, strict=True):
        assert molecules.scaffold(molecule) == MurckoScaffold.MurckoScaffoldSmiles(mol=mol)


def test_leaving_an_atom_out_is_as_in_rdkits_similarity_maps() -> None:
    from rdkit.Chem.Draw import SimilarityMaps

    molecule = read_molecule(DRUGS[3])
    mol = Chem.MolFromSmiles(molecule.parent)
    rows = molecules.features_without(molecule)[:, :2048]
    for atom in range(mol.GetNumAtoms()):
        direct = SimilarityMaps.GetMorganFingerprint(mol, atomId=atom, radius=2, nBits=2048)
        assert rows[atom].tolist() == [float(b) for b in direct]


def test_blocks_of_files_are_read_and_damaged_ones_told() -> None:
    mol = Chem.MolFromSmiles(DRUGS[2])
    block = Chem.MolToMolBlock(mol)
    assert read_block(block).canonical == Chem.MolToSmiles(mol)
    with pytest.raises(UserError, match="cut off or damaged"):
        read_block(block[: len(block) // 2])
    with pytest.raises(UserError, match="cut off or damaged"):
        read_block("nothing at all")


def test_written_anew_is_the_same_molecule() -> None:
    molecule = read_molecule(DRUGS[0])
    forms = {molecules.written_anew(molecule, seed) for seed in range(8)}
    assert len(forms) > 3
    assert {read_molecule(f).canonical for f in forms} == {molecule.canonical}
    assert molecules.written_anew(molecule, 5) == molecules.written_anew(molecule, 5)


def test_drawings_are_pictures() -> None:
    molecule = read_molecule(DRUGS[0])
    light, dark = (molecules.drawing(molecule, 200, 150, dark=d) for d in (False, True))
    assert light[:8] == dark[:8] == b"\x89PNG\r\n\x1a\n"
    assert light != dark
    coloured = molecules.drawing(molecule, 200, 150, atoms=[1.0] + [0.0] * 12)
    assert coloured != light
    assert b"<svg" in molecules.drawing(molecule, 200, 150, svg=True)
