"""Molecules: read, checked, brought into one written form, drawn, and turned into fingerprints. RDKit does the chemistry.

Nothing here trusts its input: what is written is bounded in length, what is read in atoms, so that no molecule takes long.
RDKit is imported inside functions only, and its warnings are silenced by its own switch: what is wrong with a molecule is
said in a sentence beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from workbench.data.smiles import Place, atom_places
from workbench.errors import UserError
from workbench.runtimes.fingerprints_runtime import BITS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]
    Bits = npt.NDArray[np.uint8]

# Proteins are longer; drugs are far below this.
MAX_CHARACTERS = 5_000
MAX_ATOMS = 400
# How many bonds around an atom a fingerprint looks (ECFP4 of Rogers & Hahn 2010).
RADIUS = 2
# What is counted beside them, each divided by what is usual for a drug, so that all are of one size.
_COUNTED: tuple[tuple[str, float], ...] = (
    ("weight", 500.0),
    ("atoms", 35.0),
    ("rings", 5.0),
    ("aromatic rings", 4.0),
    ("hydrogen bond donors", 5.0),
    ("hydrogen bond acceptors", 10.0),
    ("rotatable bonds", 10.0),
    ("polar surface", 140.0),
    ("logP", 5.0),
    ("charge", 2.0),
)
_FARTHEST = 3.0
_NONE, _CHECK = "This cannot be a molecule.", "Check its bonds and charges, or leave it out."
_NAMED = re.compile(r"# (\d+) (\w+), (\d+)")
_SMALL_WORDS = {"H": "hydrogen", "B": "boron", "C": "carbon", "N": "nitrogen", "O": "oxygen", "F": "fluorine", "P": "phosphorus",
                "S": "sulfur", "Cl": "chlorine", "Br": "bromine", "I": "iodine"}  # fmt: skip


@dataclass(frozen=True)
class Molecule:
    """A molecule that was read.

    Attributes:
        given: as it was written.
        canonical: its one written form (canonical SMILES with stereo), all parts; the same for the same molecule.
        parent: the same of the part a model looks at: its largest, without salts and solvents.
        flat: `parent` without stereo: the same for mirror images and other stereoisomers.
        note: what a person should know about how it was read; "" for nothing.
    """

    given: str
    canonical: str
    parent: str
    flat: str
    note: str = ""


@cache
def _rdkit() -> Any:
    """`rdkit.Chem`, silent."""
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")  # type: ignore[attr-defined]
    return Chem


@lru_cache(maxsize=8192)
def read_molecule(text: str) -> Molecule:
    """A molecule as SMILES or InChI; what follows a blank is its name and not looked at.

    Raises:
        UserError: one sentence for each way in which it may be wrong.
    """
    words = text[: MAX_CHARACTERS * 2].split(None, 1)
    if not words:
        raise UserError("There is no molecule here.", "Write it as SMILES, for example CCO.")
    written = words[0]
    if len(written) > MAX_CHARACTERS:
        raise UserError(f"This molecule is written with more than {MAX_CHARACTERS:,} characters.", "Leave it out.")
    if written.startswith("InChI="):
        return molecule_of(_from_inchi(written), written)
    places = atom_places(written)
    if len(places) > MAX_ATOMS:
        raise _too_large(len(places))
    found = _rdkit().MolFromSmiles(written, sanitize=False)
    if found is None:
        raise UserError("This SMILES cannot be read.", "Write it anew from its drawing, or leave it out.")
    return molecule_of(checked(found, places), written)


def read_block(block: str) -> Molecule:
    """A molecule as a block of a MOL or SD file (its properties aside).

    Raises:
        UserError: one sentence for each way in which it may be wrong.
    """
    chem = _rdkit()
    try:
        found = chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
    except (RuntimeError, ValueError):  # a broken rule of the format
        found = None
    if found is None:
        raise UserError("This block of the file is cut off or damaged.", "Write the file anew, or leave it out.")
    if not found.GetNumAtoms():
        raise UserError("This block of the file holds no atoms.", "Leave it out.")
    found = checked(found)
    if found.GetNumConformers() and found.GetConformer().Is3D():
        chem.AssignStereochemistryFrom3D(found)
    else:
        chem.AssignChiralTypesFromBondDirs(found)
        chem.AssignStereochemistry(found, cleanIt=True, force=True)
    return molecule_of(chem.RemoveHs(found), "")


def checked(mol: Any, places: Sequence[Place] = ()) -> Any:
    """An RDKit molecule that was read without a look at its chemistry, after that look.

    Args:
        places: where its atoms are written, so that a sentence can say where a mistake is.

    Raises:
        UserError: when it is too large, has an open place, or cannot be a molecule.
    """
    chem = _rdkit()
    heavy = sum(1 for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1)
    if heavy > MAX_ATOMS or mol.GetNumAtoms() > MAX_ATOMS * 4:
        raise _too_large(heavy)
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise UserError("A place of this molecule is left open (*).", "Put an atom there, or leave it out.")
    before = chem.Mol(mol)
    try:
        if chem.SanitizeMol(mol, catchErrors=True) != chem.SanitizeFlags.SANITIZE_NONE:
            problems = chem.DetectChemistryProblems(before)
            raise _in_words(problems[0], places) if problems else UserError(_NONE, _CHECK)
        chem.AssignStereochemistry(mol, cleanIt=True, force=True)
        return chem.RemoveHs(mol)
    except (ValueError, RuntimeError) as error:
        raise UserError(_NONE, _CHECK) from error


def _too_large(atoms: int) -> UserError:
    return UserError(
        f"This molecule is too large ({atoms:,} atoms; at most {MAX_ATOMS}).",
        "Models of small molecules cannot judge it.",
    )


def _in_words(problem: Any, places: Sequence[Place]) -> UserError:
    """What RDKit found wrong with the chemistry."""
    kind = problem.GetType()

    def where(atom: int) -> str:
        return f" at character {places[atom].start + 1}" if atom < len(places) else f" (atom {atom + 1})"

    if kind == "AtomValenceException":
        named = _NAMED.search(problem.Message())
        symbol, bonds = (named.group(2), int(named.group(3))) if named else ("atom", 0)
        name = _SMALL_WORDS.get(symbol, symbol)
        count = f"{bonds} bonds, more than it can have" if bonds else "more bonds than it can have"
        return UserError(f"The {name}{where(problem.GetAtomIdx())} has {count}.", "Check its bonds and its charge.")
    if kind == "KekulizeException":
        atoms = list(problem.GetAtomIndices())
        at = where(min(atoms)) if atoms else ""
        return UserError(
            f"The ring{at} cannot be aromatic as it is written.", "Often a hydrogen is missing: [nH] in place of n."
        )
    if kind == "AtomKekulizeException":
        return UserError(
            f"The atom{where(problem.GetAtomIdx())} is written as aromatic but stands in no ring.",
            "Write it with a capital letter.",
        )
    return UserError(_NONE, _CHECK)


def _from_inchi(written: str) -> Any:
    found = _rdkit().MolFromInchi(written, sanitize=False, removeHs=False)
    if found is None:
        raise UserError("This InChI cannot be read.", "Copy it whole, or write the molecule as SMILES.")
    return checked(found)


def molecule_of(mol: Any, given: str) -> Molecule:
    """What is to be known of an RDKit molecule that was checked."""
    chem = _rdkit()
    canonical = str(chem.MolToSmiles(mol))
    parts = chem.GetMolFrags(mol, asMols=True) if "." in canonical else (mol,)
    parent, note = mol, ""
    if len(parts) > 1:
        parent = max(parts, key=_weight)
        others = [str(chem.MolToSmiles(p)) for p in parts if p is not parent]
        shown = ", ".join(dict.fromkeys(others))
        note = f"It has {len(parts)} parts: the largest is looked at, without {shown[:80]} (salt or solvent)."
    told = canonical if parent is mol else str(chem.MolToSmiles(parent))
    stereo = any(mark in told for mark in "@/\\") or any(atom.GetIsotope() for atom in parent.GetAtoms())
    flat = str(chem.MolToSmiles(parent, isomericSmiles=False)) if stereo else told
    return Molecule(given or canonical, canonical, told, flat, note)


def _weight(part: Any) -> tuple[bool, int, str]:
    """Of several parts the one with carbon and most atoms is the molecule; the last word decides between equals."""
    numbers = [atom.GetAtomicNum() for atom in part.GetAtoms()]
    return 6 in numbers, sum(n > 1 for n in numbers), str(_rdkit().MolToSmiles(part))


def _mol(canonical: str) -> Any:
    """The RDKit molecule of a written form that was made here. Raises: UserError for the rare one that is not read again."""
    found = _rdkit().MolFromSmiles(canonical)
    if found is None:
        raise UserError("This molecule has no written form that can be read again.", "Leave it out.")
    return found


def scaffold(molecule: Molecule) -> str:
    """Its rings and what links them, without side chains (Bemis & Murcko 1996); "" where it has no ring."""
    from rdkit.Chem.Scaffolds import MurckoScaffold

    chem = _rdkit()
    try:
        found = MurckoScaffold.GetScaffoldForMol(_mol(molecule.flat))  # type: ignore[no-untyped-call]
    except (ValueError, RuntimeError):  # side chains cannot be taken off: the whole stands for it
        return molecule.flat
    return str(chem.MolToSmiles(found))


# Fingerprints ------------------------------------------------------------------------------------------------------------


@cache
def _generator() -> Any:
    from rdkit.Chem import rdFingerprintGenerator

    _rdkit()
    return rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)


def fingerprint(molecule: Molecule) -> Bits:
    """uint8 [2048] of 0 and 1: which surroundings of atoms it has (Morgan, radius 2; Rogers & Hahn 2010)."""
    found: Bits = _generator().GetFingerprintAsNumPy(_mol(molecule.parent)).astype("uint8")
    return found


def counts(molecule: Molecule) -> Floats:
    """float32 [10]: what `_COUNTED` names, each divided by what is usual."""
    import numpy as np
    from rdkit.Chem import Crippen, rdMolDescriptors

    mol = _mol(molecule.parent)
    values = [
        rdMolDescriptors.CalcExactMolWt(mol),
        mol.GetNumHeavyAtoms(),
        rdMolDescriptors.CalcNumRings(mol),
        rdMolDescriptors.CalcNumAromaticRings(mol),
        rdMolDescriptors.CalcNumHBD(mol),
        rdMolDescriptors.CalcNumHBA(mol),
        rdMolDescriptors.CalcNumRotatableBonds(mol),
        rdMolDescriptors.CalcTPSA(mol),
        Crippen.MolLogP(mol),  # type: ignore[attr-defined]
        sum(atom.GetFormalCharge() for atom in mol.GetAtoms()),
    ]
    usual = [size for _, size in _COUNTED]
    scaled: Floats = np.clip(np.array(values, np.float32) / np.array(usual, np.float32), -_FARTHEST, _FARTHEST)
    return scaled


def features(molecule: Molecule) -> Floats:
    """float32 [2058]: the fingerprint and the counts."""
    import numpy as np

    return np.concatenate([fingerprint(molecule).astype(np.float32), counts(molecule)])


def features_without(molecule: Molecule) -> Floats:
    """float32 [A, 2058], for each atom of `parent` in the order in which it is written there: the features without the bits
    that this atom takes part in, as RDKit's similarity maps leave atoms out (Riniker & Landrum 2013). Counts stay."""
    import numpy as np
    from rdkit.Chem import rdFingerprintGenerator

    mol = _mol(molecule.parent)
    whole = features(molecule)
    extra = rdFingerprintGenerator.AdditionalOutput()
    extra.AllocateBitInfoMap()
    _generator().GetFingerprint(mol, additionalOutput=extra)
    rows = np.repeat(whole[None], mol.GetNumAtoms(), axis=0)
    for bit, sources in extra.GetBitInfoMap().items():
        for centre, radius in sources:
            rows[list(_surroundings(mol, centre, radius)), bit] = 0.0
    return np.asarray(rows, np.float32)


