"""Curves of a million points: what is drawn is no more than the screen is wide, and shows every spike."""

from __future__ import annotations

import gc
import math
import weakref

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from workbench.engine.events import StepDone
from workbench.gui.models.runs_progress import RunProgress
from workbench.gui.models.thin_curve import ThinCurve, thinned
from workbench.gui.widgets.curves import TrainingCurves


def test_a_million_steps_are_taken_in_and_spikes_are_kept() -> None:
    progress = RunProgress()
    count = 200_000
    spikes = {777: 90.0, 123_457: -5.0, count - 1: 70.0}
    for n in range(count):
        progress.feed(StepDone(n + 1, n / 1000, spikes.get(n, math.sin(n)), 1e-3))
    xs, ys = progress.steps.points()
    assert len(progress.steps) == count and len(xs) <= 2000
    assert xs == sorted(xs)
    assert {(n / 1000, y) for n, y in spikes.items()} <= set(zip(xs, ys, strict=True))


@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_few_points_are_kept_as_they_are(ys: list[float]) -> None:
    curve = ThinCurve()
    for x, y in enumerate(ys):
        curve.append(x, y)
    assert curve.points() == ([float(x) for x in range(len(ys))], ys)
    across, up = thinned(range(len(ys)), ys, 30)
    assert across.tolist() == list(range(len(ys))) and up.tolist() == ys


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=1, max_size=400), st.integers(1, 50))
def test_thinned_points_are_some_of_the_curve_with_its_ends_and_extremes(ys: list[float], stretches: int) -> None:
    xs = np.arange(len(ys), dtype=np.float64)
    across, up = thinned(xs, ys, stretches)
    assert len(across) <= 2 * stretches + 3
    assert (np.diff(across) > 0).all()
    assert np.array_equal(up, np.asarray(ys)[across.astype(int)], equal_nan=True)
    assert across[-1] == len(ys) - 1
    known = [y for y in ys if not math.isnan(y)]
    if known:
        assert np.nanmin(up) == min(known) and np.nanmax(up) == max(known)


def test_a_curve_of_a_million_points_draws_what_the_screen_can_show(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    curves.resize(QSize(1000, 320))
    curves.show()
    ys = np.random.default_rng(0).random(1_000_000)
    ys[654_321] = 40.0
    curves.loss.set_points("train", np.arange(1_000_000) / 1000, ys)
    curves.loss.redraw()
    drawn = curves.loss._lines["train"].getData()
    assert len(drawn[0]) <= 2 * max(300, curves.loss.plot.width()) + 3
    assert drawn[1].max() == 40.0 and drawn[0][-1] == 999.999
    assert len(curves.loss.points("train")[0]) == 1_000_000
    # One more step redraws the curve that changed, and leaves the long one alone.
    before = drawn[0]
    curves.loss.set_points("validation", [1.0], [0.5])
    curves.loss.redraw()
    assert curves.loss._lines["train"].getData()[0] is before


def test_what_a_test_shows_is_no_garbage_before_it_is_closed(qtbot: QtBot) -> None:
    curves = TrainingCurves()
    qtbot.addWidget(curves)
    seen = weakref.ref(curves)
    del curves
    gc.collect()
    assert seen() is not None
