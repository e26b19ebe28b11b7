"""Does the server work in this installation? For `--self-check` of the installed app."""

from __future__ import annotations

import json
import time
import urllib.request
import uuid

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.serve.config import ServeConfig
from workbench.serve.server import LocalServer
from workbench.serve.tokens import new_token

_SECONDS = 120


def check() -> str:
    """Start on a free port, predict once over HTTP, stop; gives one line. Raises: any exception when it does not work."""
    card = Catalog.load().get("picture-starter")
    photo = resources() / "samples" / "try" / "china.jpg"
    token = new_token()
    began = time.perf_counter()
    with LocalServer(ServeConfig((card,), token, port=0)) as server:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{photo.name}"\r\n\r\n'
        body = head.encode() + photo.read_bytes() + f"\r\n--{mark}--\r\n".encode()
        request = urllib.request.Request(
            f"{server.address}/v1/predict/{card.id}",
            body,
            {"Authorization": f"Bearer {token}", "Content-Type": f"multipart/form-data; boundary={mark}"},
        )
        # Loopback is never reached through a proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_SECONDS) as answer:
            said = json.load(answer)
    seconds = time.perf_counter() - began
    if said["prediction"]["scores"][0]["label"] != "palace":
        raise RuntimeError(f"a wrong answer over HTTP: {said['summary']}")
    return f"served: {said['summary']} for {photo.name} over HTTP in {seconds:.1f} s"
