"""Results of models that sum up texts."""

from __future__ import annotations

from workbench.gui.results.translation import View

__all__ = ["View"]