def _surroundings(mol: Any, centre: int, radius: int) -> set[int]:
    """Atoms within so many bonds."""
    found = {centre}
    for _ in range(radius):
        found |= {n.GetIdx() for at in list(found) for n in mol.GetAtomWithIdx(at).GetNeighbors()}
    return found


def tanimoto(one: Bits, many: Bits) -> Floats:
    """Shared bits in relation to all bits (Tanimoto 1958): uint8 [B] and [N, B] of 0 and 1 to float32 [N] in 0..1."""
    import numpy as np

    wide = np.asarray(many, np.float32)
    given = np.asarray(one, np.float32)
    shared = wide @ given
    either = wide.sum(1) + given.sum() - shared
    found: Floats = np.where(either > 0, shared / np.maximum(either, 1), 0).astype(np.float32)
    return found


def written_anew(molecule: Molecule, seed: int) -> str:
    """The same molecule's SMILES begun elsewhere and walked in another order, drawn from `seed` alone (Bjerrum 2017,
    arXiv 1703.07076)."""
    import random

    chem, mol = _rdkit(), _mol(molecule.parent)
    order = list(range(mol.GetNumAtoms()))
    random.Random(seed).shuffle(order)
    return str(chem.MolToSmiles(chem.RenumberAtoms(mol, order), canonical=False))


