"""Small sets of real molecules with labels that structure decides, for tests that must learn something."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from rdkit import Chem, RDConfig


def nci(count: int) -> Iterator[str]:
    """SMILES of the first molecules of NCI's open set, as RDKit brings them."""
    lines = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines()
    found = (line.split()[0] for line in lines[:count])
    return (smiles for smiles in found if Chem.MolFromSmiles(smiles) is not None)


@cache
def _sorted(each: int) -> dict[str, list[str]]:
    acid = Chem.MolFromSmarts("C(=O)[OH1]")
    rows: dict[str, list[str]] = {"acid": [], "other": []}
    for smiles in nci(4000):
        kind = rows["acid" if Chem.MolFromSmiles(smiles).HasSubstructMatch(acid) else "other"]
        if len(kind) < each:
            kind.append(smiles)
        elif all(len(found) == each for found in rows.values()):
            break
    return rows


def acids_table(path: Path, count: int = 160) -> Path:
    """Molecules with the class “acid” where there is a carboxyl group, as many others, and three lines that are wrong."""
    rows = _sorted(count // 2)
    with path.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(["smiles", "id", "kind", "atoms"])
        pairs = [
            (s, k) for both in zip(rows["acid"], rows["other"], strict=True) for s, k in zip(both, rows, strict=True)
        ]
        for number, (smiles, kind) in enumerate(pairs):
            table.writerow([smiles, f"M{number}", kind, Chem.MolFromSmiles(smiles).GetNumHeavyAtoms()])
        for number, wrong in enumerate(("c1cccc1", "CC(C", "CCxC")):
            table.writerow([wrong, f"wrong {number}", "other", 4])
    return path
