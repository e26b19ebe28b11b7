"""Writes resources/energy: what a kilowatt-hour emits in each country, and the power processors are built for.

Run by hand, with codecarbon and pycountry installed somewhere (neither is a part of the app): `python
packaging/make_energy_tables.py`. Both tables are facts gathered by codecarbon (MIT): the grids from Our World in Data after
Ember (CC BY 4.0), the processors from their makers' pages. The world's average is that of all countries, each weighed by
the electricity it generates.
"""

from __future__ import annotations

import csv
import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "resources" / "energy"
# Not in ISO 3166; the code everybody uses.
_MORE = {"XKX": "XK", "KOS": "XK"}


def main() -> None:
    """Write both files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    data = files("codecarbon") / "data"
    made = f"codecarbon {version('codecarbon')} (MIT)"
    mix: dict[str, dict[str, Any]] = json.loads((data / "private_infra" / "global_energy_mix.json").read_text("utf-8"))
    write_grids(mix, made)
    write_processors((data / "hardware" / "cpu_power.csv").read_text("utf-8"), made)


def write_grids(mix: dict[str, dict[str, Any]], made: str) -> None:
    """Columns: ISO 3166 code of two letters, name, grams of CO2 equivalents per kWh, year."""
    import pycountry

    rows = []
    for code, entry in mix.items():
        found = pycountry.countries.get(alpha_3=code)
        two = _MORE.get(code) or (found.alpha_2 if found else "")
        if two:
            rows.append((two, entry["country_name"], round(float(entry["carbon_intensity"]), 1), int(entry["year"])))
    rows.sort(key=lambda r: r[1])
    whole = sum(float(e["total_TWh"]) for e in mix.values())
    world = sum(float(e["total_TWh"]) * float(e["carbon_intensity"]) for e in mix.values()) / whole
    newest = max(r[3] for r in rows)
    with (TARGET / "grids.csv").open("w", encoding="utf-8", newline="") as stream:
        stream.write(
            "# Life-cycle carbon intensity of electricity: Our World in Data, after Ember and the Energy Institute"
            f" (CC BY 4.0), as gathered in {made}.\n"
            f"# The world's is the mean of all countries, weighed by the electricity generated ({whole:,.0f} TWh).\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("code", "name", "grams_per_kwh", "year"))
        writer.writerow(("", "World average", round(world, 1), newest))
        writer.writerows(rows)
    print(f"{len(rows)} countries, world {world:.1f} g/kWh")


def write_processors(table: str, made: str) -> None:
    """Columns: name, thermal design power in watts."""
    with (TARGET / "processors.csv").open("w", encoding="utf-8", newline="") as stream:
        stream.write(
            f"# Thermal design power of processors in watts, as gathered in {made} from their makers' pages.\n"
        )
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("name", "watts"))
        rows = [(r["Name"], watts) for r in csv.DictReader(table.splitlines()) if (watts := _watts(r["TDP"]))]
        writer.writerows((name, f"{watts:g}") for name, watts in rows)
    print(f"{len(rows)} processors")


def _watts(text: str) -> float:
    """0 for what is no sensible power: a few entries of the table are garbled."""
    try:
        watts = float(text)
    except ValueError:
        return 0.0
    return watts if 0 < watts < 1000 else 0.0


if __name__ == "__main__":
    main()
