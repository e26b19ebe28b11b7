"""Runs first in the frozen app."""

import os
import sys

# A double-clicked app has nowhere to write to on some systems; libraries that print would fail.
if sys.stdout is None:
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
if sys.stderr is None:
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
