"""What a kilowatt-hour emits and what it costs: the table of grids, and the person's own choice of both.

Grams of CO2 equivalents per kilowatt-hour over the whole life of the plants, by country and year (resources/energy/grids.csv
says by whom). Which country it is and what electricity costs there is for the person to say; nothing is looked up.
"""

from __future__ import annotations

import csv
import locale
import logging
import math
import os
import re
from dataclasses import dataclass
from functools import lru_cache

from workbench import settings_file
from workbench.app_paths import AppPaths, app_paths, resources
from workbench.errors import UserError

log = logging.getLogger(__name__)

_FILE = "electricity.json"
_DEAREST = 1_000_000.0
SOURCE = "Our World in Data, after Ember and the Energy Institute (CC BY 4.0)"


@dataclass(frozen=True)
class Grid:
    """`code`: two letters (ISO 3166), "" for the world; `grams` of CO2 equivalents per kWh in `year`."""

    code: str
    name: str
    grams: float
    year: int

    @property
    def in_words(self) -> str:
        """ "Germany, 381 g per kWh in 2023"."""
        return f"{self.name}, {self.grams:.0f} g per kWh in {self.year}"


@dataclass(frozen=True)
class Electricity:
    """
    Attributes:
        country: code of the grid; "" for the world's average.
        price: of one kilowatt-hour; 0 when the person has not said it.
        currency: as the person writes it ("EUR", "€").
    """

    country: str = ""
    price: float = 0.0
    currency: str = ""

    @property
    def grid(self) -> Grid:
        return grids().get(self.country, grids()[""])

    def grams(self, watt_hours: float) -> float:
        """Of CO2 equivalents."""
        return watt_hours / 1000 * self.grid.grams

    def money(self, watt_hours: float) -> float | None:
        """None when no price is known."""
        return watt_hours / 1000 * self.price if self.price > 0 else None


@lru_cache(maxsize=1)
def grids() -> dict[str, Grid]:
    """All grids by code, the world's first, then by name."""
    with (resources() / "energy" / "grids.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    return {r["code"]: Grid(r["code"], r["name"], float(r["grams_per_kwh"]), int(r["year"])) for r in rows}


def load(paths: AppPaths | None = None) -> Electricity:
    """What the person has said; a missing or damaged file reads as nothing said."""
    return settings_file.read((paths or app_paths()).settings / _FILE, Electricity(), _checked)


def save(chosen: Electricity, paths: AppPaths | None = None) -> None:
    """Keep it. Raises: UserError when it cannot be true, or cannot be written."""
    settings_file.write((paths or app_paths()).settings / _FILE, _checked(chosen))


def _checked(chosen: Electricity) -> Electricity:
    country = chosen.country.strip().upper()
    if country not in grids():
        raise UserError(
            f"No country has the code “{chosen.country}”.", "Two letters, for example DE; none for the world."
        )
    if not math.isfinite(chosen.price) or not 0 <= chosen.price < _DEAREST:
        raise UserError(
            f"{chosen.price:g} is no price of a kilowatt-hour.", "Give it with a point, for example 0.35; 0 for none."
        )
    return Electricity(country, chosen.price, " ".join(chosen.currency.split())[:8])


def guessed() -> Grid | None:
    """The grid of the country this computer is set up for: a suggestion to be confirmed, not more."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MONETARY", "LANG")]
    try:
        names.append(locale.getlocale()[0] or "")
    except ValueError:
        log.info("the system's region is not understood")
    for name in names:
        found = re.match(r"[A-Za-z]{2,3}[_-]([A-Za-z]{2})\b", name)
        if found and found.group(1).upper() in grids():
            return grids()[found.group(1).upper()]
    return None
