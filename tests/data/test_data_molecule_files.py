"""Files of molecules come in: tables, lists and SD files, each mistake beside its row."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from rdkit import Chem, RDConfig

from tests.molecules_set import acids_table
from workbench.control import Control
from workbench.data.importers import ColumnChoice, sniff
from workbench.data.importers.formats.molecules import samples_of
from workbench.data.types import NewItem
from workbench.errors import Cancelled, Problem, UserError

NCI = Path(RDConfig.RDDataDir) / "NCI"


def parts(path: Path) -> tuple[list[NewItem], list[Problem]]:
    found = list(sniff([path]).read())
    return [f for f in found if isinstance(f, NewItem)], [f for f in found if isinstance(f, Problem)]


def test_a_table_is_known_by_its_cells_and_wrong_rows_are_told_one_by_one(tmp_path: Path) -> None:
    plan = sniff([acids_table(tmp_path / "acids.csv")])
    assert plan.media == "molecule"
    assert plan.choice == ColumnChoice("smiles", "kind")  # type: ignore[attr-defined]
    assert plan.summary.startswith("163 molecules with 2 labels")
    items, problems = parts(tmp_path / "acids.csv")
    assert len(items) == 160
    assert items[0].name == "M0"
    assert [p.where for p in problems] == ["row 162", "row 163", "row 164"]
    assert problems[1].message == "The branch that begins at character 3 never ends."


@pytest.mark.parametrize("suffix", [".tsv", ".xlsx", ".csv"])
def test_tables_without_a_telling_heading(tmp_path: Path, suffix: str) -> None:
    rows = [["c1ccccc1O", "7"], ["CC(=O)O", "8"], ["ClC(Cl)Cl", "9"], ["c1ccncc1", "5"]]
    path = tmp_path / f"t{suffix}"
    if suffix == ".xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
    else:
        path.write_text("\n".join(("\t" if suffix == ".tsv" else ",").join(r) for r in rows))
    items, problems = parts(path)
    assert [i.text for i in items] == [r[0] for r in rows]
    assert not problems


@pytest.mark.parametrize(
    "cells", [["good", "bad", "no", "CO"], ["I like it (much)", "It is bad"], ["AB12", "C3", "N7", "O2"]]
)
def test_words_are_no_molecules(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("comment,label\n" + "\n".join(f"{c},{n % 2}" for n, c in enumerate(cells * 3)))
    assert sniff([path]).media == "text"


def test_measured_numbers_are_read_with_their_gaps(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    values = ["-1.5", "2.25", "", "n/a", "oops", "1", "0.5", "3", "7", "8", "9", "10.5"]
    path.write_text("SMILES;logS\n" + "\n".join(f"{'C' * (n + 1)}O;{v}" for n, v in enumerate(values)))
    plan = sniff([path])
    plan.choose(ColumnChoice("SMILES", words="logS"))
    assert plan.marks == "number"
    found = list(plan.read())
    told = [f.annotations[0].text if f.annotations else None for f in found if isinstance(f, NewItem)]
    assert told[:2] == ["-1.5", "2.25"]
    assert [f.message for f in found if isinstance(f, Problem)][-1] == "“oops” in the column “logS” is no number."
    assert told.count(None) == 2


def test_lists_with_the_name_before_or_behind(tmp_path: Path) -> None:
    first, second = tmp_path / "a.smi", tmp_path / "b.smi"
    first.write_text("# made by hand\nSMILES name\nCCO ethanol\nc1ccccc1\tbenzene\nCC(\n\nCCN\n")
    second.write_text("ZINC1 c1ccccc1O\nZINC2 CCO\n")
    items, problems = parts(first)
    assert [(i.text, i.name) for i in items] == [("CCO", "ethanol"), ("c1ccccc1", "benzene"), ("CCN", "CCN")]
    assert [p.where for p in problems] == ["line 5"]
    assert [(i.text, i.name) for i in parts(second)[0]] == [("c1ccccc1O", "ZINC1"), ("CCO", "ZINC2")]


def test_an_sd_file_has_its_properties_as_columns() -> None:
    plan = sniff([NCI / "first_200.props.sdf"])
    assert plan.kind == "table"
    assert {"AMW", "CLOGP", "NUM_RINGS"} <= {c.name for c in plan.columns()}
    plan.choose(ColumnChoice("molecule", words="CLOGP"))
    items = [i for i in plan.read() if isinstance(i, NewItem)]
    direct = list(Chem.SDMolSupplier(str(NCI / "first_200.props.sdf")))
    assert [i.text for i in items] == [Chem.MolToSmiles(m) for m in direct]
    assert [float(i.annotations[0].text) for i in items if i.annotations] == [
        float(m.GetProp("CLOGP")) for m in direct if m.HasProp("CLOGP")
    ]


def test_damaged_blocks_are_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    good = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).replace("\n", "ethanol\n", 1)
    bad = good.replace(" C   0", " Zz  0", 1)
    path = tmp_path / "t.sdf"
    path.write_text(
        f"{good}> <activity>\nhigh\n\n$$$$\n{bad}$$$$\n{good[: len(good) // 2]}\n$$$$\n\n$$$$\n{good.replace('O  ', 'N  ')}"
    )
    items, problems = parts(path)
    assert [i.text for i in items] == ["CCO", "CCN"]
    assert [p.where for p in problems] == ["molecule 2 (ethanol)", "molecule 3 (ethanol)"]
    assert {p.message for p in problems} == {"This block of the file is cut off or damaged."}
    asked = samples_of(path, Control())
    assert len(asked) == 4
    assert [s.data is None for s in asked] == [True, False, False, True]


def test_a_file_without_molecules_is_refused_and_reading_can_be_stopped(tmp_path: Path) -> None:
    path = tmp_path / "t.smi"
    path.write_text("these are\nno molecules\n")
    with pytest.raises(UserError, match="holds no molecule"):
        sniff([path])
    stopped = Control()
    stopped.cancel()
    with pytest.raises(Cancelled):
        sniff([NCI / "first_5K.smi"], stopped)
