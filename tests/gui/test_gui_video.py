"""Videos and the camera on the Try page: by drops, clicks and keys, with a camera that is not there."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from own_time import Watch
from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from workbench.app_paths import resources
from workbench.data.media import open_picture
from workbench.data.video import VideoReader
from workbench.errors import UserError
from workbench.gui import camera
from workbench.gui.camera import CameraSource
from workbench.gui.context import AppContext
from workbench.gui.frame_source import CameraMoment, FrameSource, Picture
from workbench.gui.main_window import MainWindow
from workbench.gui.palette_dialog import PaletteDialog
from workbench.gui.widgets.live_view import LiveView, rate_words
from workbench.gui.widgets.prediction_view import PredictionView
from workbench.gui.widgets.timeline import Piece, TimelineStrip
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Boxes, Scores
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from video_files import OnePool, SquareFinder, moving_square, mp4_facts, panned, square_at, write_video

LEFT = Qt.MouseButton.LeftButton
CHINA = resources() / "samples" / "try" / "china.jpg"
DETECTION, SEGMENTATION = get_task("object-detection"), get_task("semantic-segmentation")
Drop = Callable[..., None]


class FakeCamera(FrameSource):
    """Gives pictures of the moving square at 40 a second, each at the moment of the clock."""

    def __init__(self) -> None:
        super().__init__("A camera for tests")
        self.running = False
        self.shown: list[tuple[float, int]] = []
        self._timer = QTimer(self)
        self._timer.setInterval(25)
        self._timer.timeout.connect(self._give)
        self._pictures = []
        for pixels in moving_square(60):
            data = np.ascontiguousarray(pixels).tobytes()
            self._pictures.append(QImage(data, 160, 120, 480, QImage.Format.Format_RGB888).copy())

    def start(self) -> None:
        self.running, self._began = True, time.monotonic()
        self._timer.start()
        self.state.emit(True)

    def stop(self) -> None:
        self.running = False
        self._timer.stop()

    def _give(self) -> None:
        now = time.monotonic() - self._began
        index = int(now * 40)
        self.shown.append((now, index))
        image = self._pictures[index % 60]
        self.came.emit(Picture(image, CameraMoment(index, now, image)))

    def unplug(self) -> None:
        self.stop()
        self.failed.emit(UserError("The camera was unplugged.", "Connect it and open it again."))


@pytest.fixture
def live(ctx: AppContext, qtbot: QtBot) -> LiveView:
    view = PredictionView()
    made = LiveView(ctx, view)
    for widget in (view, made):
        qtbot.addWidget(widget)
        widget.resize(700, 560)
        widget.show()
    return made


def use(monkeypatch: pytest.MonkeyPatch, model: SquareFinder) -> SquareFinder:
    pool = OnePool(model)
    monkeypatch.setattr("workbench.engine.video.shared_pool", lambda: pool)
    return model


def square_video(folder: Path, count: int = 60) -> Path:
    return write_video(folder / "square.mp4", moving_square(count))


# On the page -----------------------------------------------------------------------------------------------------------


def test_a_dropped_video_is_watched(window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    path = write_video(tmp_path / "tour.mp4", panned(("china", "flower"), 60))
    window.show_page("try")
    page: Any = window.page("try")
    drop(page.input.drop, [path])
    live: LiveView = page.live
    assert live.isVisible() and live.title.text() == "tour.mp4"
    qtbot.waitUntil(lambda: isinstance(page.view.prediction, Scores), timeout=60_000)
    qtbot.waitUntil(lambda: not live.player.playing, timeout=30_000)
    assert live.player.clock.text().endswith("/ 0:04")
    # Back to the palace with a click on the strip: the answer is that of the picture shown.
    strip = live.player.strip
    qtbot.mouseClick(strip, LEFT, pos=strip.rect().center() - (strip.rect().center() - strip.rect().topLeft()) / 2)
    qtbot.waitUntil(lambda: abs(live.player.position - 1.2) < 0.3, timeout=10_000)
    best = window.findChild(QLabel, "best-answer")
    assert best is not None
    qtbot.waitUntil(lambda: best.text() == "palace", timeout=20_000)
    assert not page.correct.isVisible()
    # Space plays, another page lets it stand still.
    screen = live.player.screen_area
    screen.setFocus()
    qtbot.keyClick(screen, Qt.Key.Key_Space)
    assert live.player.playing
    window.show_page("data")
    assert not live.player.playing
    window.show_page("try")
    # A picture takes its place, and is answered as ever.
    drop(screen, [CHINA])
    qtbot.waitUntil(lambda: page._result is not None, timeout=30_000)
    assert not live.active and not live.isVisible() and best.text() == "palace" and page.correct.isVisible()
    qtbot.waitUntil(lambda: not [j for j in window.ctx.jobs.running() if j.quiet], timeout=5_000)


def test_what_is_no_video_and_what_cannot_watch(window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("no video at all " * 20)
    window.show_page("try")
    page: Any = window.page("try")
    page._show_task(get_task("text-classification"))
    page.accept_drop([str(tmp_path / "bad.mp4")])
    assert page._task.info.watches, "a task that can look at a video takes over"
    qtbot.waitUntil(lambda: "not a video the app can read" in page.banner.text.text(), timeout=10_000)
    assert not page.live.active and page.input.picture_stack.currentWidget() is page.input.drop
    # Another task that watches keeps the video; one that does not closes it.
    page.try_paths([str(square_video(tmp_path)), str(tmp_path / "bad.mp4")])
    assert page.live.active and "One video at a time" in page.banner.text.text()
    page._show_task(get_task("object-detection"))
    assert page.live.active and page.live.isVisible()
    assert page.live.rate.text() == "Download the model first, or choose another one."
    page._show_task(get_task("super-resolution"))
    assert not page.live.active


def test_no_camera_is_a_sentence_everywhere(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "cameras", lambda: (_ for _ in ()).throw(camera.no_camera()))
    page: Any = window.page("try")
    window.show_page("home")
    window.actions_by_id["try.camera"].trigger()
    assert window.current_page_id == "try"
    assert page.banner.text.text() == "No camera was found. Connect one and try again, or drop a video here."
    page.banner.hide()
    button = window.findChild(QPushButton, "open-camera")
    assert button is not None
    qtbot.mouseClick(button, LEFT)
    assert page.banner.isVisible() and not page.live.active
    palette = PaletteDialog(window.commands, window)
    qtbot.addWidget(palette)
    assert any(c.title == "Open camera" and c.shortcut for c in window.commands)


def test_the_camera_goes_off_with_the_page(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeCamera] = []

    def make(_title: str, _device: object, _parent: object) -> FakeCamera:
        made.append(FakeCamera())
        return made[-1]

    monkeypatch.setattr(camera, "cameras", lambda: [("Front", 0), ("Back", 1)])
    monkeypatch.setattr(camera, "CameraSource", make)
    window.show_page("try", {"camera": True})
    page: Any = window.page("try")
    assert page.live.active and made[0].running
    assert (
        page.live.cameras.isVisible() and not page.live.annotated.isVisible() and not page.live.player.scrub.isVisible()
    )
    qtbot.waitUntil(lambda: isinstance(page.view.prediction, Scores), timeout=60_000)
    page.live.cameras.setCurrentIndex(1)
    assert len(made) == 2 and made[1].running and not made[0].running and page.live._looker is not None
    window.show_page("home")
    assert not made[1].running and not page.live.active
    window.show_page("try")
    assert page.input.picture_stack.currentWidget() is page.input.drop


# The live view by itself -------------------------------------------------------------------------------------------------


def test_a_slow_model_never_holds_up_the_picture(live: LiveView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    model = use(monkeypatch, SquareFinder(seconds=0.35))
    source = FakeCamera()
    live.open(source)
    live.ask(model.card, DETECTION, TryOptions())
    qtbot.waitUntil(lambda: len(live.looks) >= 4, timeout=20_000)
    now, index = source.shown[-1]
    assert live._picture is not None and live._picture.moment.index == index, "the newest picture is the one shown"
    assert index == int(now * 40) and len(source.shown) > len(live.looks), "pictures went on while the model looked"
    # Each answer is that of its own picture, and none is looked at twice or after a newer one.
    for look in live.looks:
        assert isinstance(look.prediction, Boxes)
        assert look.prediction.boxes[0].x0 == pytest.approx(square_at(look.index % 60)[0], abs=1)
    assert all(b.index > a.index for a, b in zip(live.looks, live.looks[1:], strict=False))
    qtbot.waitUntil(lambda: live.rate.text().startswith("Looks at"), timeout=5_000)
    source.unplug()
    assert not live.active


def test_boxes_go_by_the_slider_and_belong_to_the_picture(
    live: LiveView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = use(monkeypatch, SquareFinder())
    live.open_file(square_video(tmp_path))
    live.ask(model.card, DETECTION, TryOptions())
    live.player.pause()
    screen = live.player.screen_area
    for moment in (0.4, 2.0, 1.2):
        live.player.go_to(moment)
        qtbot.waitUntil(lambda m=moment: abs(live.player.position - m) < 0.03, timeout=5_000)  # type: ignore[misc]
        index = round(live.player.position * 25)
        qtbot.waitUntil(
            lambda i=index: bool(screen._boxes) and abs(screen._boxes[0].x0 - square_at(i)[0]) <= 1,  # type: ignore[misc]
            timeout=5_000,
        )
    assert live._view.boxes.slider.value() == 50, "as the prediction asks for"
    live._view.boxes.slider.setValue(95)
    assert screen._boxes == ()
    live._view.boxes.slider.setValue(20)
    assert len(screen._boxes) == 1 and screen._boxes[0].label == "square"
    # Further answers leave the slider where the person put it.
    live.player.go_to(1.6)
    qtbot.waitUntil(lambda: len(live.looks) >= 5, timeout=5_000)
    assert live._view.boxes.slider.value() == 20
    qtbot.waitUntil(lambda: live.player.strip.piece_at(1.61) is not None, timeout=5_000)
    qtbot.waitUntil(lambda: not live.rate.text(), timeout=2_000)


def test_areas_are_laid_over_the_picture(
    live: LiveView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = use(monkeypatch, SquareFinder("semantic-segmentation"))
    live.open_file(square_video(tmp_path))
    live.ask(model.card, SEGMENTATION, TryOptions())
    screen = live.player.screen_area
    qtbot.waitUntil(lambda: not screen._overlay.isNull(), timeout=10_000)
    live._view.areas.slider.setValue(80)
    assert screen._opacity == pytest.approx(0.8)
    qtbot.waitUntil(lambda: not live.player.playing and live.player.position > 2.3, timeout=10_000)
    assert all(len(look.prediction.png) == 0 for look in live.looks), "old areas are not kept"  # type: ignore[union-attr]


def test_a_model_that_fails_is_said_once(live: LiveView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    model = SquareFinder()
    monkeypatch.setattr(model, "detect", lambda *_a: (_ for _ in ()).throw(UserError("It cannot.", "Take another.")))
    use(monkeypatch, model)
    said: list[Any] = []
    live.failed.connect(said.append)
    source = FakeCamera()
    live.open(source)
    live.ask(model.card, DETECTION, TryOptions())
    qtbot.waitUntil(lambda: bool(said), timeout=10_000)
    count = len(source.shown)
    qtbot.waitUntil(lambda: len(source.shown) > count + 10, timeout=10_000)
    assert [p.message for p in said] == ["It cannot."] and live.active, "the picture goes on"
    live.close_source()


def test_saving_the_video_and_the_timeline(
    live: LiveView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = use(monkeypatch, SquareFinder())
    live.open_file(square_video(tmp_path))
    live.ask(model.card, DETECTION, TryOptions())
    out = tmp_path / "out"
    out.mkdir()
    answers = iter([out / "copy", out / "seen.csv", out / "stopped.mp4", Path()])
    monkeypatch.setattr(live, "ask_path", lambda *_a: str(path) if (path := next(answers)) != Path() else "")
    live.pace.setCurrentText("2 times a second")
    qtbot.mouseClick(live.annotated, LEFT)
    assert not live.annotated.isEnabled() and not live.timeline.isEnabled()
    qtbot.waitUntil(lambda: live.annotated.isEnabled(), timeout=20_000)
    assert "60 pictures written" in live.banner.text.text() and "no sound" in live.banner.text.text()
    assert mp4_facts(out / "copy.mp4")["pictures"] == 60
    qtbot.mouseClick(live.timeline, LEFT)
    qtbot.waitUntil(lambda: "Saved: seen.csv, seen events.csv" in live.banner.text.text(), timeout=20_000)
    with (out / "seen.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["square"] * 5
    qtbot.waitUntil(lambda: (p := live.player.strip.piece_at(2.1)) is not None and p.label == "square", timeout=5_000)
    model.seconds = 0.2
    live.pace.setCurrentIndex(0)
    qtbot.mouseClick(live.annotated, LEFT)
    stop = next(b for b in live.banner.findChildren(QPushButton) if b.text() == "Stop")
    qtbot.wait(300)
    watch = Watch()
    qtbot.mouseClick(stop, LEFT)
    qtbot.waitUntil(lambda: live.banner.text.text() == "Stopped. Nothing was written.", timeout=10_000)
    assert watch.seconds < 2
    assert sorted(p.name for p in out.iterdir()) == ["copy.mp4", "seen events.csv", "seen.csv"]
    qtbot.waitUntil(live.annotated.isEnabled)
    qtbot.mouseClick(live.annotated, LEFT)  # the person gives no name
    assert live.annotated.isEnabled()


def test_frames_go_into_the_project(
    window: MainWindow, qtbot: QtBot, drop: Drop, tmp_path: Path, digits_folder: Callable[..., Path]
) -> None:
    window.show_page("try")
    page: Any = window.page("try")
    page.try_paths([str(square_video(tmp_path, 200))])
    live: LiveView = page.live
    keep = live.keep
    qtbot.waitUntil(lambda: live._picture is not None, timeout=10_000)
    live.player.pause()
    # None is open: one is made.
    keep.box.setEditText("square")
    qtbot.mouseClick(keep.button, LEFT)
    qtbot.waitUntil(lambda: "as “square” (1 so far)" in live.banner.text.text(), timeout=10_000)
    project = window.ctx.store.require()
    assert project.name == "Pictures from video" and [c.name for c in project.classes()] == ["square"]
    live.player.go_to(1.0)
    qtbot.waitUntil(lambda: live.player.position == pytest.approx(1.0), timeout=5_000)
    live.player.screen_area.setFocus()
    qtbot.keyClick(live.player.screen_area, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: "(2 so far)" in live.banner.text.text(), timeout=10_000)
    items = project.items(project.item_ids())
    assert len(items) == 2 and items[1].path is not None and items[1].name == "square 1.00 s.png"
    with VideoReader(tmp_path / "square.mp4") as video:
        frame = video.seek(1.0)
    assert frame is not None
    np.testing.assert_array_equal(np.asarray(open_picture(items[1].path)), frame.pixels)
    qtbot.keyClick(live.player.screen_area, Qt.Key.Key_S)
    qtbot.waitUntil(lambda: "already" in live.banner.text.text(), timeout=10_000)
    # Without a label, and undone.
    keep.box.setEditText("")
    live.player.go_to(2.0)
    qtbot.waitUntil(lambda: live.player.position == pytest.approx(2.0), timeout=5_000)
    qtbot.mouseClick(keep.button, LEFT)
    qtbot.waitUntil(lambda: project.counts().unlabelled == 1, timeout=10_000)
    qtbot.waitUntil(lambda: window.ctx.store.undo_stack.canUndo(), timeout=5_000)
    window.ctx.store.undo_stack.undo()
    assert project.counts().total == 2
    live.close_source()


# Parts -----------------------------------------------------------------------------------------------------------------


def test_the_strip_can_be_read_clicked_and_walked(qtbot: QtBot, ctx: AppContext) -> None:
    strip = TimelineStrip()
    qtbot.addWidget(strip)
    strip.resize(200, 22)
    strip.show()
    strip.show_range(0.0, 10.0)
    strip.show_pieces([Piece(0, 4, "cat", "#ff0000"), Piece(4, 5, "", ""), Piece(8, 10, "dog", "#00ff00")])
    image = strip.grab().toImage()
    ratio = image.width() / 200
    colours = [image.pixelColor(round(x * ratio), image.height() // 2).name() for x in (40, 190)]
    assert colours == ["#ff0000", "#00ff00"]
    assert [getattr(strip.piece_at(t), "label", None) for t in (3.9, 4.5, 6.0, 9.0)] == ["cat", "", None, "dog"]
    chosen: list[float] = []
    strip.chosen.connect(chosen.append)
    from PySide6.QtCore import QPoint

    qtbot.mouseClick(strip, LEFT, pos=QPoint(100, 10))
    strip.show_position(5.0)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert chosen == [pytest.approx(5.0, abs=0.06), 6.0]
    # An hour with ten thousand looks is painted within a picture's time.
    strip.show_range(0.0, 3600.0)
    strip.show_pieces(
        [Piece(i * 0.36, (i + 1) * 0.36, str(i % 3), ("#ff0000", "#00ff00", "#0000ff")[i % 3]) for i in range(10_000)]
    )
    watch = Watch()
    strip.grab()
    assert watch.seconds < 0.5


def test_the_rate_in_plain_words() -> None:
    assert rate_words(12, 2.0) == "Looks at 6 pictures a second"
    assert rate_words(3, 3.0) == "Looks at a picture every second"
    assert rate_words(2, 5.0) == "Looks at a picture every 2.5 seconds"
    assert rate_words(0, 5.0) == ""


class FakeDevice:
    """As `QCameraDevice`."""

    def __init__(self, name: str, sizes: list[tuple[int, int, int]]) -> None:
        self._name = name
        self._formats = [
            SimpleNamespace(resolution=lambda w=w, h=h: QSize(w, h), maxFrameRate=lambda r=r: float(r), size=(w, h, r))
            for w, h, r in sizes
        ]

    def id(self) -> str:
        return self._name

    def description(self) -> str:
        return self._name

    def videoFormats(self) -> list[Any]:
        return self._formats


class FakeCameraOfQt(QObject):
    """As `QCamera`."""

    errorOccurred = Signal(object, str)

    def __init__(self, device: FakeDevice, parent: QObject) -> None:
        super().__init__(parent)
        self.device, self.format, self.running = device, None, False

    def setCameraFormat(self, form: Any) -> None:
        self.format = form

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False


class FakeSink(QObject):
    """As `QVideoSink`."""

    videoFrameChanged = Signal(object)
    frame: Any = None

    def videoFrame(self) -> Any:
        return self.frame

    def give(self, image: QImage) -> None:
        self.frame = SimpleNamespace(isValid=lambda: not image.isNull(), toImage=lambda: image)
        self.videoFrameChanged.emit(self.frame)


class FakeMultimedia:
    """As much of QtMultimedia as a camera takes."""

    def __init__(self, devices: list[FakeDevice]) -> None:
        here = self.here = devices

        class Devices(QObject):
            videoInputsChanged = Signal()
            videoInputs = staticmethod(lambda: here)
            defaultVideoInput = staticmethod(lambda: here[-1] if here else FakeDevice("", []))

        class Session(QObject):
            def setCamera(self, camera: Any) -> None:
                self.camera = camera

            def setVideoSink(self, sink: Any) -> None:
                self.sink = sink

        self.QMediaDevices, self.QCamera, self.QVideoSink, self.QMediaCaptureSession = (
            Devices,
            FakeCameraOfQt,
            FakeSink,
            Session,
        )


def test_a_camera_through_qt(qtbot: QtBot, ctx: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    back = FakeDevice("back", [(640, 480, 30)])
    front = FakeDevice("front", [(1920, 1080, 30), (1280, 720, 15), (1280, 720, 30), (320, 240, 60)])
    module = FakeMultimedia([back, front])
    monkeypatch.setattr(camera, "multimedia", lambda: module)
    assert [name for name, _ in camera.cameras()] == ["front", "back"], "the system's own choice first"
    source: Any = CameraSource("front", front)
    pictures: list[Picture] = []
    failures: list[UserError] = []
    source.came.connect(pictures.append)
    source.failed.connect(failures.append)
    source.start()
    qt_camera = source._camera
    assert qt_camera.running and qt_camera.format.size == (1280, 720, 30)
    images = [QImage(64, 48, QImage.Format.Format_RGB32) for _ in range(3)]
    for shade, image in enumerate(images):
        image.fill(Qt.GlobalColor(int(Qt.GlobalColor.red.value) + shade))
        source._sink.give(image)
    qtbot.waitUntil(lambda: bool(pictures))
    qtbot.wait(30)
    assert len(pictures) == 1 and pictures[0].image == images[2], "only the newest of what came at once"
    sample = open_picture(pictures[0].moment.sample())
    assert sample.size == (64, 48) and sample.getpixel((5, 5)) == images[2].pixelColor(5, 5).getRgb()[:3]
    assert open_picture(pictures[0].moment.sample(max_side=32)).size == (32, 24)
    module.here.remove(back)
    source._devices.videoInputsChanged.emit()
    assert not failures
    module.here.remove(front)
    source._devices.videoInputsChanged.emit()
    source._devices.videoInputsChanged.emit()
    assert [f.message for f in failures] == ["The camera was unplugged."] and not qt_camera.running


@pytest.mark.parametrize("how", ["error", "silence", "refused"])
def test_a_camera_that_gives_nothing_is_a_sentence(
    qtbot: QtBot, ctx: AppContext, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    device = FakeDevice("front", [])
    monkeypatch.setattr(camera, "multimedia", lambda: FakeMultimedia([device]))
    source: Any = CameraSource("front", device)
    failures: list[UserError] = []
    source.failed.connect(failures.append)
    if how == "refused":
        source._permitted(False)
        assert failures[0].message == "This app may not use the camera."
        return
    source._late.setInterval(50)
    source.start()
    if how == "error":
        source._camera.errorOccurred.emit(1, "busy")
    qtbot.waitUntil(lambda: bool(failures), timeout=2_000)
    qtbot.wait(80)
    assert [f.message for f in failures] == ["The camera gives no pictures."]


def test_a_computer_without_the_module_or_a_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    with pytest.raises(UserError, match="Cameras cannot be used on this computer"):
        camera.cameras()
    monkeypatch.setattr(camera, "multimedia", lambda: FakeMultimedia([]))
    with pytest.raises(UserError, match="No camera was found"):
        camera.cameras()
