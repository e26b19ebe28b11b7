"""One window per person: a second start hands its project to the window that is open, and ends.

The window listens on a local socket (on Windows a named pipe) that only the same person may use. What comes over it is one
line of JSON, bounded, and asks for nothing but a project to be shown.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from workbench.app_paths import AppPaths

log = logging.getLogger(__name__)

_WAIT_MS = 1000
_LONGEST = 32_768


def address(paths: AppPaths) -> str:
    """Of the window that uses these folders: another home has a window of its own."""
    try:
        person = getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name is known for this person
        person = ""
    return "model-workbench-" + hashlib.sha256(f"{person}\n{paths.settings}".encode()).hexdigest()[:16]


def hand_over(paths: AppPaths, project: str) -> bool:
    """Give a project ("" for none) to the window that is open. False when there is none, or it does not answer."""
    socket = QLocalSocket()
    socket.connectToServer(address(paths))
    if not socket.waitForConnected(_WAIT_MS):
        return False
    where = str(Path(project).absolute()) if project else ""
    socket.write(json.dumps({"open": where}).encode() + b"\n")
    heard = socket.waitForBytesWritten(_WAIT_MS) and socket.waitForReadyRead(_WAIT_MS)
    answer = bytes(socket.readAll().data()) if heard else b""
    socket.disconnectFromServer()
    return answer.startswith(b"ok")


def _is_alive(name: str) -> bool:
    socket = QLocalSocket()
    socket.connectToServer(name)
    return socket.waitForConnected(_WAIT_MS)


class Listener(QObject):
    """The open window's ear.

    Signals:
        asked(str): somebody started the app again; the project they want, or "".
    """

    asked = Signal(str)

    def __init__(self, paths: AppPaths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._welcome)
        name = address(paths)
        # Where somebody answers a window is alive, if only too busy to have taken the project: it keeps its ear. What a killed
        # app left behind may go.
        if _is_alive(name):
            log.info("another window is heard here")
            return
        QLocalServer.removeServer(name)
        if not self._server.listen(name):
            log.info("a second start is not heard here: %s", self._server.errorString())

    @property
    def listening(self) -> bool:
        return self._server.isListening()

    def close(self) -> None:
        self._server.close()

    def _welcome(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda s=socket: self._read(s))
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _LONGEST:
                socket.abort()
            return
        line = bytes(socket.readLine(_LONGEST).data())
        try:
            wanted = json.loads(line)["open"]
            if not isinstance(wanted, str) or "\0" in wanted:
                raise ValueError("no path")
        except (ValueError, KeyError, TypeError, RecursionError):
            log.info("something else knocked on the window's socket")
            socket.abort()
            return
        socket.write(b"ok\n")
        socket.flush()
        self.asked.emit(wanted)
