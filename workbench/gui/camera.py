"""The camera, through Qt. Whatever is missing (the module, a camera, the permission) is said in a sentence."""

from __future__ import annotations

import logging
import time
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer
from PySide6.QtGui import QImage

from workbench.errors import UserError
from workbench.gui.frame_source import CameraMoment, FrameSource, Picture

log = logging.getLogger(__name__)

# More is not needed to recognise things, and would take long to bring to the screen.
_WIDTH, _HEIGHT = 1280, 720
_FIRST_PICTURE_MS = 8000


def multimedia() -> Any:
    """Qt's multimedia module. Raises: UserError when this computer lacks it, or a library it stands on."""
    try:
        from PySide6 import QtMultimedia
    except ImportError as error:
        log.info("no QtMultimedia: %s", error)
        missing = " (libpulse is missing)" if "libpulse" in str(error) else ""
        raise UserError(
            f"Cameras cannot be used on this computer: a part of the system that Qt needs for them is not there{missing}.",
            "Film with another program and drop the video here.",
        ) from error
    return QtMultimedia


def no_camera() -> UserError:
    return UserError("No camera was found.", "Connect one and try again, or drop a video here.")


def cameras() -> list[tuple[str, Any]]:
    """Name and device of each camera, the system's own choice first. Raises: UserError when there is none."""
    module = multimedia()
    devices = list(module.QMediaDevices.videoInputs())
    usual = module.QMediaDevices.defaultVideoInput().id()
    devices.sort(key=lambda device: device.id() != usual)
    if not devices:
        raise no_camera()
    return [(str(device.description()) or f"Camera {n}", device) for n, device in enumerate(devices, 1)]


class CameraSource(FrameSource):
    """One camera. Its pictures come as fast as it makes them and the window can show them."""

    def __init__(self, title: str, device: Any, parent: QObject | None = None) -> None:
        super().__init__(title, parent)
        self._module = multimedia()
        self._device = device
        self._camera: Any = None
        self._session: Any = None
        self._sink: Any = None
        self._devices: Any = None
        self._count = 0
        self._began = 0.0
        self._waiting = False
        self._stopped = False
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_FIRST_PICTURE_MS)
        self._late.timeout.connect(self._too_late)

    def start(self) -> None:
        """Ask for the permission where the system wants that, then open the camera."""
        try:
            from PySide6.QtCore import QCameraPermission, Qt
        except ImportError:  # a Qt built without permissions asks nobody
            self._open()
            return
        permission = QCameraPermission()
        app = QCoreApplication.instance()
        assert app is not None
        status = app.checkPermission(permission)
        if status == Qt.PermissionStatus.Undetermined:
            app.requestPermission(permission, self, self._answered)
        else:
            self._permitted(status == Qt.PermissionStatus.Granted)

    def stop(self) -> None:
        self._stopped = True
        self._late.stop()
        if self._camera is not None:
            self._camera.stop()
            self._session.setCamera(None)
            self._session.setVideoSink(None)
            self._camera.deleteLater()
            self._camera = None

    def _answered(self, permission: Any) -> None:
        from PySide6.QtCore import Qt

        self._permitted(permission.status() == Qt.PermissionStatus.Granted)

    def _permitted(self, granted: bool) -> None:
        if self._stopped:
            return
        if granted:
            self._open()
        else:
            self._fail(
                UserError(
                    "This app may not use the camera.", "Allow it in the system's privacy settings, then open it again."
                )
            )

    def _open(self) -> None:
        module = self._module
        self._camera = module.QCamera(self._device, self)
        best = self._format()
        if best is not None:
            self._camera.setCameraFormat(best)
        self._sink = module.QVideoSink(self)
        self._session = module.QMediaCaptureSession(self)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self._sink)
        self._sink.videoFrameChanged.connect(self._frame_came)
        self._camera.errorOccurred.connect(self._error)
        self._devices = module.QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self._look_for_it)
        self._began = time.monotonic()
        self._late.start()
        self._camera.start()
        self.state.emit(True)

    def _format(self) -> Any:
        """The largest pictures up to 1280 x 720, of those the fastest; None where the camera offers no choice."""

        def worth(form: Any) -> tuple[bool, float, float]:
            width, height = form.resolution().width(), form.resolution().height()
            fits = width <= _WIDTH and height <= _HEIGHT
            # Of those that are all too large the smallest.
            return fits, width * height if fits else -width * height, float(form.maxFrameRate())

        return max(self._device.videoFormats(), key=worth, default=None)

    def _frame_came(self, _frame: Any) -> None:
        # The sink calls as often as the camera likes, perhaps from its own thread; the window takes one at a time.
        if not self._waiting and not self._stopped:
            self._waiting = True
            QTimer.singleShot(0, self, self._take)

    def _take(self) -> None:
        self._waiting = False
        if self._stopped:
            return
        frame = self._sink.videoFrame()
        image: QImage = frame.toImage() if frame.isValid() else QImage()
        if image.isNull():
            return
        self._late.stop()
        moment = CameraMoment(self._count, time.monotonic() - self._began, image)
        self._count += 1
        self.came.emit(Picture(image, moment))

    def _look_for_it(self) -> None:
        """Cameras came or went: is it still there?"""
        here = [device.id() for device in self._module.QMediaDevices.videoInputs()]
        if self._device.id() not in here:
            self._fail(UserError("The camera was unplugged.", "Connect it and open it again."))

    def _error(self, _code: object, words: str) -> None:
        log.warning("camera: %s", words)
        self._fail(
            UserError(
                "The camera gives no pictures.", "Perhaps another program uses it: close that, then open it again."
            )
        )

    def _too_late(self) -> None:
        self._error(None, "no picture came")

    def _fail(self, error: UserError) -> None:
        if not self._stopped:
            self.stop()
            self.failed.emit(error)
