"""A card from what is known, section by section in the order in which a person asks."""

from __future__ import annotations

from collections.abc import Callable

from workbench import __version__
from workbench.control import Control
from workbench.trust.card import about, data_part, origin, results
from workbench.trust.card.given import Given
from workbench.trust.card.parts import Card, Section

_SECTIONS: tuple[Callable[[Given], Section | None], ...] = (
    about.headline, about.purpose, data_part.data, results.metrics, results.groups, results.failures, results.reasons,
    about.limits, origin.licences, origin.cost, origin.reproduction,
)  # fmt: skip
_NOTE = "Rely on the model only for items like those it was trained and tested on."


def compose(given: Given, control: Control | None = None) -> Card:
    """Raises: UserError when the project cannot be read. Cancelled."""
    control = control or Control()
    sections = []
    for place, make in enumerate(_SECTIONS):
        control.check()
        control.progress(place, len(_SECTIONS), "Writing the report")
        section = make(given)
        if section is not None:
            sections.append(section)
    model, run = given.model, given.run
    parts = [f"Project “{given.project.name}”" if given.project is not None else "A model made with Model Workbench"]
    made = (run.created if run is not None else model.created)[:10]
    how = str((run.config if run is not None else model.metrics).get("how", ""))
    base = given.bases[0].name if given.bases else model.base
    parts.append(f"trained {made}" if made else "")
    parts.append(f"the {how} way" if how else "")
    parts.append(f"starting from “{base}”" if base else "")
    subtitle = ", ".join(part for part in parts if part)
    return Card(model.name, f"{subtitle}.", tuple(sections), given.made, f"Model Workbench {__version__}", (_NOTE,))
