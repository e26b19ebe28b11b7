"""Who may ask, and how much: every refusal is a status and one sentence, told before the request is read."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from own_time import Watch

from workbench.app_paths import resources
from workbench.errors import UserError
from workbench.serve.config import ServeConfig, is_loopback, own_names
from workbench.serve.server import LocalServer
from workbench.serve.tokens import kept_token, new_token, renewed_token, token_from_file
from workbench.serve.uploads import Files, shown_name

sys.path.insert(0, str(Path(__file__).resolve().parent))
from local_servers import AUTH, TOKEN, Serve

CHINA = resources() / "samples" / "try" / "china.jpg"
PICTURES = "picture-starter"


@pytest.fixture
def server(serve: Serve) -> LocalServer:
    return serve(PICTURES, most_bytes=1_000_000, slow_seconds=0.5)


def asked(server: LocalServer, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, Any], Any]:
    """Exactly these headers, and Host."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": f"127.0.0.1:{server.port}", **headers}.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    found = {k.lower(): v for k, v in answer.getheaders()}
    connection.close()
    return answer.status, found, json.loads(body) if "json" in found.get("content-type", "") else body


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "has no token"),
        ({"Authorization": "Bearer wrong"}, "is wrong"),
        ({"Authorization": f"Basic {TOKEN}"}, "has no token"),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, "is wrong"),
        ({"Authorization": f"Bearer {TOKEN}, Bearer {TOKEN}"}, "is wrong"),
        ({"Authorization": "Bearer"}, "is wrong"),
        ({"Authorization": f"Bearer {TOKEN.upper()}"}, "is wrong"),
    ],
)
def test_without_the_token_nothing_is_told(server: LocalServer, given: dict[str, str], words: str) -> None:
    for path in (f"/v1/predict/{PICTURES}", "/metrics", "/nothing", "/docsx", "/openapi.json/"):
        status, headers, body = asked(server, path, **given)
        assert (status, headers["www-authenticate"]) == (401, "Bearer") and words in body["sentence"]
    status, _, body = asked(server, "/v1/models", **given)
    assert status == 401 and body["error"]["type"] == "authentication_error"


def test_what_anybody_may_see_says_nothing_of_the_person(server: LocalServer) -> None:
    for path in ("/health", "/docs", "/docs/start.js", "/docs/swagger-ui.css", "/openapi.json"):
        status, headers, body = asked(server, path)
        assert status == 200 and headers["x-content-type-options"] == "nosniff"
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert TOKEN.encode() not in text and str(Path.home()).encode() not in text
        assert b"server" not in {k.encode() for k in headers}
    assert asked(server, "/")[1]["location"] == "/docs"
    assert asked(server, "/docs/../../pyproject.toml")[0] in (401, 404)
    assert asked(server, "/docs/..%2F..%2Fpyproject.toml", **AUTH)[0] == 404


