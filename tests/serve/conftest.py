"""A real server on a free port of loopback, and models that do what a test needs of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import pytest
import requests
from local_servers import AUTH, TOKEN, Gate, Serve

from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.engine.pool import ModelPool, shared_pool
from workbench.serve.config import ServeConfig
from workbench.serve.server import LocalServer
from workbench.tasks.base import TryOptions
from workbench.tasks.image_classification import ImageClassification


@pytest.fixture
def serve(catalog: Catalog) -> Iterator[Serve]:
    """`serve("picture-starter", waiting=4)`: models by id or card; stopped at the end, with nothing left of it."""
    with ExitStack() as running:

        def start(*models: str | ModelCard, pool: ModelPool | None = None, **how: Any) -> LocalServer:
            cards = tuple(catalog.get(m) if isinstance(m, str) else m for m in models)
            config = ServeConfig(cards, TOKEN, **{"port": 0, **how})
            return running.enter_context(LocalServer(config, pool or shared_pool()))

        yield start
    ends = time.monotonic() + 60
    while any(t.name.startswith(("serve ", "local server")) for t in threading.enumerate()):
        assert time.monotonic() < ends, "a thread of the server is left"
        time.sleep(0.02)


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as made:
        made.headers.update(AUTH)
        made.trust_env = False
        yield made


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate()
    real = ImageClassification.predict_batch

    def held(
        self: Any, samples: Sequence[Mapping[str, Any]], model: Any, options: TryOptions, control: Control | None = None
    ) -> Any:
        made.batches.append(len(samples))
        made.entered.set()
        while not made.open.wait(0.01):
            if control is not None and control.cancelled:
                made.stopped += 1
                control.check()
        return real(self, samples, model, options, control)

    monkeypatch.setattr(ImageClassification, "predict_batch", held)
    yield made
    made.open.set()
