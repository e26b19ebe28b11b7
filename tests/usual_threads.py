"""With how many threads torch computes in a test, also where it asks for its usual number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def usual_threads(count: int) -> Iterator[None]:
    """So many inside, for all that begins there; as before afterwards. (The app's own `torch_threads` is for moments, and gives
    other threads what was usual.)"""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
