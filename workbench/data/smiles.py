"""The written form of a molecule, read character by character: where its atoms stand, and where a mistake is.

SMILES (Weininger 1988, doi 10.1021/ci00057a005) by the OpenSMILES specification. RDKit does the chemistry; it says in a log
where it stopped reading, which is no answer to give to a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.errors import UserError

_ORGANIC = re.compile(r"Cl|Br|[BCNOPSFI]|[bcnops]|\*")
_RING = re.compile(r"%\((\d{1,5})\)|%(\d\d)|(\d)")
_BONDS = frozenset("-=#$:/\\~")
# Isotope, element, chirality, hydrogens, charge, atom class.
_BRACKET = re.compile(
    r"(\d{1,3})?([A-Z][a-z]?|[a-z][a-z]?|\*)(@{1,2}(TH[12]|AL[12]|SP[123]|TB\d{1,2}|OH\d{1,2})?)?(H\d?)?"
    r"([+-]{1,4}|[+-]\d{1,2})?(:\d{1,4})?"
)
_AROMATIC = frozenset(("b", "c", "n", "o", "p", "s", "as", "se", "te", "si"))
_ELEMENTS = frozenset(
    [
        "H",
        "He",
        "Li",
        "Be",
        "B",
        "C",
        "N",
        "O",
        "F",
        "Ne",
        "Na",
        "Mg",
        "Al",
        "Si",
        "P",
        "S",
        "Cl",
        "Ar",
        "K",
        "Ca",
        "Sc",
        "Ti",
        "V",
        "Cr",
        "Mn",
        "Fe",
        "Co",
        "Ni",
        "Cu",
        "Zn",
        "Ga",
        "Ge",
        "As",
        "Se",
        "Br",
        "Kr",
        "Rb",
        "Sr",
        "Y",
        "Zr",
        "Nb",
        "Mo",
        "Tc",
        "Ru",
        "Rh",
        "Pd",
        "Ag",
        "Cd",
        "In",
        "Sn",
        "Sb",
        "Te",
        "I",
        "Xe",
        "Cs",
        "Ba",
        "La",
        "Ce",
        "Pr",
        "Nd",
        "Pm",
        "Sm",
        "Eu",
        "Gd",
        "Tb",
        "Dy",
        "Ho",
        "Er",
        "Tm",
        "Yb",
        "Lu",
        "Hf",
        "Ta",
        "W",
        "Re",
        "Os",
        "Ir",
        "Pt",
        "Au",
        "Hg",
        "Tl",
        "Pb",
        "Bi",
        "Po",
        "At",
        "Rn",
        "Fr",
        "Ra",
        "Ac",
        "Th",
        "Pa",
        "U",
        "Np",
        "Pu",
        "Am",
        "Cm",
        "Bk",
        "Cf",
        "Es",
        "Fm",
        "Md",
        "No",
        "Lr",
        "Rf",
        "Db",
        "Sg",
        "Bh",
        "Hs",
        "Mt",
        "Ds",
        "Rg",
        "Cn",
        "Nh",
        "Fl",
        "Mc",
        "Lv",
        "Ts",
        "Og",
        "*",
    ]
)
_HINT = "Mend it there, or leave it out."


@dataclass(frozen=True)
class Place:
    """Where an atom is written: characters `start` to `end` (one past the last)."""

    start: int
    end: int


def atom_places(smiles: str) -> list[Place]:
    """The atoms in the order in which they are written; of hydrogens only those that are atoms of their own.

    Raises:
        UserError: at the first mistake of writing, with its character counted from 1.
    """
    found: list[Place] = []
    branches: list[int] = []
    rings: dict[int, int] = {}
    at, bond = 0, -1  # bond: where one was written that still waits for its second atom
    while at < len(smiles):
        here = smiles[at]
        organic, ring = _ORGANIC.match(smiles, at), _RING.match(smiles, at)
        if here == "[":
            end = _bracket(smiles, at)
            found.append(Place(at, end))
            at, bond = end, -1
        elif organic is not None:
            found.append(Place(at, organic.end()))
            at, bond = organic.end(), -1
        elif not found:
            raise _fault(smiles, at)
        elif ring is not None:
            number = int(next(group for group in ring.groups() if group is not None))
            if rings.pop(number, None) is None:
                rings[number] = at
            at, bond = ring.end(), -1
        elif here == "(":
            branches.append(at)
            at += 1
        elif here == ")":
            if not branches:
                raise UserError(f"A branch ends at character {at + 1} that never began.", _HINT)
            if bond >= 0 or smiles[at - 1] == "(":
                raise _fault(smiles, at)
            branches.pop()
            at += 1
        elif here == "." and bond < 0 and at + 1 < len(smiles):
            at += 1
        elif here in _BONDS and bond < 0:
            bond = at
            at += 1
        else:
            raise _fault(smiles, at)
    if branches:
        raise UserError(f"The branch that begins at character {branches[-1] + 1} never ends.", _HINT)
    if bond >= 0:
        raise UserError(f"The bond at character {bond + 1} leads nowhere.", _HINT)
    if rings:
        number, start = min(rings.items(), key=lambda pair: pair[1])
        raise UserError(f"The ring that begins with “{number}” at character {start + 1} is never closed.", _HINT)
    return found


def _bracket(smiles: str, at: int) -> int:
    """One past the end of an atom in brackets."""
    end = smiles.find("]", at)
    if end < 0:
        raise UserError(f"The bracket at character {at + 1} is never closed.", _HINT)
    inside = smiles[at + 1 : end]
    found = _BRACKET.fullmatch(inside)
    if found is None:
        raise UserError(f"What stands in the brackets at character {at + 1} (“{inside[:20]}”) is no atom.", _HINT)
    name = found.group(2)
    if name not in (_AROMATIC if name.islower() else _ELEMENTS):
        raise UserError(f"“{name}” at character {at + 2} is no chemical element.", _HINT)
    return end + 1


def _fault(smiles: str, at: int) -> UserError:
    return UserError(f"This SMILES cannot be read at character {at + 1} (“{smiles[at]}”).", _HINT)
