"""The line that says what a model runs with, and the switch."""

from __future__ import annotations

from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from workbench.app_paths import app_paths
from workbench.engine.speed import remembered, settings
from workbench.engine.speed.remembered import Choice, Row, Way
from workbench.errors import UserError
from workbench.gui.context import AppContext
from workbench.gui.widgets.model_detail import ModelDetail
from workbench.gui.widgets.speed_line import SpeedLine, SpeedSwitches


@pytest.fixture
def ctx(qtbot: QtBot) -> AppContext:
    return AppContext(app_paths())


def found() -> Choice:
    row = Row(Way("onnx", 2), one=(3.1, 2.9, 3.4), seconds=0.006, samples=12, same=12)
    slow = Row(Way("torch", 2), one=(1.0, 1.0, 1.0), seconds=0.019, samples=12, same=12)
    lost = Row(Way("other", 1), "only 8 of 12 first answers are the same", samples=12, same=8)
    return Choice(row.way, row.way, 4, (slow, row, lost), {}, ("picture-starter",), "2026")


def test_the_line_shows_what_is_found_by_itself(qtbot: QtBot, ctx: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.gui.widgets.speed_line._LOOK_MS", 50)
    line = SpeedLine(ctx)
    qtbot.addWidget(line)
    line.show_card(ctx.catalog.get("picture-starter"))
    line.show()
    assert line.words.isHidden()
    remembered.remember("key", found())
    qtbot.waitUntil(lambda: not line.words.isHidden(), timeout=60_000)
    assert line.words.text() == (
        "Runs with: ONNX Runtime, 3.1× faster than before; answers the same (checked on 12 samples)."
    )
    assert "other" in line.words.toolTip() and "only 8 of 12" in line.words.toolTip()
    line.show_card(ctx.catalog.get("text-starter"))
    assert line.words.isHidden()
    settings.save(settings.SpeedSettings(on=False))
    line.show_card(ctx.catalog.get("picture-starter"))
    assert line.words.isHidden()


def test_a_models_page_says_it(qtbot: QtBot, ctx: AppContext) -> None:
    remembered.remember("key", found())
    from workbench.catalog.fit import runs_here

    detail = ModelDetail(ctx, lambda card: runs_here(card, 16_000_000_000))
    qtbot.addWidget(detail)
    detail.show_card(ctx.catalog.get("picture-starter"))
    lines = detail.findChildren(SpeedLine)
    assert len(lines) == 1 and "3.1× faster" in lines[0].words.text()


def test_the_switch_is_kept_and_holds_at_once(qtbot: QtBot, ctx: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[Any] = []

    class Pool:
        def change_engines(self, paths: Any) -> None:
            changed.append(settings.load(paths))

    monkeypatch.setattr("workbench.engine.pool.shared_pool", Pool)
    switches = SpeedSwitches(ctx)
    qtbot.addWidget(switches)
    assert switches.on.isChecked() and switches.on.accessibleName()
    switches.on.click()
    qtbot.waitUntil(lambda: len(changed) == 1, timeout=60_000)
    assert changed == [settings.SpeedSettings(False)]
    again = SpeedSwitches(ctx)
    qtbot.addWidget(again)
    assert not again.on.isChecked()

    def full(*_: Any) -> None:
        raise UserError("The settings could not be written.", "Check the room on the disk.")

    monkeypatch.setattr(settings, "save", full)
    with qtbot.waitSignal(switches.failed, timeout=60_000):
        switches.on.click()
