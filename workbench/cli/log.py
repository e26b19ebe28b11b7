"""workbench log: keep what one of your own models answers, on this computer, and watch it week by week."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("log", help="keep and watch what a model answers (off at first)", description=__doc__)
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, words in (
        ("on", "keep its answers from now on"),
        ("off", "keep no more of them"),
        ("show", "what is agreed to, and the last answers"),
        ("sheet", "how it did in a week: how many, how sure, what changed, what to do"),
        ("clear", "delete everything that was kept"),
    ):
        one = what.add_parser(name, help=words)
        one.add_argument("model", help="one of your own models")
        one.add_argument("--json", action="store_true")
        one.set_defaults(run=run)
        if name == "on":
            both = argparse.BooleanOptionalAction
            one.add_argument("--texts", action=both, help="copies of texts, too (else only what it answered)")
            one.add_argument("--copies", action=both, help="copies of pictures and recordings, too")
            one.add_argument("--most", type=int, help="so many answers at most, the newest (default 100,000)")
            one.add_argument("--days", type=int, help="none longer than so many days (default 180)")
        elif name == "show":
            one.add_argument("--last", type=int, default=10, metavar="N", help="how many answers to show (default 10)")
        elif name == "sheet":
            one.add_argument("--week", default="", help="like 2026-W48 (default: this week)")
            one.add_argument("--output", type=Path, help="write a page (.html)")


def run(options: argparse.Namespace) -> int:
    """Returns 0; whether anything changed is said, not returned."""
    from workbench.catalog.catalog import Catalog
    from workbench.engine.prediction_log import require_log

    card = Catalog.load().get(options.model)
    log = require_log(card)
    {"on": _on, "off": _off, "show": _show, "sheet": _sheet, "clear": _clear}[options.what](options, card, log)
    return 0


def _on(options: argparse.Namespace, card: Any, log: Any) -> None:
    known = log.settings()
    asked = {name: getattr(options, name) for name in ("texts", "copies", "most", "days")}
    changed = {name: value for name, value in asked.items() if value is not None}
    _told(options, card, log.set_settings(replace(known, on=True, **changed)))


def _off(options: argparse.Namespace, card: Any, log: Any) -> None:
    settings = log.settings()
    if log.exists:
        settings = log.set_settings(replace(settings, on=False))
    _told(options, card, settings)


def _told(options: argparse.Namespace, card: Any, settings: Any) -> None:
    if options.json:
        as_json(vars(settings))
        return
    if not settings.on:
        out(f"The answers of “{card.name}” are not kept.")
        return
    extras = [w for agreed, w in ((settings.texts, "texts"), (settings.copies, "pictures and recordings")) if agreed]
    copies = f"with copies of {' and '.join(extras)}" if extras else "without copies of what it was asked about"
    out(
        f"The answers of “{card.name}” are kept on this computer, {copies}: the newest {settings.most:,}, for"
        f" {settings.days} days. Asked from the window they are kept at once; on the command line with --log."
    )


def _show(options: argparse.Namespace, card: Any, log: Any) -> None:
    rows = log.rows(newest=options.last) if options.last > 0 else []
    if options.json:
        as_json({"settings": vars(log.settings()), "count": log.count(), "bytes": log.size(),
                 "answers": [vars(r) for r in rows]})  # fmt: skip
        return
    _told(options, card, log.settings())
    out(f"{log.count():,} answers, {log.size() / 1e6:.1f} MB.")
    for row in rows:
        when = datetime.fromtimestamp(row.at).isoformat(" ", "seconds")
        out(f"  {when}  {row.certainty:6.1%}  {row.answer or '-'}  {row.name}{'  (unlike)' if row.unlike else ''}")


def _sheet(options: argparse.Namespace, card: Any, log: Any) -> None:
    from workbench.engine.watching import look_at_week
    from workbench.engine.week_sheet import write_sheet

    with progress("Looking") as control:
        week = look_at_week(card, options.week, control)
    if options.output:
        note(f"Written to {write_sheet(card, week, options.output)}")
    if options.json:
        as_json(week.to_json())
        return
    out(f"{week.id}  {week.headline()}")
    for line in [*week.lines(), *week.advice()]:
        out(f"  {line}")
    if week.looks:
        note(f"  {week.promise()}")


def _clear(options: argparse.Namespace, card: Any, log: Any) -> None:
    count = log.count()
    log.clear()
    if options.json:
        as_json({"deleted": count})
    else:
        out(f"{count:,} answers of “{card.name}” are deleted.")
