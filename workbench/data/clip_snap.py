"""Putting the edges of a marked sound where it grows out of the silence around it."""

from __future__ import annotations

from workbench.data.waveform import PER_SECOND, Waveform

_REACH = 0.5
_AROUND = 2.0
_RISE = 0.2
_MARGIN = 0.02


def snapped(waveform: Waveform, begins: float, ends: float) -> tuple[float, float]:
    """Edges moved by up to half a second each to where the loudness passes a fifth of the way from the quiet around it to its
    loudest; as they were where nothing stands out."""
    import numpy as np

    if not waveform.levels or ends <= begins:
        return begins, ends
    levels = waveform.levels[0]
    first = max(0, int((begins - _AROUND) * PER_SECOND))
    last = min(len(levels), int((ends + _AROUND) * PER_SECOND) + 1)
    if last - first < 3:
        return begins, ends
    loud = np.abs(levels[first:last].astype(np.int16)).max(1).astype(np.float64)
    # The loudest of three hundredths: a wave's zero crossings are no silence.
    loud = np.maximum(np.maximum(loud, np.roll(loud, 1)), np.roll(loud, -1))
    times = (first + np.arange(last - first)) / PER_SECOND
    within = (times >= begins) & (times < ends)
    if not within.any():
        return begins, ends
    quiet, top = float(np.percentile(loud, 15)), float(loud[within].max())
    if top - quiet < 3:
        return begins, ends
    heard = (loud > quiet + _RISE * (top - quiet)) & (times >= begins - _REACH) & (times < ends + _REACH)
    # Only what hangs together with the piece: a neighbour half a second away is another sound.
    at = np.flatnonzero(heard & within)
    if not len(at):
        return begins, ends
    left, right = int(at[0]), int(at[-1])
    while left > 0 and heard[left - 1]:
        left -= 1
    while right + 1 < len(heard) and heard[right + 1]:
        right += 1
    new_begins, new_ends = float(times[left]) - _MARGIN, float(times[right]) + 1 / PER_SECOND + _MARGIN
    return max(0.0, new_begins), min(waveform.seconds, new_ends)
