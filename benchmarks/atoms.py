"""Which atoms make a number: the app's figures beside Crippen's own parts of atoms, which his logP is the sum of.

    python benchmarks/atoms.py [--learn 1000] [--asked 200]

Part of docs/molecules.md, which `benchmarks/molecules.py --write` writes.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def measure(folder: Path, learn: int = 1000, asked: int = 200) -> dict[str, float]:
    """Teaches logP (Wildman & Crippen 1999) of NCI's first molecules, and asks why for those that come after.

    Returns:
        "rank": Spearman's correlation over all atoms; "within": its median within a molecule; "shuffled": the median likeness with
        shuffled weights; "molecules", "atoms": how many were asked.
    """
    from rdkit import Chem, RDConfig
    from rdkit.Chem import Crippen, rdMolDescriptors
    from scipy.stats import spearmanr

    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import sniff
    from workbench.data.types import Sample
    from workbench.engine.events import Finished
    from workbench.engine.explain.reasons import explain
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan
    from workbench.tasks.registry import get_task

    lines = (Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi").read_text().splitlines()
    smiles = [s for line in lines if Chem.MolFromSmiles(s := line.split()[0]) is not None]
    table = folder / "logp.csv"
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["smiles", "logP"])
        writer.writerows([s, round(Crippen.MolLogP(Chem.MolFromSmiles(s)), 3)] for s in smiles[:learn])
    project, _ = project_from_plan(sniff([table]), folder / "atoms")
    with project:
        catalog = Catalog.load()
        done = list(fit(new_config(project, catalog.get("molecule-fingerprints")), project, catalog))[-1]
        assert isinstance(done, Finished)
    card, task = Catalog.load().get(done.model_id), get_task("molecule-property")
    ours: list[float] = []
    his: list[float] = []
    within, shuffled = [], []
    for one in smiles[learn : learn + asked]:
        found = explain(Sample("molecule", text=one), card, task)
        parts = [part for part, _ in rdMolDescriptors._CalcCrippenContribs(Chem.MolFromSmiles(found.structure))]
        ours += found.amounts
        his += parts
        if len(set(parts)) > 2 and len(set(found.amounts)) > 2:
            within.append(float(spearmanr(found.amounts, parts).statistic))
        if found.sanity is not None:
            shuffled.append(found.sanity.likeness)
    return {
        "rank": float(spearmanr(ours, his).statistic), "within": statistics.median(within),
        "shuffled": statistics.median(shuffled), "molecules": float(asked), "atoms": float(len(ours)), "learn": float(learn),
    }  # fmt: skip


def section(found: dict[str, float]) -> list[str]:
    """Lines of the page."""
    return [
        "## Which atoms make a number", "",
        f"Taught logP (Wildman & Crippen 1999) of {found['learn']:,.0f} of NCI's molecules, a Quick training was asked why for the"
        f" {found['molecules']:,.0f} that come after them. Crippen's logP is a sum of parts, one for each atom, so it is known what"
        f" each atom does. Spearman's correlation of the app's figures with these parts, over {found['atoms']:,.0f} atoms:"
        f" {found['rank']:.2f}; within a molecule {found['within']:.2f} (median). With shuffled weights the figures have little in"
        f" common with those of the model (median {found['shuffled']:.2f}). A figure is what the estimate loses without all groups"
        " of atoms that an atom belongs to (radius 2), so neighbours blur into each other; it is no measurement of the atom"
        " itself.", "",
    ]  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learn", type=int, default=1000)
    parser.add_argument("--asked", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKBENCH_HOME"] = str(Path(folder) / "home")
        print("\n".join(section(measure(Path(folder), options.learn, options.asked))))


if __name__ == "__main__":
    main()
