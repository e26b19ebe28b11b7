"""What the panels on certainty have in common: the line that sets when to say nothing, the price of an error, and keeping."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout

from workbench.control import Control
from workbench.gui.context import AppContext
from workbench.gui.theme import S
from workbench.gui.widgets.basic import Banner, button, label
from workbench.tasks.decision import Decision
from workbench.tasks.tag_decision import TagDecision


def silence_line(
    column: QVBoxLayout, prefix: str, name: str, tip: str, steps: int, moved: Callable[[], None]
) -> tuple[QSlider, QLabel, QLabel]:
    """A slider from never to always, what it stands at, and room for what that leads to, put below a plot.

    Args:
        prefix: of the widgets' object names.
        name: accessible name of the slider.
    """
    line = QHBoxLayout()
    line.setSpacing(S)
    line.addWidget(label("Say nothing", "soft"))
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setObjectName(f"{prefix}silence")
    slider.setAccessibleName(name)
    slider.setToolTip(tip)
    slider.setRange(0, steps)
    slider.setMinimumHeight(24)
    slider.valueChanged.connect(lambda _v: moved())
    line.addWidget(slider, 1)
    value = label("never", "soft")
    value.setMinimumWidth(84)
    line.addWidget(value)
    column.addLayout(line)
    words = label("", wrap=True, selectable=True)
    words.setObjectName(f"{prefix}silence-words")
    column.addWidget(words)
    column.addStretch(1)
    return slider, value, words


def cost_box(prefix: str, name: str, usual: float, changed: Callable[[], None]) -> QDoubleSpinBox:
    """How many times as much one kind of error costs as the other. `name`: accessible name."""
    box = QDoubleSpinBox()
    box.setObjectName(f"{prefix}cost")
    box.setAccessibleName(name)
    box.setRange(0.01, 10_000)
    box.setDecimals(2)
    box.setMinimumWidth(96)
    box.setValue(usual)
    box.valueChanged.connect(lambda _v: changed())
    return box


def keep_buttons(kind: str, keep: Callable[[], None], forget: Callable[[], None]) -> tuple[QPushButton, QPushButton]:
    """ "Keep this with the model" and "Take it back"; at first there is nothing to keep or to take back."""
    kept = button(
        "Keep this with the model", keep, icon_name="check", name=f"keep-{kind}",
        tip="From now on it answers so in Try, Use and on the command line",
    )  # fmt: skip
    kept.setEnabled(False)
    taken_back = button("Take it back", forget, role="quiet", name=f"forget-{kind}")
    taken_back.hide()
    return kept, taken_back


def keep_with_model(
    ctx: AppContext, banner: Banner, model_id: str, decision: Decision | TagDecision | None, back: str,
    kept: Callable[[], None], still: Callable[[], bool],
) -> None:  # fmt: skip
    """Keep what was decided with a model, in a job.

    Args:
        back: what to say when there is nothing to keep any more.
        kept: called afterwards, while `still` says that the same run is looked at.
    """
    catalog = ctx.catalog

    def work(_control: Control) -> object:
        from workbench.engine.certainty import keep_decision

        return keep_decision(catalog.get(model_id), decision, catalog)

    def came(_card: object) -> None:
        if still():
            nothing = decision is None or decision.empty
            words = back if nothing else "Kept with the model: it answers so from now on, wherever it is used."
            banner.show_message(words, "good")
            kept()

    job = ctx.jobs.start("Keeping what was decided", work)
    job.succeeded.connect(came)
    job.failed.connect(banner.show_error)


def kept_sentence(model_id: str, decision: Decision | TagDecision | None, usual: str) -> str:
    """What is kept with the model of a training; `usual`: what it does where nothing is."""
    if not model_id:
        return "The model of this training is gone, so nothing can be kept with it."
    return usual if decision is None else f"Kept with the model: {decision.sentence()}"
