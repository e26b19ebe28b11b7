"""The local server under load, held against the engine asked directly in the same run.

    python benchmarks/serve_load.py [--model picture-starter] [--requests 200] [--clients 8]

The server runs in a process of its own, the clients here; every loop is bounded. Printed: throughput, latency (median and 99th
percentile), memory of the server before and after, and at overload the share that was told to come back (429), what the others
waited, and whether all is as before when the crowd has gone.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

PHOTO = Path(__file__).resolve().parent.parent / "resources" / "samples" / "try" / "china.jpg"
TEXT = "The parcel came late and the box was broken."
LABELS = ["praise", "complaint"]
WAITING = 16


@dataclass
class Outcome:
    """Of one round: seconds of each answered request, statuses, seconds of the whole round."""

    times: list[float]
    statuses: Counter[int]
    seconds: float

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def part(self, share: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]

    def line(self, name: str) -> str:
        if not self.times:
            return f"{name:34} nothing was answered"
        return (
            f"{name:34} {self.rate:7.1f} a second   median {1000 * self.part(0.5):7.1f} ms"
            f"   99th {1000 * self.part(0.99):7.1f} ms"
        )


class Client:
    """One connection that is kept."""

    def __init__(self, port: int, token: str, model: str, text: bool) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._path = f"/v1/predict/{model}"
        self._headers = {"Authorization": f"Bearer {token}"}
        if text:
            self._body = json.dumps({"text": TEXT, "labels": LABELS}).encode()
            self._headers["Content-Type"] = "application/json"
        else:
            mark = uuid.uuid4().hex
            head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="china.jpg"\r\n\r\n'
            self._body = head.encode() + PHOTO.read_bytes() + f"\r\n--{mark}--\r\n".encode()
            self._headers["Content-Type"] = f"multipart/form-data; boundary={mark}"

    def ask(self) -> int:
        self._link.request("POST", self._path, self._body, self._headers)
        answer = self._link.getresponse()
        answer.read()
        return answer.status


def round_of(clients: list[Callable[[], int]], count: int, most_seconds: float = 120.0) -> Outcome:
    """`count` requests from these clients at once, shared out evenly."""
    times: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()

    def work(ask: Callable[[], int]) -> None:
        for _ in range(count // len(clients)):
            start = time.perf_counter()
            if start - began > most_seconds:
                return
            status = ask()
            statuses[status] += 1
            if status == 200:
                times.append(time.perf_counter() - start)
            elif status == 429:
                time.sleep(0.02)  # an impatient client; one that keeps to Retry-After is no load

    with ThreadPoolExecutor(len(clients)) as many:
        list(many.map(work, clients))
    return Outcome(times, statuses, time.perf_counter() - began)


def direct(model: str, count: int, text: bool) -> tuple[Outcome, float]:
    """The engine in this process: one after the other, and all at once (as over a folder), in answers a second."""
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Sample
    from workbench.engine.predict import predict
    from workbench.tasks.base import TryOptions
    from workbench.tasks.registry import get_task

    card = Catalog.load().get(model)
    task = get_task(card.main_task)
    sample = Sample("text", text=TEXT) if text else Sample("picture", path=PHOTO)
    options = TryOptions(tuple(LABELS) if text else ())

    def ask() -> int:
        return 200 if next(iter(list(predict([sample], card, task, options)))).prediction is not None else 500

    round_of([ask], 8)
    alone = round_of([ask], count)
    began = time.perf_counter()
    done = sum(r.prediction is not None for r in predict([sample] * count, card, task, options))
    return alone, done / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="picture-starter", choices=("picture-starter", "text-starter"))
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    text, count = options.model == "text-starter", options.requests
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        file = Path(home) / "token"
        command = [sys.executable, "-m", "workbench", "serve", options.model, "--port", "0", "--token-file", str(file),
                   "--waiting", str(WAITING)]  # fmt: skip
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            token = file.read_text().strip()
            process = psutil.Process(server.pid)

            def clients(many: int) -> list[Callable[[], int]]:
                return [Client(port, token, options.model, text).ask for _ in range(many)]

            round_of(clients(1), 8)
            memory = [process.memory_info().rss]
            one = round_of(clients(1), count)
            several = round_of(clients(options.clients), count)
            memory.append(process.memory_info().rss)
            crowd = round_of(clients(4 * WAITING), 10 * count)
            memory.append(process.memory_info().rss)
            again = round_of(clients(1), count)
            memory.append(process.memory_info().rss)
        finally:
            server.terminate()
            server.wait(30)
        alone, bulk = direct(options.model, count, text)
    print(f"{options.model}, {os.cpu_count()} cores, load of this machine at the end {os.getloadavg()[0]:.1f}")
    print(alone.line("engine, one after the other"))
    print(f"{'engine, all in one go':34} {bulk:7.1f} a second")
    print(one.line("server, 1 client"))
    print(several.line(f"server, {options.clients} clients"))
    print(crowd.line(f"server, {4 * WAITING} clients ({WAITING} places)"))
    print(again.line("server, 1 client, afterwards"))
    refused = crowd.statuses[429] / crowd.statuses.total()
    others = {s: n for s, n in crowd.statuses.items() if s not in (200, 429)}
    print(
        f"at overload {refused:.0%} of {crowd.statuses.total():,} were told to come back (429); other statuses: {others or 'none'}"
    )
    print(
        f"server to engine: 1 client {one.rate / alone.rate:.2f}, {options.clients} clients {several.rate / bulk:.2f} of all in one"
        f" go; overload to {options.clients} clients {crowd.rate / several.rate:.2f}; afterwards to before {again.part(0.5) / one.part(0.5):.2f}"
    )
    print("memory of the server in MB, before, after, at overload, afterwards:", [round(m / 1e6) for m in memory])


if __name__ == "__main__":
    main()