# Drawing -----------------------------------------------------------------------------------------------------------------

_LIGHT, _DARK = (1.0, 1.0, 1.0), (0.12, 0.12, 0.12)
_FOR, _AGAINST = (0.18, 0.62, 0.36), (0.86, 0.27, 0.22)


def drawing(
    molecule: Molecule,
    width: int,
    height: int,
    *,
    dark: bool = False,
    atoms: Sequence[float] = (),
    whole: bool = True,
    svg: bool = False,
    ground: bool = False,
) -> bytes:
    """Its structure as a PNG or SVG, with a see-through ground where none is wanted.

    Args:
        dark: for a dark ground.
        atoms: -1..1 for each atom of `parent` in its written order: green circles for those above 0, red below.
        whole: all parts, not only `parent`; never with `atoms`.
    """
    from rdkit.Chem import rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D

    mol = _mol(molecule.canonical if whole and not len(atoms) else molecule.parent)
    rdDepictor.SetPreferCoordGen(False)
    rdDepictor.Compute2DCoords(mol)
    board: Any = rdMolDraw2D.MolDraw2DSVG(width, height) if svg else rdMolDraw2D.MolDraw2DCairo(width, height)
    options = board.drawOptions()
    if dark:
        rdMolDraw2D.SetDarkMode(options)
    options.setBackgroundColour((*(_DARK if dark else _LIGHT), float(ground)))
    options.padding = 0.05
    # Small molecules are not blown up.
    options.fixedBondLength = max(18.0, min(width, height) / 9)
    options.bondLineWidth = 2
    options.minFontSize = 11
    if not dark:  # yellow, light green and cyan are hard to see on white
        options.updateAtomPalette({9: (0.0, 0.5, 0.5), 16: (0.62, 0.5, 0.0), 17: (0.0, 0.52, 0.1)})
    options.highlightBondWidthMultiplier = 8
    strongest = max((abs(a) for a in atoms), default=0.0)
    told = [n for n, share in enumerate(atoms) if strongest and abs(share) > 0.05]
    under = (_DARK if dark else _LIGHT)[0]
    colours = {n: _mixed(_FOR if atoms[n] > 0 else _AGAINST, under, abs(atoms[n])) for n in told}
    rdMolDraw2D.PrepareAndDrawMolecule(
        board,
        mol,
        highlightAtoms=told,
        highlightBonds=[],
        highlightAtomColors=colours,
        highlightAtomRadii={n: 0.3 + 0.2 * abs(atoms[n]) for n in told},
    )
    board.FinishDrawing()
    found = board.GetDrawingText()
    return found.encode() if isinstance(found, str) else bytes(found)


def _mixed(colour: tuple[float, float, float], ground: float, share: float) -> tuple[float, float, float]:
    strength = 0.25 + 0.75 * min(1.0, share)
    red, green, blue = (ground + (part - ground) * strength for part in colour)
    return red, green, blue
