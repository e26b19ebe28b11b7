"""What is alive in this process, counted by kind: for soak runs and for tests that nothing is left behind."""

from __future__ import annotations

import gc
import sqlite3
import sys
import threading
from collections import Counter
from pathlib import Path

import psutil

from workbench import memory


def malloc_bytes() -> tuple[float, float]:
    """Bytes that the C library has given out, and those it holds free (glibc 2.33 and newer; else zeros)."""
    if memory.free_bytes() < 0:
        return 0.0, 0.0
    found = memory._glibc().mallinfo2()
    return float(found.uordblks + found.hblkhd), float(found.fordblks)


def resident() -> dict[str, float]:
    """Of what is resident, what is ours alone and what only stands for files (libraries, weights). MB; Linux."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    found = {
        name: float(rest.split()[0]) / 1e3 for name, _, rest in (line.partition(":") for line in lines) if "Rss" in name
    }
    return {"own": found["RssAnon"], "of files": found["RssFile"]}


def by_kind() -> Counter[str]:
    """Python objects that the collector knows, by the full name of their kind."""
    return Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())


def count() -> dict[str, float]:
    """Everything that a journey may leave behind. Memory in MB."""
    from PySide6.QtCore import QObject, QThread
    from PySide6.QtWidgets import QApplication, QWidget
    from shiboken6 import isValid

    process = psutil.Process()
    gc.collect()
    tensors = storage = qobjects = widgets = jobs = connections = sessions = 0
    seen: set[int] = set()
    torch = sys.modules.get("torch")
    objects = gc.get_objects()
    for one in objects:
        kind = type(one)
        if issubclass(kind, QObject):
            if isValid(one):
                qobjects += 1
                widgets += issubclass(kind, QWidget)
                jobs += issubclass(kind, QThread)
        elif kind.__name__ == "_Connection":
            connections += 1
        elif kind.__name__ == "InferenceSession":
            sessions += 1
        elif torch is not None and issubclass(kind, torch.Tensor):
            tensors += 1
            try:
                place = one.untyped_storage()
                if place.data_ptr() not in seen:
                    seen.add(place.data_ptr())
                    storage += place.nbytes()
            except (RuntimeError, NotImplementedError, ValueError):
                continue  # of meta and the like, which hold no memory
    used, free = malloc_bytes()
    from workbench.engine.pool import shared_pool

    return {
        "memory": process.memory_info().rss / 1e6,
        **resident(),
        "malloc used": used / 1e6,
        "malloc free": free / 1e6,
        "handles": process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
        "threads": process.num_threads(),
        "python threads": threading.active_count(),
        "children": len(process.children(recursive=True)),
        "widgets": len(QApplication.allWidgets()),
        "python qobjects": qobjects,
        "python widgets": widgets,
        "jobs": jobs,
        "connections": connections,
        "sqlite": sum(issubclass(type(o), sqlite3.Connection) for o in objects),
        "sessions": sessions,
        "tensors": tensors,
        "tensor MB": storage / 1e6,
        "models": len(shared_pool().loaded()),
        "objects": len(objects),
    }