def test_the_page_needs_nothing_from_elsewhere(server: LocalServer) -> None:
    import re

    _, headers, page = asked(server, "/docs")
    assert "default-src 'none'" in headers["content-security-policy"]
    for link in re.findall(rb'(?:src|href)="([^"]+)"', page):
        assert link.startswith((b"/docs/", b"data:")), link
    assert b"<script>" not in page


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "evil.example:80", "[::1", "a:b:c", "10.0.0.1"]
)  # fmt: skip
def test_only_under_a_name_of_this_computer(server: LocalServer, host: str) -> None:
    status, _, body = asked(server, "/health", Host=host)
    assert status in (400, 421), "a page led here under its own name (DNS rebinding)"
    if status == 421:
        assert "not known by that name" in body["sentence"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_names_of_this_computer(server: LocalServer, host: str) -> None:
    assert asked(server, "/health", Host=f"{host}:{server.port}")[0] == 200


def test_web_pages_may_not_ask(server: LocalServer) -> None:
    for origin in ("https://evil.example", "null", f"https://127.0.0.1:{server.port}", "http://127.0.0.1:1", ""):
        status, headers, body = asked(server, "/v1/models", **AUTH, Origin=origin)
        assert status == 403 and "web page may not ask" in body["error"]["message"]
        assert not [name for name in headers if name.startswith("access-control")]
    own = f"http://127.0.0.1:{server.port}"
    assert asked(server, "/v1/models", **AUTH, Origin=own)[0] == 200
    ask = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert asked(server, "/v1/models", "OPTIONS", **ask)[0] == 403


def test_a_page_that_was_allowed_may_ask(serve: Serve) -> None:
    server = serve(PICTURES, origins=("https://shop.example",))
    ask = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    status, headers, _ = asked(server, f"/v1/predict/{PICTURES}", "OPTIONS", **ask)
    assert status == 204 and headers["access-control-allow-origin"] == "https://shop.example"
    assert "Authorization" in headers["access-control-allow-headers"]
    status, headers, _ = asked(server, "/v1/models", **AUTH, Origin="https://shop.example")
    assert status == 200 and headers["vary"] == "Origin"
    assert asked(server, "/v1/models", Origin="https://shop.example")[0] == 401
    assert asked(server, "/v1/models", **AUTH, Origin="https://shop.example.evil.example")[0] == 403


# How much ---------------------------------------------------------------------------------------------------------------


def test_a_body_that_says_it_is_too_large_is_not_read(server: LocalServer) -> None:
    watch = Watch()
    status, headers, body = asked(server, f"/v1/predict/{PICTURES}", "POST", **AUTH, Content_Length="5000000000")
    assert status == 413 and "at most 1 MB" in body["sentence"] and headers["connection"] == "close"
    assert watch.seconds < 10


def test_a_body_of_unknown_length_is_cut_off_when_it_is_too_large(server: LocalServer) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        for _ in range(2000):
            sent += 64_000
            yield b"x" * 64_000

    headers = {**AUTH, "Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = requests.post(f"{server.address}/v1/predict/{PICTURES}", data=endless(), headers=headers, timeout=60)
        assert answer.status_code == 413 and "too large" in answer.json()["sentence"]
    except requests.ConnectionError:
        pass  # the connection was closed while it still sent
    assert sent < 60_000_000, "it was cut off long before its end"
    assert not list(server.desk.folder.iterdir()), "nothing of it is left"
    assert requests.get(f"{server.address}/health", timeout=60).status_code == 200


def test_a_small_body_too_much_is_told_why(server: LocalServer) -> None:
    answer = requests.post(
        f"{server.address}/v1/predict/{PICTURES}", files={"file": b"x" * 1_500_000}, headers=AUTH, timeout=60
    )
    assert answer.status_code == 413 and answer.json()["hint"] == "Send a smaller file."
    answer = requests.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": b"x" * 900_000}, timeout=60)
    assert answer.status_code == 401, "also a client with a large file reads why it is turned away"


def test_a_client_that_stops_in_the_middle_is_let_go(server: LocalServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as link:
        link.sendall(
            f"POST /v1/predict/{PICTURES} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{".encode()
        )
        assert b" 408 " in link.recv(4000)
    assert server.figures().inside == 0


@pytest.mark.parametrize(
    ("kind", "body", "status", "words"),
    [
        ("text/plain", b"hello", 415, "must be JSON or a form"),
        ("", b"hello", 415, "must be JSON or a form"),
        ("application/json", b"", 422, "cannot be used"),
        ("application/json", b"{" * 100_000, 422, "cannot be used"),
        ("application/json", b"[" * 100_000, 422, "cannot be used"),
        ("application/json", b'{"text": "\\ud800"}', 422, ""),
        ("application/json", b"\xff\xfe", 422, "cannot be used"),
        ("application/json", b'{"text": "x"}', 422, "needs a picture"),
        ("application/json", b'{"text": "x", "more": 1}', 422, "“more” is not known"),
        ("application/json", b'{"text": "x", "options": {"a": NaN}}', 422, ""),
        ("multipart/form-data", b"x", 400, "form cannot be read"),
        ("multipart/form-data; boundary=x", b"x", 400, "form cannot be read"),
        ("multipart/form-data; boundary=x", b"--x--\r\n", 422, "nothing to answer"),
        ("application/x-www-form-urlencoded", b"file=x", 415, "must be JSON or a form"),
    ],
)
def test_bodies_of_the_wrong_kind(
    server: LocalServer, client: requests.Session, kind: str, body: bytes, status: int, words: str
) -> None:
    answer = client.post(f"{server.address}/v1/predict/{PICTURES}", data=body, headers={"Content-Type": kind})
    assert answer.status_code == status and words in answer.json()["sentence"], answer.text


def test_many_files_and_fields_are_refused(server: LocalServer, client: requests.Session) -> None:
    url = f"{server.address}/v1/predict/{PICTURES}"
    for files in ([("file", b"x")] * 6, [(f"f{n}", b"x") for n in range(9)]):
        answer = client.post(url, files=[(name, ("a.jpg", data)) for name, data in files])
        assert answer.status_code in (400, 422) and answer.json()["sentence"]
    answer = client.post(url, files={"file": b"x"}, data={f"field{n}": "x" for n in range(100)})
    assert answer.status_code == 400
    answer = client.post(url, files={"file": b"x"}, data={"options": "x" * 300_000})
    assert answer.status_code == 400
    assert not list(server.desk.folder.iterdir())


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd.jpg", "..\\..\\x.jpg", "/etc/passwd", "C:\\x.jpg", "a\x00b.jpg", ".", "", "x" * 5000 + ".jpg"]
)  # fmt: skip
def test_names_of_files_lead_nowhere(server: LocalServer, client: requests.Session, name: str, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    answer = client.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": (name, CHINA.read_bytes())})
    if len(name) < 5000:
        assert answer.status_code == 200 and answer.json()["summary"] == "palace"
    else:
        assert answer.status_code == 400 and "form cannot be read" in answer.json()["sentence"]
    assert set(tmp_path.rglob("*")) == before and not list(server.desk.folder.iterdir())


@given(st.text())
@settings(max_examples=300, deadline=None)
def test_any_name_is_shown_as_a_name(name: str) -> None:
    shown = shown_name(name)
    assert shown and len(shown) <= 120 and "/" not in shown and "\\" not in shown
    assert "\n" not in shown and "\0" not in shown


@given(st.text(max_size=50))
@settings(max_examples=100, deadline=None)
def test_any_upload_lies_in_the_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    import io

    from starlette.datastructures import UploadFile

    folder = tmp_path_factory.mktemp("uploads")
    files = Files(folder)
    path = files.keep(UploadFile(io.BytesIO(b"data"), filename=name), (".jpg",))
    assert path.parent == folder and path.read_bytes() == b"data" and path.suffix in ("", ".jpg")
    files.remove()
    assert not path.exists()


def test_files_of_options_are_only_ever_sent_along(serve: Serve, client: requests.Session, tmp_path: Path) -> None:
    """A path in a request would let it read any file of this computer."""
    server = serve("dictation-starter")
    secret = tmp_path / "secret.txt"
    secret.write_text("not for others")
    answer = client.post(
        f"{server.address}/v1/predict/dictation-starter",
        files={"file": ("a.wav", b"RIFF")},
        data={"options": json.dumps({"usual": str(secret)})},
    )
    assert answer.status_code == 422 and "“usual” cannot be set here" in answer.json()["sentence"]


# Tokens and settings ----------------------------------------------------------------------------------------------------


def test_the_token_is_never_in_the_log(
    serve: Serve, caplog: pytest.LogCaptureFixture, client: requests.Session
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(PICTURES)
    client.get(f"{server.address}/v1/models")
    requests.get(f"{server.address}/v1/models", headers={"Authorization": "Bearer of-another"}, timeout=60)
    client.post(f"{server.address}/v1/predict/{PICTURES}", data=b"{", headers={"Content-Type": "application/json"})
    mine = [r for r in caplog.records if not r.name.startswith("urllib3")]
    assert TOKEN not in "".join(r.getMessage() for r in mine) and TOKEN not in repr(server.desk.config)


def test_a_bug_is_a_sentence_and_no_traceback(
    serve: Serve, client: requests.Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("secret of the code")

    server = serve(PICTURES)
    monkeypatch.setattr("workbench.serve.batching.predict", broken)
    files = {"file": ("a.jpg", CHINA.read_bytes())}
    answer = client.post(f"{server.address}/v1/predict/{PICTURES}", files=files)
    assert answer.status_code == 500 and set(answer.json()) == {"sentence", "hint"} and "secret" not in answer.text
    assert "secret of the code" in caplog.text, "the log has it"
    monkeypatch.setattr("workbench.serve.app.model_json", broken)
    answer = client.get(f"{server.address}/v1/models")
    assert answer.status_code == 500 and answer.json()["error"]["type"] == "server_error"
    assert "secret" not in answer.text
    monkeypatch.undo()


def test_tokens_are_long_and_kept_for_their_owner(tmp_path: Path) -> None:
    assert len({new_token() for _ in range(50)}) == 50 and len(new_token()) > 40
    assert kept_token()[1] is False, "this system of the tests has no keyring"
    assert renewed_token()[0] != renewed_token()[0]
    file = tmp_path / "token"
    token = token_from_file(file)
    assert token_from_file(file) == token
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UserError, match="cannot be read or written"):
        token_from_file(tmp_path / "no folder" / "token")


def test_what_cannot_be_served(catalog: Any) -> None:
    card = catalog.get(PICTURES)
    for config, words in (
        (ServeConfig((), TOKEN), "no model"),
        (ServeConfig((card,), "short"), "too weak"),
        (ServeConfig((card,), "with blanks in it, and long"), "too weak"),
        (ServeConfig((card,), TOKEN, port=70_000), "1 to 65535"),
        (ServeConfig((card,), TOKEN, origins=("*",)), "not the address of a web page"),
    ):
        with pytest.raises(UserError, match=words):
            config.checked()
    remote = next(c for c in catalog.cards() if c.is_remote)
    with pytest.raises(UserError, match="runs on another server"):
        ServeConfig((remote,), TOKEN).checked()


def test_a_port_that_is_taken_and_an_address_of_somebody_else(server: LocalServer, serve: Serve) -> None:
    with pytest.raises(UserError, match=f"uses port {server.port}"):
        serve(PICTURES, port=server.port)
    with pytest.raises(UserError, match="cannot listen"):
        serve(PICTURES, host="203.0.113.7")


def test_names_beyond_loopback() -> None:
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost")
    assert not is_loopback("0.0.0.0") and not is_loopback("192.168.1.5") and not is_loopback("example.org")
    assert own_names("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
    everywhere = own_names("0.0.0.0", ("Studio.Lan",))
    assert {socket.gethostname().casefold(), "studio.lan"} <= everywhere and "0.0.0.0" not in everywhere
