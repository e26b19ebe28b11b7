"""Starting with as little as possible, for when the usual start fails: no previous project, settings as they come, no graphics
card, no models of other programs. An environment variable says it, so that processes we start know it, too."""

from __future__ import annotations

import os

VARIABLE = "WORKBENCH_SAFE_MODE"


def is_on() -> bool:
    return os.environ.get(VARIABLE) == "1"


def turn_on() -> None:
    """For this process and those it starts; to be called before any library of networks is loaded."""
    os.environ[VARIABLE] = "1"
    # CUDA, and AMD's ROCm, then find no card.
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ["HIP_VISIBLE_DEVICES"] = ""
