"""A model hub on loopback: real architectures with small random weights, served with ranges."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hub(ThreadingHTTPServer):
    """`files` maps a path ("/resnet18-1234.pth") to its bytes; `cut` breaks the connection after so many bytes, once."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.cut = 0
        self.asked: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        data = self.server.files.get(self.path)
        span = self.headers.get("Range", "")
        self.server.asked.append((self.path, span))
        if data is None:
            self.send_error(404)
            return
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        body = data[start:]
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.cut:
            body, self.server.cut = body[: self.server.cut], 0
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: tests read `asked`."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Hub]:
    """Serve until the block ends."""
    hub = Hub(files)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join(5)
