"""Marked sounds in a text file beside each recording: Audacity's label tracks and Raven's selection tables."""

from __future__ import annotations

from workbench.data.exporters.clips import BesideFormat, audacity_text, raven_text

FORMATS = (
    BesideFormat("audacity", "Audacity labels (a folder with the recordings)", ".txt", audacity_text),
    BesideFormat(
        "raven", "Raven selection tables (a folder with the recordings)", ".Table.1.selections.txt", raven_text
    ),
)
