"""A program of its own: the sound of a file as raw samples, for kinds of files that libsndfile does not know (M4A, videos).

Qt decodes, with the FFmpeg in its wheel (LGPL). It runs as a process beside the app (`workbench --decode-sound FILE`), so
that the engine needs no Qt, and a file that makes the decoder crash does not make the app crash.

On stdout: one line of JSON ({"rate", "channels", "form", "seconds"}), then samples as they are, interleaved. Who reads slowly
makes it wait. Exit code 3: no sound in it, 4: it cannot be read, 5: this system lacks what is needed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

NO_SOUND, UNREADABLE, NO_DECODER = 3, 4, 5


def main(path: str) -> int:
    """Decode one file to stdout. Returns the exit code."""
    os.environ["QT_LOGGING_RULES"] = "*=false"
    os.environ.setdefault("QT_MEDIA_BACKEND", "ffmpeg")
    try:
        from PySide6.QtCore import QCoreApplication, QTimer, QUrl
        from PySide6.QtMultimedia import QAudioDecoder, QAudioFormat
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return NO_DECODER
    app = QCoreApplication([])
    decoder = QAudioDecoder()
    if not decoder.isSupported():
        return NO_DECODER
    # A windowed app on Windows has no sys.stdout, but the pipe it was started with is there.
    out: Any = sys.stdout.buffer if sys.stdout is not None else os.fdopen(1, "wb")
    forms = {
        QAudioFormat.SampleFormat.UInt8: "u1",
        QAudioFormat.SampleFormat.Int16: "<i2",
        QAudioFormat.SampleFormat.Int32: "<i4",
        QAudioFormat.SampleFormat.Float: "<f4",
    }
    state = {"begun": False, "code": 0}

    def end(code: int) -> None:
        state["code"] = code
        app.exit()

    def came() -> None:
        try:
            while decoder.bufferAvailable():
                buffer = decoder.read()
                if not buffer.isValid():
                    continue
                if not state["begun"]:
                    state["begun"] = True
                    out.write(json.dumps(_facts(buffer.format(), forms, decoder.duration())).encode() + b"\n")
                out.write(bytes(buffer.constData())[: buffer.byteCount()])
            out.flush()
        except (BrokenPipeError, OSError):
            end(0)  # nobody reads any more

    decoder.bufferReady.connect(came)
    decoder.finished.connect(lambda: end(0 if state["begun"] else NO_SOUND))

    def failed(_error: Any) -> None:
        # Qt has one kind of error for both; no translation is loaded here. What was decoded before is kept: files are cut
        # off in the middle.
        silent = "audio stream" in decoder.errorString()
        end(0 if state["begun"] else NO_SOUND if silent else UNREADABLE)

    decoder.error.connect(failed)
    decoder.setSource(QUrl.fromLocalFile(str(Path(path).absolute())))
    # From within the event loop: what is wrong at once would otherwise be said before anyone can hear it.
    QTimer.singleShot(0, decoder.start)
    app.exec()
    try:
        out.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return int(state["code"])


def _facts(form: Any, forms: dict[Any, str], milliseconds: int) -> dict[str, Any]:
    return {
        "rate": form.sampleRate(),
        "channels": form.channelCount(),
        "form": forms.get(form.sampleFormat(), ""),
        "seconds": max(0, milliseconds) / 1000,
    }
