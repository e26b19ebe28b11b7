"""Molecules in the window: drawn in the list and large, tried by typing, explained on the structure."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from rdkit import Chem, DataStructs
from rdkit.Chem import Descriptors, rdFingerprintGenerator

from tests.molecules_set import acids_table
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.gui.alike_items import show_alike
from workbench.gui.main_window import MainWindow
from workbench.gui.theme import theme
from workbench.gui.widgets.item_viewer import ItemViewer
from workbench.gui.widgets.why_dialog import WhyDialog
from workbench.tasks.predictions import figure


@pytest.fixture
def project(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> Project:
    made, _ = project_from_plan(sniff([acids_table(tmp_path / "acids.csv", 60)]), tmp_path / "project")
    window.ctx.store.adopt(made)
    window.show_page("data")
    page = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 60)  # type: ignore[attr-defined]
    return made


def test_structures_are_drawn_in_the_list_and_large_in_light_and_dark(
    window: MainWindow, qtbot: QtBot, project: Project
) -> None:
    page, thumbnails = window.page("data"), window.ctx.thumbnails
    assert page.view.tiles  # type: ignore[attr-defined]
    item = page.model.item_at(0)  # type: ignore[attr-defined]

    def drawn() -> bool:
        found = thumbnails.of_item(item)
        return found is not None and not found.isNull()

    qtbot.waitUntil(drawn)
    light = thumbnails.of_item(item).toImage()  # type: ignore[union-attr]
    theme().set_choice("dark")
    qtbot.waitUntil(drawn)
    assert thumbnails.of_item(item).toImage() != light  # type: ignore[union-attr]
    theme().set_choice("light")
    viewer = ItemViewer(window.ctx, page.model, 0, window)  # type: ignore[attr-defined]
    with qtbot.waitSignal(viewer.structure.drawn):
        viewer.show()
    assert viewer.stack.currentWidget() is viewer.structure
    assert viewer.structure.words.text()
    with qtbot.waitSignal(viewer.structure.drawn):
        qtbot.keyClick(viewer, Qt.Key.Key_Right)
    viewer.close()


def test_the_most_alike_are_shown_among_the_data(window: MainWindow, qtbot: QtBot, project: Project) -> None:
    page = window.page("data")
    first = page.model.ids[0]  # type: ignore[attr-defined]
    show_alike(window.ctx, first, lambda problem: pytest.fail(str(problem)))
    qtbot.waitUntil(lambda: 1 < page.model.rowCount() < 60)  # type: ignore[attr-defined]
    ids, bar = page.model.ids, page.filter_bar  # type: ignore[attr-defined]
    assert ids[0] == first
    assert bar.order_box.currentText() == "Nearest first"
    query = DataStructs.CreateFromBitString(_bits(project, first))
    likeness = [DataStructs.TanimotoSimilarity(query, DataStructs.CreateFromBitString(_bits(project, i))) for i in ids]
    assert likeness == sorted(likeness, reverse=True)
    tip = page.model.data(page.model.index(1), Qt.ItemDataRole.ToolTipRole)  # type: ignore[attr-defined]
    assert f"Tanimoto similarity {likeness[1]:.2f}" in tip
    bar.order_box.setCurrentIndex(0)
    assert page.model.ids == sorted(ids)  # type: ignore[attr-defined]
    bar.back.click()
    qtbot.waitUntil(lambda: page.model.rowCount() == 60)  # type: ignore[attr-defined]
    assert bar.order_box.findText("Nearest first") < 0
    assert bar.order_box.currentText() == "As added"


def _bits(project: Project, item_id: int) -> str:
    """An item's fingerprint as RDKit writes it."""
    made = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    return str(made.GetFingerprint(Chem.MolFromSmiles(project.item(item_id).text)).ToBitString())


def test_how_items_are_shared_out_is_said_and_can_be_chosen_once(
    window: MainWindow, qtbot: QtBot, project: Project
) -> None:
    window.show_page("train")
    box = window.page("train").setup.apart  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: box.isVisible() and "scaffold" in box.words.text())
    box.choice.click()
    assert not project.keeps_apart
    assert "at random" in box.words.text()
    project.ensure_splits()
    box.show_project(project)
    assert not box.choice.isEnabled()


