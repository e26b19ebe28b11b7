"""Looking for updates: only when asked, only a small note that is one, from a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from workbench import __version__
from workbench.__main__ import main
from workbench.errors import UserError
from workbench.hub import net_settings, updates

NOTE = {
    "format": updates.FORMAT,
    "version": "99.1.0",
    "link": "https://example.org/get",
    "published": "2027-01-02",
    "notes": "Faster.",
}


class Server(ThreadingHTTPServer):
    body = b""
    asked = 0


@pytest.fixture
def server() -> Iterator[Server]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def log_message(self, *_: object) -> None:
            pass

    made = Server(("127.0.0.1", 0), Answer)
    made.body = json.dumps(NOTE).encode()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def told(server: Server) -> Callable[[Any], updates.News]:
    """`told(note)`: what is read of a note on the server."""
    updates.set_address(f"http://127.0.0.1:{server.server_port}/updates.json")

    def look(note: Any) -> updates.News:
        server.body = note if isinstance(note, bytes) else json.dumps(note).encode()
        return updates.look()

    return look


def test_a_newer_version_is_told_with_its_page(told: Callable[[Any], updates.News], server: Server) -> None:
    assert server.asked == 0
    news = told(NOTE)
    assert news.newer and news.link == "https://example.org/get" and news.notes == "Faster." and server.asked == 1
    assert news.sentence() == f"There is a newer version: 99.1.0 of 2027-01-02. You have {__version__}."
    same = told(NOTE | {"version": __version__})
    assert not same.newer and "newest" in same.sentence()
    assert not told(NOTE | {"version": "0.0.9"}).newer


@pytest.mark.parametrize(
    "note",
    [
        b"<html>no</html>",
        b"[" * 5000,
        [],
        {},
        NOTE | {"format": "something else"},
        NOTE | {"version": "newest"},
        NOTE | {"version": 3},
        NOTE | {"link": "http://example.org/plain"},
        NOTE | {"link": "javascript:alert(1)"},
        NOTE | {"link": "https://"},
        NOTE | {"link": "file:///etc/passwd"},
        NOTE | {"notes": "x" * 60_000},
    ],
)
def test_what_is_no_note_is_refused(note: Any, told: Callable[[Any], updates.News]) -> None:
    with pytest.raises(UserError):
        told(note)


def test_odd_words_in_a_note_are_harmless(told: Callable[[Any], updates.News]) -> None:
    news = told(NOTE | {"notes": "a\u202eb\x1b[31mc\nd", "published": "soon", "more": [1]})
    assert news.notes == "ab[31mc\nd" and news.published == ""


def test_versions_count_as_numbers() -> None:
    current = updates._numbers
    assert current("1.10.0") > current("1.9.9") and current("1.0") == current("1") == current("1.0.0.0")


def test_nothing_is_asked_offline_or_without_an_address(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="No address"):
        updates.look()
    updates.set_address(f"http://localhost:{server.server_port}/")
    from dataclasses import replace

    net_settings.save(replace(net_settings.load(), offline=True))
    with pytest.raises(UserError, match="offline mode"):
        updates.look()
    assert main(["updates"]) == 1 and "offline mode" in capsys.readouterr().err
    assert server.asked == 0


@pytest.mark.parametrize(
    "text", ["http://example.org/x", "ftp://example.org", "example.org", "https://a b", "https://"]
)
def test_addresses_that_cannot_be_trusted(text: str) -> None:
    with pytest.raises(UserError):
        updates.set_address(text)
    assert updates.address() == ""


def test_on_the_command_line(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["updates", "--address", f"http://127.0.0.1:{server.server_port}/u.json"]) == 0
    said = capsys.readouterr().out
    assert "newer version: 99.1.0" in said and "https://example.org/get" in said
    assert main(["updates", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["newer"] is True
