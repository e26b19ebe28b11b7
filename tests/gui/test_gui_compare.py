"""Before and after on the Try page: what is seen at which point of the screen, by mouse and keys, in one zoom."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.exporters.pictures import png_bytes
from workbench.data.whole_picture import WholePicture, open_whole
from workbench.gui.main_window import MainWindow
from workbench.gui.widgets.compare_panel import ComparePanel
from workbench.gui.widgets.compare_view import CompareView
from workbench.gui.widgets.layers import Layers, load_layers
from workbench.runtimes.base import Loaded
from workbench.tasks.predictions import Picture
from workbench.tasks.registry import get_task

LEFT = Qt.MouseButton.LeftButton
PHOTO = resources() / "samples" / "try" / "china.jpg"
Drop = Callable[..., None]


def plain(colour: str, width: int = 200, height: int = 100) -> Layers:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(colour))
    return Layers((image,), QSize(width, height))


@pytest.fixture
def view(qtbot: QtBot) -> CompareView:
    made = CompareView()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    made.show_pictures(plain("#ff0000"), plain("#0000ff"))
    return made


def at(view: CompareView, x: float, y: float) -> str:
    return view.grab().toImage().pixelColor(int(x * view.devicePixelRatio()), int(y * view.devicePixelRatio())).name()


def test_before_is_left_of_the_line_and_after_right(view: CompareView, qtbot: QtBot) -> None:
    assert (at(view, 100, 120), at(view, 300, 120)) == ("#ff0000", "#0000ff")
    view.set_split(0.8)
    assert (at(view, 100, 120), at(view, 300, 120)) == ("#ff0000", "#ff0000")
    qtbot.mouseClick(view, LEFT, pos=QPoint(100, 200))
    assert view.split == pytest.approx(0.25) and at(view, 300, 120) == "#0000ff"
    # Dragged past the edge it stays at the edge.
    qtbot.mousePress(view, LEFT, pos=QPoint(100, 150))
    qtbot.mouseMove(view, QPoint(380, 150))
    assert view.split == pytest.approx(0.95)
    qtbot.mouseRelease(view, LEFT, pos=QPoint(380, 150))
    # Above and below the picture lies nothing of it.
    assert at(view, 100, 20) not in ("#ff0000", "#0000ff")


def test_keys_move_the_line_and_zoom(view: CompareView) -> None:
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.split == pytest.approx(0.52)
    QTest.keyClick(view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert view.split == pytest.approx(0.42)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.split == 0.0 and at(view, 30, 200) == "#0000ff"
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.split == 1.0
    fitting = view.zoom()
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom() == pytest.approx(fitting * 1.25)
    QTest.keyClick(view, Qt.Key.Key_1)
    assert view.zoom() == pytest.approx(max(1.0, fitting))  # a picture smaller than the view is not made smaller still
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.zoom() == pytest.approx(fitting)
    for _ in range(40):
        QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.zoom() == pytest.approx(16.0)
    assert "Zoom 1600%" in view.accessibleDescription() and "Arrow keys" in view.accessibleDescription()


def squares(width: int, height: int, first: int) -> Layers:
    """Every point another colour, so that a place in the picture is known by it; alpha 255."""
    y, x = np.mgrid[0:height, 0:width]
    rgba = np.stack([x % 256, y % 256, np.full_like(x, first), np.full_like(x, 255)], 2).astype(np.uint8)
    image = QImage(rgba.tobytes(), width, height, width * 4, QImage.Format.Format_RGBA8888)
    return Layers((image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied).copy(),), QSize(width, height))


def test_one_to_one_shows_every_point_and_both_pictures_move_together(view: CompareView, qtbot: QtBot) -> None:
    view.show_pictures(squares(250, 250, 10), squares(250, 250, 90))
    view.resize(200, 160)
    view.one_to_one()
    assert view.zoom() == 1.0

    def place(x: int, y: int) -> tuple[int, int, int]:
        colour = view.grab().toImage().pixelColor(x, y)
        return colour.red(), colour.green(), colour.blue()

    (lx, ly, lb), (rx, ry, rb) = place(20, 150), place(180, 150)
    assert (rx - lx, ry - ly) == (160, 0) and (lb, rb) == (10, 90)
    qtbot.mousePress(view, LEFT, pos=QPoint(50, 150))
    qtbot.mouseMove(view, QPoint(40, 140))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(40, 140))
    assert place(20, 140) == (lx + 10, ly, 10) and place(180, 140) == (rx + 10, ry, 90)
    # It cannot be moved out of the view.
    view.move_by(10_000, 10_000)
    assert place(20, 140)[:2] == (20, 140)
    view.set_side_by_side(True)
    view.move_by(-10_000, -10_000)
    (lx, ly, lb), (rx, ry, rb) = place(50, 150), place(101 + 50, 150)
    assert (lx, ly) == (rx, ry) and (lb, rb) == (10, 90)


def test_the_wheel_zooms_at_the_pointer(view: CompareView) -> None:
    view.show_pictures(squares(250, 250, 10), squares(250, 250, 90))
    view.resize(240, 240)
    view.zoom_to(2.0)
    spot = QPointF(60, 200)
    before = view.grab().toImage().pixelColor(spot.toPoint())
    turned = QWheelEvent(
        spot, view.mapToGlobal(spot), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, turned)
    after = view.grab().toImage().pixelColor(spot.toPoint())
    assert view.zoom() == pytest.approx(2.0 * 1.25**2)
    assert abs(before.red() - after.red()) <= 1 and abs(before.green() - after.green()) <= 1
    QTest.mouseDClick(view, LEFT, pos=QPoint(60, 200))
    assert view.zoom() < 1.0


def test_points_and_smooth_and_the_panel(qtbot: QtBot) -> None:
    panel = ComparePanel()
    qtbot.addWidget(panel)
    panel.resize(500, 400)
    panel.show()
    small = QImage(2, 1, QImage.Format.Format_ARGB32_Premultiplied)
    small.setPixelColor(0, 0, QColor("black"))
    small.setPixelColor(1, 0, QColor("white"))
    before = Layers((small,), QSize(2, 1))
    panel.show_pictures(before, plain("#0000ff", 400, 200), enlarged=True, smooth=False)
    panel.view.set_split(1.0)

    def shades() -> set[str]:
        image = panel.view.grab().toImage()
        return {image.pixelColor(x, image.height() // 2).name() for x in range(60, image.width() - 60)}

    assert shades() == {"#000000", "#ffffff"}
    panel.show_pictures(before, plain("#0000ff", 400, 200), enlarged=True, smooth=True)
    assert len(shades()) > 20
    chosen: list[str] = []
    panel.original_as.connect(chosen.append)
    panel.original.setCurrentIndex(1)
    assert chosen == ["points"]
    qtbot.mouseClick(panel.findChild(QPushButton, "compare-aside"), LEFT)
    assert panel.view.side_by_side
    qtbot.mouseClick(panel.findChild(QPushButton, "compare-line"), LEFT)
    qtbot.mouseClick(panel.findChild(QPushButton, "compare-one"), LEFT)
    assert not panel.view.side_by_side and panel.percent.text().endswith(" %")
    reduced = replace(plain("#0000ff", 40, 20), true_size=QSize(400, 200))
    panel.show_pictures(before, reduced, enlarged=True, smooth=True)
    assert "10%" in panel.reduced.text() and panel.reduced.isVisible()


def test_layers_are_halved_and_have_their_alpha(tmp_path: Path) -> None:
    alpha = np.zeros((900, 1700), np.uint8)
    alpha[:, 850:] = 255
    layers = load_layers(png_bytes(WholePicture(np.full((900, 1700, 3), 200, np.uint8), alpha)))
    assert [i.width() for i in layers.levels] == [1700, 850, 425] and not layers.is_reduced
    for level in layers.levels:
        y = level.height() // 2
        assert level.pixelColor(2, y).alpha() == 0
        assert level.pixelColor(level.width() - 3, y).getRgb() == (200, 200, 200, 255)


# The page ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trying(window: MainWindow) -> Any:
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("super-resolution"), "enlarge-starter")
    return page


def small_photo(path: Path, width: int = 40, height: int = 28) -> Path:
    Image.open(PHOTO).convert("RGB").crop((200, 100, 200 + 2 * width, 100 + 2 * height)).resize(
        (width, height), Image.Resampling.BICUBIC
    ).save(path)
    return path


def run(trying: Any, qtbot: QtBot, drop: Drop, paths: list[Path]) -> None:
    target = trying.input.picture_stack.currentWidget()
    drop(getattr(target, "view", target), paths)
    qtbot.waitUntil(lambda: [s.path for s in trying._samples] == paths and trying.go.isVisible())
    qtbot.mouseClick(trying.go, LEFT)
    qtbot.waitUntil(lambda: trying._job is not None)
    qtbot.waitUntil(lambda: trying._job is None, timeout=60_000)


def test_a_photo_is_enlarged_compared_measured_and_saved(trying: Any, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    photo = small_photo(tmp_path / "small.png")
    run(trying, qtbot, drop, [photo])
    panel = trying.input.compare
    qtbot.waitUntil(lambda: trying.input.picture_stack.currentWidget() is panel, timeout=10_000)
    assert trying.view.prediction.width == 80 and panel.original.isVisible()
    assert trying.view.picture.summary.text() == "80 x 56 points" and trying.view.picture.truth.isVisible()
    assert panel.view._after.true_size == QSize(80, 56) and panel.view._before.true_size == QSize(80, 56)
    panel.original.setCurrentIndex(1)
    qtbot.waitUntil(lambda: panel.view._before.true_size == QSize(40, 28))
    Image.open(PHOTO).convert("RGB").crop((200, 100, 280, 156)).save(tmp_path / "true.png")
    trying.pictures.compare_with(tmp_path / "true.png")
    qtbot.waitUntil(trying.view.picture.numbers.isVisible)
    words = trying.view.picture.numbers.accessibleName()
    assert "PSNR" in words and "plain (bicubic)" in words
    assert trying.view.picture.verdict.text() == "The model came nearer to the true picture than plain enlarging."
    trying.pictures.compare_with(PHOTO)
    qtbot.waitUntil(lambda: trying.banner.isVisible() and "640 x 427" in trying.banner.text.text())
    asked: list[str] = []
    trying.view.ask_path = lambda _endings: asked.append(trying.view.suggested) or str(tmp_path / "out.tif")
    qtbot.mouseClick(trying.view.save, LEFT)
    qtbot.waitUntil(lambda: (tmp_path / "out.tif").is_file())
    qtbot.waitUntil(lambda: "Saved to" in trying.view.note.text())
    assert asked == ["small 80x56"] and open_whole(tmp_path / "out.tif").width == 80
    # Another picture: back to where it lies, and nothing of the old one is left.
    other = small_photo(tmp_path / "other.png", 30, 20)
    drop(panel.view, [other])
    qtbot.waitUntil(lambda: [s.path for s in trying._samples] == [other])
    qtbot.waitUntil(lambda: trying.input.picture_stack.currentWidget() is trying.input.picture)
    assert trying.view.prediction is None and trying.view.suggested == "answer" and not panel.original.isVisible()


def test_a_folder_of_pictures_goes_into_a_folder(trying: Any, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    photos = [small_photo(tmp_path / f"{n}.png", 20, 16) for n in "ab"]
    (tmp_path / "c.png").write_bytes(b"no picture")
    given = [*photos, tmp_path / "c.png"]
    trying.pictures.choose_folder = lambda: ""
    drop(trying.input.drop, given)
    qtbot.waitUntil(lambda: len(trying._samples) == 3 and trying.go.isVisible())
    qtbot.mouseClick(trying.go, LEFT)
    assert trying._job is None  # no folder, nothing done
    target = tmp_path / "out"
    trying.pictures.choose_folder = lambda: str(target)
    qtbot.mouseClick(trying.go, LEFT)
    qtbot.waitUntil(lambda: trying._job is None and trying.table.rowCount() == 3, timeout=60_000)
    assert sorted(f.name for f in target.iterdir()) == ["a.png", "b.png"]
    rows = trying.table.rows_for_export()
    assert "not a picture" in rows[2]["problem"] and str(target) in rows[0]["answer"]
    assert "2 new pictures" in trying.banner.text.text() and "1 could not be read" in trying.batch_state.text()
    assert trying.table.index(0, 2).data() == ""  # a new picture is neither certain nor uncertain
    trying.table_view.selectRow(1)
    panel = trying.input.compare
    qtbot.waitUntil(lambda: trying.input.picture_stack.currentWidget() is panel, timeout=10_000)
    assert trying.view.picture.where.text() == str(target / "b.png")


class SlowPainter(Loaded):
    """Shows one preview and paints until it is stopped."""

    shown = threading.Event()

    def stylise(
        self, content: Any, style: Any, strength: float, control: Control, preview: Callable[[Any], None] | None = None
    ) -> Any:
        assert preview is not None
        preview(content * 0 + strength)
        SlowPainter.shown.set()
        while True:
            control.check()
            threading.Event().wait(0.01)


def test_stopping_keeps_the_painting_as_it_is(
    trying: Any, window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pth").write_bytes(b"x")
    card = ModelCard(
        "slow", "Slow painter", ("style-transfer",), "style", "vgg19", Source("import", str(tmp_path), "w.pth")
    )
    monkeypatch.setattr("workbench.runtimes.style_runtime.open_pretrained", lambda card, _path: SlowPainter(card))
    window.ctx.catalog._bundled.insert(0, card)
    trying._show_task(get_task("style-transfer"), "slow")
    photo = small_photo(tmp_path / "p.png")
    drop(trying.input.drop, [photo])
    qtbot.waitUntil(lambda: "style picture" in trying.state.text())
    trying.controls.set_value("style", str(PHOTO))
    trying.controls.set_value("strength", 0.25)
    qtbot.waitUntil(lambda: "Paint" in trying.state.text())
    qtbot.mouseClick(trying.go, LEFT)
    panel = trying.input.compare
    qtbot.waitUntil(lambda: trying.input.picture_stack.currentWidget() is panel, timeout=20_000)
    assert not trying.view.save.isVisible() and "Still being made" in trying.view.picture.hint.text()
    assert not panel.original.isVisible()  # nothing was enlarged
    qtbot.mouseClick(trying.stop, LEFT)
    qtbot.waitUntil(lambda: trying._job is None, timeout=2000)
    kept = trying.view.prediction
    assert isinstance(kept, Picture) and kept.finished and trying.view.save.isVisible()
    assert open_whole(kept.png).pixels[0, 0].tolist() == [64, 64, 64] and trying.state.text() == "Stopped."
    assert "Stopped early" in trying.view.note.text() and not trying.view.picture.truth.isVisible()
