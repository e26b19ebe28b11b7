"""workbench cost: what a project's trainings were expected to cost and what they took; what one would cost; and the country
and price of your electricity, by which energy becomes CO2 and money."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress, table

_HEADINGS = (
    "Training",
    "Way",
    "Time told",
    "took",
    "off",
    "Memory told",
    "took",
    "off",
    "Energy told",
    "took",
    "off",
    "CO2",
)


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser(
        "cost", help="what trainings cost: time, memory, energy, CO2, money", description=__doc__
    )
    command.add_argument("project", type=Path, nargs="?", help="a project; without one: what is set about electricity")
    command.add_argument("--run", default="", dest="run_id", metavar="ID", help="one training in full")
    command.add_argument("--before", action="store_true", help="what a training would cost; nothing is trained")
    command.add_argument("--how", choices=("quick", "balanced", "thorough"), default="quick", help="with --before")
    command.add_argument(
        "--model", default="", help="with --before: the model to start from (default: the suggested one)"
    )
    command.add_argument("--epochs", type=int, default=0, help="with --before: at most this many rounds")
    command.add_argument(
        "--country", help="set the country of your electricity: two letters, WORLD for the world's average"
    )
    command.add_argument("--price", type=float, help="set the price of a kilowatt-hour; 0 forgets it")
    command.add_argument("--currency", help="set the currency of the price")
    command.add_argument("--countries", action="store_true", help="list the countries and their grams of CO2 per kWh")
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0."""
    if options.countries:
        _countries(options)
        return 0
    if options.country is not None or options.price is not None or options.currency is not None:
        _set(options)
    if options.project is None:
        _electricity(options)
    elif options.before:
        _before(options)
    else:
        _after(options)
    return 0


def _set(options: argparse.Namespace) -> None:
    from workbench.trust.cost import rates

    chosen = rates.load()
    if options.country is not None:
        chosen = replace(chosen, country="" if options.country.upper() == "WORLD" else options.country)
    if options.price is not None:
        chosen = replace(chosen, price=options.price)
    if options.currency is not None:
        chosen = replace(chosen, currency=options.currency)
    rates.save(chosen)


def _countries(options: argparse.Namespace) -> None:
    from workbench.trust.cost import rates

    found = list(rates.grids().values())
    if options.json:
        as_json([{"code": g.code, "name": g.name, "grams_per_kwh": g.grams, "year": g.year} for g in found])
        return
    table(["Code", "Country", "g CO2/kWh", "Year"], [[g.code, g.name, f"{g.grams:g}", str(g.year)] for g in found])
    note(f"Source: {rates.SOURCE}")


def _electricity(options: argparse.Namespace) -> None:
    from workbench.trust.cost import rates, words

    chosen, guess = rates.load(), rates.guessed()
    if options.json:
        as_json({
            "country": chosen.country, "grams_per_kwh": chosen.grid.grams, "year": chosen.grid.year,
            "source": rates.SOURCE, "price": chosen.price or None, "currency": chosen.currency,
            "suggested_country": guess.code if guess is not None else None,
        })  # fmt: skip
        return
    out(words.source(chosen))
    out(f"A kilowatt-hour costs {words.money(chosen.price, chosen.currency)}." if chosen.price else words.NO_PRICE)
    if not chosen.country and guess is not None:
        out(
            f"This computer is set up for {guess.name}. If your electricity is from there: workbench cost --country {guess.code}"
        )


def _before(options: argparse.Namespace) -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.data.project import Project
    from workbench.engine.cost.expect import expected, free_memory
    from workbench.engine.estimate import measure
    from workbench.engine.events import How
    from workbench.engine.run import trainable
    from workbench.trust.cost import rates, words
    from workbench.trust.cost.records import CostRecord

    catalog, how = Catalog.load(), How(options.how)
    with Project.open(options.project, read_only=True) as project, progress("Measuring") as control:
        trainable(project)
        card = catalog.get(options.model) if options.model else catalog.suggest(project.task_id, to_teach=True)[0]
        measure(project, card, control)
        told = expected(project, card, how, options.epochs)
    prices, free = rates.load(), free_memory(told.device)
    if options.json:
        as_json(words.to_json(CostRecord(told), prices) | {"model": card.id, "how": how.value, "free_memory": free})
        return
    for line in (*words.before(told, prices), words.source(prices), words.room(told, free)):
        if line:
            out(line)


def _after(options: argparse.Namespace) -> None:
    from workbench.data.project import Project
    from workbench.errors import UserError
    from workbench.trust.cost import rates, records, words

    prices = rates.load()
    with Project.open(options.project, read_only=True) as project:
        runs = [project.run(options.run_id)] if options.run_id else project.runs()
        found = [(r, record) for r in runs if (record := records.read(r.folder)) is not None and record.sessions]
    if not found and options.run_id:
        raise UserError("What this training cost was not kept.", "Newer trainings have it.")
    if options.json:
        as_json([
            {"run": r.id, "name": r.name, "how": r.config.get("how"), "model": r.config.get("model"), "status": r.status}
            | words.to_json(record, prices)
            for r, record in found
        ])  # fmt: skip
        return
    if not found:
        out("Nothing was trained in this project yet.")
        return
    if options.run_id:
        record = found[0][1]
        took = record.measured
        assert took is not None
        out(words.after(record))
        table(["", "Expected", "Took", "Off by"], [list(row) for row in words.rows(record, prices)])
        for line in (
            f"That is {words.like(took.watt_hours)}; {words.rest(took)}",
            words.method(took),
            words.source(prices),
        ):
            out(line)
        return
    table(list(_HEADINGS), [_row(r, record, prices) for r, record in found])
    for line in (words.method(found[0][1].measured or found[0][1].sessions[-1]), words.source(prices)):
        note(line)


def _row(run: Any, record: Any, prices: Any) -> list[str]:
    from workbench.trust.cost import words

    took, told = record.measured, record.estimate
    off = record.error() or {}
    device = told.device if told is not None else "cpu"
    signed = {name: f"{value:+.0%}" for name, value in off.items()}
    return [
        run.name, str(run.config.get("how", "")),
        words.exactly(told.seconds) if told else "", words.exactly(took.seconds), signed.get("seconds", ""),
        words.memory(told.memory_bytes) if told else "", words.memory(took.memory_on(device)), signed.get("memory", ""),
        words.energy(told.watt_hours) if told else "", words.energy(took.watt_hours), signed.get("energy", ""),
        words.grams(prices.grams(took.watt_hours)),
    ]  # fmt: skip
