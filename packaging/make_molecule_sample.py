"""Write the bundled sample of molecules from RDKit's own data. Run by hand; needs RDKit.

resources/samples/molecules.csv: 1,017 molecules of one series with the strength that was measured (pIC50), and whether that is
7 or more (half of the effect at 100 nanomoles per litre or less).
"""

from __future__ import annotations

import csv
from pathlib import Path

from rdkit import RDConfig

TARGET = Path(__file__).resolve().parent.parent / "resources" / "samples" / "molecules.csv"
SOURCE = Path(RDConfig.RDContribDir) / "FreeWilson" / "data"
STRONG = 7.0


def main() -> None:
    """Join the two files of the series."""
    with (SOURCE / "CHEMBL2321810_act.csv").open(newline="") as stream:
        strength = {row["Name"]: float(row["Act"]) for row in csv.DictReader(stream)}
    lines = (SOURCE / "CHEMBL2321810.smi").read_text().splitlines()
    with TARGET.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(["smiles", "id", "activity", "pIC50"])
        for smiles, name in (line.split() for line in lines):
            value = strength[name]
            table.writerow([smiles, name, "strong" if value >= STRONG else "weak", value])


if __name__ == "__main__":
    main()
