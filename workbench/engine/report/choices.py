"""What a person chooses about a report. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """What goes into a report.

    Attributes:
        examples: items of the person's are shown; without, the report can be shared.
        explanations: a few answers are explained, which takes a while.
    """

    examples: bool = True
    explanations: bool = False
