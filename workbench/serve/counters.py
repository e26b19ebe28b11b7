"""What the server counts of itself: for Prometheus, and a few of it for the window."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """A look at the counters.

    Attributes:
        answered, failed, refused: requests since the start: with an answer; with a fault of the request or ours; turned away
            because too many came (429).
        inside: requests being received, waiting or computed now.
        mean_seconds: of the answers of the last minute, from the first byte to the last; 0 for none.
        address: where it listens.
    """

    answered: int = 0
    failed: int = 0
    refused: int = 0
    inside: int = 0
    mean_seconds: float = 0.0
    address: str = ""


class Counters:
    """Of one server; safe from any thread. Names of metrics follow Prometheus' conventions (base units, _total)."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self.registry = CollectorRegistry()
        registry = self.registry
        self._requests = Counter(
            "workbench_requests", "Requests by route and status.", ("route", "status"), registry=registry
        )
        self._duration = Histogram(
            "workbench_request_seconds", "Time of a request from its first byte to the answer's last.", ("route",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300), registry=registry,
        )  # fmt: skip
        self._batches = Histogram(
            "workbench_batch_size", "Requests that were computed together.", ("model",),
            buckets=(1, 2, 4, 8, 16, 32), registry=registry,
        )  # fmt: skip
        self._refused = Counter(
            "workbench_refused", "Requests turned away because too many came (429).", ("model",), registry=registry
        )
        self._inside = Gauge("workbench_requests_inside", "Requests being answered now.", ("model",), registry=registry)
        self._memory = Gauge("workbench_memory_bytes", "Memory the whole app uses (resident).", registry=registry)
        self._lock = threading.Lock()
        self._figures = {"answered": 0, "failed": 0, "refused": 0}
        self._now: dict[str, int] = {}
        self._recent: list[tuple[float, float]] = []

    def request(self, route: str, status: int, seconds: float) -> None:
        """One is over. `route`: the pattern of its path, never what a client made up."""
        self._requests.labels(route, str(status)).inc()
        self._duration.labels(route).observe(seconds)
        if not route.startswith("/v1/") or route.startswith("/v1/models"):
            return
        now = time.monotonic()
        with self._lock:
            if status < 400:
                self._figures["answered"] += 1
                self._recent = [(at, s) for at, s in self._recent[-999:] if now - at < 60] + [(now, seconds)]
            elif status != 429:
                self._figures["failed"] += 1

    def batch(self, model: str, size: int) -> None:
        self._batches.labels(model).observe(size)

    def refused(self, model: str) -> None:
        self._refused.labels(model).inc()
        with self._lock:
            self._figures["refused"] += 1

    def inside(self, model: str, count: int) -> None:
        self._inside.labels(model).set(count)
        with self._lock:
            self._now[model] = count

    def figures(self, address: str = "") -> Figures:
        with self._lock:
            since = time.monotonic() - 60
            recent = [s for at, s in self._recent if at >= since]
            mean = sum(recent) / len(recent) if recent else 0.0
            return Figures(**self._figures, inside=sum(self._now.values()), mean_seconds=mean, address=address)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        import psutil
        from prometheus_client import generate_latest

        self._memory.set(psutil.Process().memory_info().rss)
        return generate_latest(self.registry)
