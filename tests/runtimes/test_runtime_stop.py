"""Stop is heard within 200 ms by everything that writes, also in the midst of a pass through a slow network."""

from __future__ import annotations

import http.server
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from own_time import StopsLater

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "catalog")]
from small_copies import hub_folder  # noqa: E402

from workbench.catalog.card import ModelCard, Source  # noqa: E402
from workbench.catalog.catalog import Catalog  # noqa: E402
from workbench.control import Control  # noqa: E402
from workbench.errors import Cancelled  # noqa: E402
from workbench.hub.store import ModelFiles  # noqa: E402
from workbench.runtimes.base import Writing  # noqa: E402
from workbench.runtimes.registry import open_model  # noqa: E402
from workbench.runtimes.stopping import between_layers  # noqa: E402

ASK = [{"role": "user", "content": "Once upon a time. There was a lamp."}]
_LAYER_SECONDS = 0.05


class Endless(http.server.BaseHTTPRequestHandler):
    """Writes on and on, a word every few milliseconds, until nobody listens."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(5000):
                self.wfile.write(b'data: {"choices": [{"delta": {"content": "word "}}]}\n\n')
                self.wfile.flush()
                self.server.sent += 1  # type: ignore[attr-defined]
                time.sleep(0.005)
        except OSError:
            self.server.left.set()  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Any]:
    running: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless)
    running.daemon_threads, running.sent, running.left = True, 0, threading.Event()
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def writer(tmp_path: Path, catalog: Catalog) -> Callable[[str], Any]:
    """A small copy of an entry that never ends by itself."""

    def make(name: str) -> Any:
        card = catalog.get(name)
        model: Any = open_model(card, ModelFiles(hub_folder(card, tmp_path / name)))
        model.net.generation_config.eos_token_id = None
        return model

    return make


def stopped_after(model: Any, how: Writing, wait: float = 0.4) -> tuple[float, int, int]:
    """Seconds from stop to the end; pieces before, and pieces after it."""
    control, before, after = Control(), 0, 0
    stop = StopsLater(control, wait)
    with pytest.raises(Cancelled):
        for _ in model.write(ASK, how, control):
            after += control.cancelled
            before += not control.cancelled
    return stop.seconds, before, after


@pytest.mark.parametrize("name", ["distilgpt2", "qwen2.5-0.5b", "t5-small", "opus-mt-en-de"])
def test_a_network_stops(name: str, writer: Callable[[str], Any]) -> None:
    seconds, before, after = stopped_after(writer(name), Writing(max_tokens=1_000_000, temperature=1.0))
    print(f"{name}: stopped {1000 * seconds:.0f} ms after it was asked to, {before} pieces before, {after} after")
    assert before > 0 and after <= 1 and seconds < 0.2


@pytest.mark.parametrize("name", ["qwen2.5-0.5b", "t5-small"])
def test_a_slow_network_stops_in_the_midst_of_a_pass(name: str, writer: Callable[[str], Any]) -> None:
    from torch import nn

    model = writer(name)
    layers = [layer for part in model.net.modules() if isinstance(part, nn.ModuleList) for layer in part]
    assert len(layers) >= 2
    slow = [layer.register_forward_hook(lambda *_: time.sleep(_LAYER_SECONDS * 8 / len(layers))) for layer in layers]
    seconds, before, _after = stopped_after(model, Writing(max_tokens=1000), wait=0.1)
    print(f"{name}, slow: stopped {1000 * seconds:.0f} ms after it was asked to")
    assert before == 0 and seconds < 0.3
    for hook in slow:
        hook.remove()
    # Nothing is left hanging on the network.
    assert not any(layer._forward_pre_hooks for layer in layers)
    with between_layers(model.net, Control(), blocks=True):
        assert all(layer._forward_pre_hooks for layer in layers)


def test_a_server_stops_and_is_told(server: Any) -> None:
    source = Source("endpoint", f"http://127.0.0.1:{server.server_address[1]}/v1", path="some-model")
    model: Any = open_model(ModelCard("h", "H", ("chat",), "endpoint", "", source), ModelFiles(Path()))
    seconds, before, after = stopped_after(model, Writing())
    print(f"server: stopped {1000 * seconds:.0f} ms after it was asked to, {before} pieces before, {after} after")
    assert before > 0 and after <= 1 and seconds < 0.2
    # The connection is closed: the server writes no more, and nothing more has to be paid.
    assert server.left.wait(60)
