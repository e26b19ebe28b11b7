"""More than can be answered: who finds the line full is told when to come back, and afterwards all is as before."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from own_time import Watch

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.errors import Cancelled
from workbench.serve.batching import Ticket
from workbench.serve.config import ServeConfig
from workbench.serve.self_check import check
from workbench.serve.server import LocalServer
from workbench.serve.server import serve as serve_until_stopped

sys.path.insert(0, str(Path(__file__).resolve().parent))
from local_servers import AUTH, TOKEN, Gate, Serve, unread, wait_for

CHINA = (resources() / "samples" / "try" / "china.jpg").read_bytes()
PICTURES = "picture-starter"


def test_overload_answers_429_and_recovers(serve: Serve, client: requests.Session, gate: Gate) -> None:
    server = serve(PICTURES, waiting=4)
    url = f"{server.address}/v1/predict/{PICTURES}"

    def ask() -> requests.Response:
        return requests.post(url, files={"file": ("a.jpg", CHINA)}, headers=AUTH, timeout=60)

    with ThreadPoolExecutor(20) as many:
        inside = [many.submit(ask) for _ in range(4)]
        wait_for(lambda: server.figures().inside == 4)
        watch = Watch()
        refused = [many.submit(ask) for _ in range(12)]
        for answer in (f.result() for f in refused):
            assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 60
            assert "as many requests as it can take" in answer.json()["sentence"]
        assert watch.seconds < 20, "told at once, not when there is room"
        # The chat route, too, and in its form; the list of models is still there.
        assert client.get(f"{server.address}/v1/models").status_code == 200
        gate.open.set()
        assert [f.result().json()["summary"] for f in inside] == ["palace"] * 4
        wait_for(lambda: server.figures().inside == 0)  # a place is free when the last byte is on its way
        assert [f.result().status_code for f in [many.submit(ask) for _ in range(4)]] == [200] * 4
    # A request is counted when its last byte is on its way, so a moment after its client has it.
    counted = 'workbench_requests_total{route="/v1/predict/{model:path}",status="429"} 12.0'
    wait_for(lambda: server.figures().answered == 8 and counted in server.desk.counters.text().decode())
    figures = server.figures()
    assert (figures.answered, figures.refused, figures.inside) == (8, 12, 0) and figures.mean_seconds > 0
    text = client.get(f"{server.address}/metrics").text
    assert f'workbench_refused_total{{model="{PICTURES}"}} 12.0' in text
    assert counted in text
    assert f'workbench_batch_size_count{{model="{PICTURES}"}}' in text and "workbench_memory_bytes" in text


def test_prometheus_reads_the_metrics(serve: Serve, client: requests.Session) -> None:
    from prometheus_client.parser import text_string_to_metric_families

    server = serve(PICTURES)
    for path in ("/health", "/nothing/<script>", "/v1/predict/made%20up"):
        client.get(f"{server.address}{path}")
    text = client.get(f"{server.address}/metrics").text
    families = {f.name: f for f in text_string_to_metric_families(text)}
    routes = {s.labels["route"] for s in families["workbench_requests"].samples}
    assert routes <= {"/health", "(none)", "/v1/predict/{model:path}"}, "what a client makes up is no label"


def test_who_leaves_the_line_is_not_answered(serve: Serve, gate: Gate) -> None:
    server = serve(PICTURES)
    url, line = f"{server.address}/v1/predict/{PICTURES}", server.desk.lines[PICTURES]
    with ThreadPoolExecutor(1) as another:
        first = another.submit(requests.post, url, files={"file": ("a.jpg", CHINA)}, headers=AUTH, timeout=60)
        assert gate.entered.wait(60)
        left = [unread(server, f"/v1/predict/{PICTURES}", ("a.jpg", CHINA)) for _ in range(3)]
        wait_for(lambda: len(line._waiting) == 3)
        for one in left:
            one.close()
        wait_for(lambda: server.figures().inside == 1)
        gate.open.set()
        assert first.result().status_code == 200
    wait_for(lambda: not line._waiting)
    assert gate.batches == [1], "the three were never computed"


def test_when_all_of_a_batch_leave_the_work_is_stopped(serve: Serve, gate: Gate) -> None:
    server = serve(PICTURES)
    asked = unread(server, f"/v1/predict/{PICTURES}", ("a.jpg", CHINA))
    assert gate.entered.wait(60)
    asked.close()
    wait_for(lambda: gate.stopped == 1)
    wait_for(lambda: server.figures().inside == 0)


def test_stopped_within_a_second_with_requests_inside(catalog: Catalog, gate: Gate) -> None:
    before = {t.ident for t in threading.enumerate()}
    server = LocalServer(ServeConfig((catalog.get(PICTURES),), TOKEN, port=0))
    url = f"{server.address}/v1/predict/{PICTURES}"
    with ThreadPoolExecutor(5) as many:
        asked = [
            many.submit(requests.post, url, files={"file": ("a.jpg", CHINA)}, headers=AUTH, timeout=60)
            for _ in range(5)
        ]
        assert gate.entered.wait(60)
        wait_for(lambda: server.figures().inside == 5)
        watch = Watch()
        assert server.stop()
        assert watch.seconds < 3  # 0.1 s where nothing else runs
        for answer in asked:
            error = answer.exception()
            assert isinstance(error, requests.ConnectionError) if error else answer.result().status_code == 503
    wait_for(lambda: {t.ident for t in threading.enumerate() if t.name.startswith(("serve", "local"))} <= before)
    assert not server.desk.folder.exists()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.address}/health", timeout=5)


def test_started_and_stopped_again_and_again_nothing_is_left(catalog: Catalog) -> None:
    process = psutil.Process()
    card = catalog.get(PICTURES)
    counts = []
    for _ in range(6):
        with LocalServer(ServeConfig((card,), TOKEN, port=0)) as server:
            requests.get(f"{server.address}/health", timeout=60)
        wait_for(lambda: not any(t.name.startswith(("serve ", "local server")) for t in threading.enumerate()))
        counts.append((process.num_fds() if hasattr(process, "num_fds") else 0, threading.active_count()))
    # Threads of what ran before may still end meanwhile; none come.
    assert counts[-1][0] <= counts[1][0] and counts[-1][1] <= counts[1][1], counts


def test_as_a_job_it_serves_until_it_is_stopped(catalog: Catalog) -> None:
    control = Control()
    steps = serve_until_stopped(ServeConfig((catalog.get(PICTURES),), TOKEN, port=0), control)
    first = next(steps)
    assert requests.get(f"{first.address}/health", timeout=60).json() == {"status": "ok"}
    threading.Timer(0.2, control.cancel).start()
    with pytest.raises(Cancelled):
        list(steps)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{first.address}/health", timeout=5)


def test_the_self_check_of_the_installed_app() -> None:
    line = check()
    assert line.startswith("served: palace") and "\n" not in line


def test_who_listens_again_after_the_end_does_not_wait_for_ever() -> None:
    """A quick model had said all it had to say before the second part of an answer was asked for."""
    import asyncio

    async def listen() -> list[str]:
        ticket = Ticket(lambda _control, _tell: None, asyncio.get_running_loop(), lambda: None)
        ticket.tell("half")
        ticket.future.set_result("whole")
        heard = []
        async for value in ticket.growing():
            heard.append(value)
            break
        heard += [value async for value in ticket.growing()]
        return [*heard, await ticket.answer()]

    assert asyncio.run(asyncio.wait_for(listen(), 60)) == ["half", "whole"]