def test_a_molecule_is_tried_by_typing_and_explained_on_its_structure(
    window: MainWindow, qtbot: QtBot, project: Project, tmp_path: Path
) -> None:
    catalog = window.ctx.catalog
    done = list(fit(new_config(project, catalog.get("molecule-fingerprints")), project, catalog))[-1]
    assert isinstance(done, Finished)
    catalog.refresh()
    window.show_page("try", {"model_id": done.model_id})
    page = window.page("try")
    structure = page.input.structure  # type: ignore[attr-defined]
    qtbot.waitUntil(structure.isVisible)
    page.text.setPlainText("OC(=O)c1ccccc1Cl")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: page._result is not None and page._result.prediction is not None)  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: structure.words.text() == "O=C(O)c1ccccc1Cl")
    page._why()  # type: ignore[attr-defined]
    dialog = page.findChild(WhyDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.shown is not None and dialog.shown.explanation.sanity is not None)
    assert not dialog.canvas._picture.isNull()
    assert "Green atoms spoke for" in dialog.legend.text()
    qtbot.waitUntil(dialog.alike.isVisible)
    dialog.close()
    page.text.setPlainText("OC(=O")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: "never ends" in structure.picture.text())
    page.banner.hide()  # type: ignore[attr-defined]
    several = tmp_path / "some.smi"
    several.write_text("CCO first\nc1cccc1 second\nCC(=O)O third\n")
    page.try_paths([str(several)])  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: len(page.table.results) == 3)  # type: ignore[attr-defined]
    assert [r.sample.name for r in page.table.results] == ["first", "second", "third"]  # type: ignore[attr-defined]
    assert page.table.results[1].problem is not None  # type: ignore[attr-defined]


def test_a_measured_number_is_written_beside_the_structure_and_explained_atom_by_atom(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "weights.csv"
    smiles = [row.split(",")[0] for row in acids_table(tmp_path / "acids.csv", 40).read_text().splitlines()[1:41]]
    weights = [round(Descriptors.MolWt(Chem.MolFromSmiles(s)), 1) for s in smiles]
    file.write_text("smiles,weight\n" + "".join(f"{s},{w}\n" for s, w in zip(smiles, weights, strict=True)))
    project, _ = project_from_plan(sniff([file]), tmp_path / "project")
    window.ctx.store.adopt(project)
    window.show_page("data")
    page = window.page("data")
    qtbot.waitUntil(lambda: page.model.rowCount() == 40)  # type: ignore[attr-defined]
    page._open_item(0)  # type: ignore[attr-defined]
    editor = page._editor()  # type: ignore[attr-defined]
    canonical = Chem.MolToSmiles(Chem.MolFromSmiles(smiles[0]))
    qtbot.waitUntil(lambda: editor.structure.isVisible() and canonical in editor.structure.words.text())
    assert editor.asked.text() == "weight"
    page._leave_editor()  # type: ignore[attr-defined]
    catalog = window.ctx.catalog
    window.show_page("train")
    hows = window.page("train").setup._how_words.values()  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: any("groups of atoms" in words.text() for words in hows))
    assert not any("eyes" in words.text() for words in hows)
    done = list(fit(new_config(project, catalog.get("molecule-fingerprints")), project, catalog))[-1]
    assert isinstance(done, Finished)
    catalog.refresh()
    window.show_page("results", {"run_id": done.run_id})
    results = window.page("results")
    qtbot.waitUntil(lambda: results.evaluation is not None)  # type: ignore[attr-defined]
    worst = results._views["numbers"].worst  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: worst.rowCount() > 0 and not worst.item(0, 0).icon().isNull())
    window.show_page("try", {"model_id": done.model_id})
    tried = window.page("try")
    tried.text.setPlainText("OC(=O)c1ccccc1Cl")  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: tried.why.isVisible())  # type: ignore[attr-defined]
    tried.why.click()  # type: ignore[attr-defined]
    dialog = tried.findChild(WhyDialog)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.shown is not None and dialog.shown.explanation.sanity is not None)
    assert not dialog.canvas._picture.isNull()
    assert "Green atoms raised “weight”" in dialog.legend.text() and "(+" in dialog.legend.text()
    light = dialog.canvas._picture.toImage()
    theme().set_choice("dark")
    qtbot.waitUntil(lambda: dialog.canvas._picture.toImage() != light)
    theme().set_choice("light")
    assert "do not add up" in dialog.checked.text.text()
    dialog.close()
    several = tmp_path / "some.smi"
    several.write_text("CCO first\nCC(=O)O third\n")
    tried.try_paths([str(several)])  # type: ignore[attr-defined]
    table = tried.table  # type: ignore[attr-defined]
    qtbot.waitUntil(lambda: len(table.results) == 2)
    assert table.headerData(2, Qt.Orientation.Horizontal) == "Range"
    said = table.results[0].prediction
    shown = table.data(table.index(0, 2))
    assert "%" not in shown and (shown == "" or shown.startswith(figure(said.low)))
