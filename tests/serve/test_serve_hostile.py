"""What a program on this computer, or a page in a browser, might send to make the server do more than answer: addresses to fetch,
pictures that unfold, links. Nothing is fetched, nothing stays, and the next question is answered."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import requests

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.serve.server import LocalServer

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "reliability"))
from bad_inputs import bmp, huge_exif, many_frames, noise, png, xml_bomb, zipped
from hub_server import serving
from local_servers import Serve

PICTURES = "picture-starter"
CHINA = resources() / "samples" / "try" / "china.jpg"


@pytest.fixture
def server(serve: Serve) -> LocalServer:
    return serve(PICTURES, most_bytes=2_000_000)


def answered(server: LocalServer, client: requests.Session) -> bool:
    answer = client.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": ("china.jpg", CHINA.read_bytes())})
    return answer.status_code == 200 and bool(answer.json()["summary"] == "palace")


def test_an_address_is_never_fetched(server: LocalServer, client: requests.Session) -> None:
    """Server-side request forgery: what listens on this computer must not be reached through it, whatever the place in which
    an address stands."""
    with serving({"/inside": CHINA.read_bytes()}) as inside:
        place = f"{inside.url}/inside"
        url = f"{server.address}/v1/predict/{PICTURES}"
        shapes = [
            {"file": place}, {"text": place}, {"image": place}, {"url": place}, {"image_url": {"url": place}},
            {"text": "x", "options": {"file": place, "endpoint": place}}, {"options": {"document": f"file://{CHINA}"}},
        ]  # fmt: skip
        for body in shapes:
            assert client.post(url, json=body).status_code in (400, 404, 415, 422), body
        for name in (place, f"file://{CHINA}", r"\\inside\share\x.jpg"):
            # The name of a file is a name, also when it reads like an address.
            assert client.post(url, files={"file": (name, b"no picture")}).status_code == 422
            assert client.post(url, files={"file": ("a.jpg", name.encode())}).status_code == 422
            assert client.post(url, data={"file": name}).status_code in (400, 415, 422)
        talk = {"model": PICTURES, "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": place}}, {"type": "text", "text": place}]}]}  # fmt: skip
        assert client.post(f"{server.address}/v1/chat/completions", json=talk).status_code in (400, 404, 422)
        # Proxies and names that lead elsewhere are asked for by headers, too.
        headers = {"X-Forwarded-Host": "example.org", "X-Original-URL": "/inside", "Forwarded": "host=example.org"}
        assert client.post(url, files={"file": ("a.jpg", b"x")}, headers=headers).status_code == 422
        assert inside.asked == []
    assert answered(server, client)


def test_pictures_that_unfold_and_archives_are_a_sentence(
    server: LocalServer, client: requests.Session, tmp_path: Path
) -> None:
    bomb = zipped("a.jpg", {"../../out.txt": b"\0" * 50_000_000})(tmp_path).read_bytes()
    for name, data in {
        "wide.png": png(100_000, 100_000), "wider.png": png(2**31 - 1, 2**31 - 1), "wide.bmp": bmp(30_000, 30_000),
        "zip.jpg": bomb, "page.svg": xml_bomb().encode(), "noise.jpg": noise(5000), "nothing.jpg": b"",
    }.items():  # fmt: skip
        answer = client.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": (name, data)})
        assert answer.status_code == 422, (name, answer.text)
        said = answer.json()["sentence"]
        assert said.endswith(".") and "Traceback" not in answer.text and str(server.desk.folder) not in answer.text
    for name, data in {"notes.jpg": huge_exif(), "many.gif": many_frames()}.items():
        assert client.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": (name, data)}).status_code == 200
    assert not list(server.desk.folder.iterdir()), "an upload stays"
    assert answered(server, client)


def test_many_who_say_different_things_at_once_do_not_mix(server: LocalServer, client: requests.Session) -> None:
    """Good and bad ones of the same name, all at once: each gets its own answer."""
    said: dict[int, int] = {}

    def ask(number: int) -> None:
        data = CHINA.read_bytes() if number % 2 else b"no picture"
        with requests.Session() as own:
            own.trust_env = False
            own.headers.update(client.headers)
            answer = own.post(f"{server.address}/v1/predict/{PICTURES}", files={"file": ("same.jpg", data)})
        said[number] = answer.status_code

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {n: 200 if n % 2 else 422 for n in range(8)}
    assert not list(server.desk.folder.iterdir())


def test_a_row_that_names_pictures_of_this_computer_is_not_answered(catalog: Catalog) -> None:
    """A path in a request must not make the server open a file."""
    from dataclasses import replace

    from workbench.data.columns import TableColumn
    from workbench.errors import UserError
    from workbench.serve.uploads import task_of
    from workbench.tasks.table_features import TABLE, Feature, Table

    def taught(kind: str) -> Any:
        table = Table((Feature(TableColumn("photo", kind), seen=3),), target="price")
        return replace(catalog.get("trees-starter"), tasks=("tabular-regression",), options={TABLE: table.to_options()})

    assert task_of(taught("number"), "").info.id == "tabular-regression"
    with pytest.raises(UserError, match="must not have this computer's files opened"):
        task_of(taught("picture"), "")
