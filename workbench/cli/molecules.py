"""workbench molecules: check a file of molecules, draw one, find the most alike."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from workbench.cli.output import as_json, note, out, problem, progress


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("molecules", help="check, draw and compare molecules", description=__doc__)
    deeds = command.add_subparsers(dest="deed", required=True, metavar="DEED")
    check = deeds.add_parser("check", help="what is wrong with the molecules of a file, one by one")
    check.add_argument("file", type=Path, help="SMILES (.smi), an SD file, or a table with SMILES")
    check.set_defaults(run=_check)
    draw = deeds.add_parser("draw", help="the structure of a molecule as a picture")
    draw.add_argument("molecule", help="as SMILES or InChI")
    draw.add_argument("--output", type=Path, required=True, help="a PNG or SVG file")
    draw.add_argument("--dark", action="store_true", help="for a dark ground")
    draw.set_defaults(run=_draw)
    similar = deeds.add_parser("similar", help="the most alike molecules of a file or project (Tanimoto)")
    similar.add_argument("molecule", help="as SMILES or InChI")
    similar.add_argument(
        "--in", dest="place", type=Path, required=True, help="a file of molecules, or a project's folder"
    )
    similar.add_argument("--top", type=int, default=10, help="how many to show (default 10)")
    similar.set_defaults(run=_similar)
    for deed in (check, similar):
        deed.add_argument("--json", action="store_true")


def _check(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some cannot be read."""
    from workbench.data.importers.formats.molecules import samples_of
    from workbench.errors import Problem, UserError
    from workbench.tasks.molecules import molecule_of

    problems, notes, good = [], [], 0
    with progress("Reading molecules") as control:
        for sample in samples_of(options.file, control):
            control.check()
            try:
                found = molecule_of(sample)
            except UserError as error:
                problems.append(Problem.of(sample.name, error))
                continue
            good += 1
            if found.note:
                notes.append((sample.name, found.note))
    if options.json:
        told = [{"where": p.where, "message": p.message, "hint": p.hint} for p in problems]
        as_json({"good": good, "problems": told, "notes": [{"where": w, "note": n} for w, n in notes]})
    else:
        for one in problems:
            problem(one)
        for where, words in notes:
            note(f"{where}: {words}")
        out(f"{good:,} molecules can be used, {len(problems):,} cannot.")
    return 3 if problems else 0


def _draw(options: argparse.Namespace) -> int:
    """Returns 0."""
    from workbench.data.exporters.tables import write_bytes
    from workbench.data.molecules import drawing, read_molecule
    from workbench.errors import UserError

    suffix = options.output.suffix.lower()
    if suffix not in (".png", ".svg"):
        raise UserError(f"A molecule cannot be drawn into “{options.output.name}”.", "Use PNG or SVG.")
    found = read_molecule(options.molecule)
    write_bytes(options.output, drawing(found, 900, 640, dark=options.dark, svg=suffix == ".svg", ground=True))
    note(f"Drawn into {options.output}")
    if found.note:
        note(found.note)
    return 0


def _similar(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some of the others cannot be read."""
    from workbench.data.importers.formats.molecules import samples_of
    from workbench.data.molecule_search import most_alike
    from workbench.data.molecules import read_molecule
    from workbench.data.project import Project

    query = read_molecule(options.molecule)
    with progress("Comparing molecules") as control:
        if options.place.is_dir():
            with Project.open(options.place, read_only=True) as project:
                items = [i for i in project.items(project.item_ids()) if i.kind == "molecule"]
                others = [(i.name, i.text or "") for i in items]
        else:
            others = [(s.name, s.text or "") for s in samples_of(options.place, control)]
        found, problems = most_alike(query, [text for _, text in others], options.top, control)
    rows = [{"name": others[n.place][0], "likeness": round(n.likeness, 4), "smiles": others[n.place][1]} for n in found]
    if options.json:
        as_json(rows)
    else:
        for row in rows:
            out(f"{row['likeness']:6.1%}  {row['name']}  {row['smiles']}")
        note(f"{len(others) - len(problems):,} molecules compared.")
    for place, one in problems.items():
        problem(type(one)(others[place][0], one.message, one.hint))
    return 3 if problems else 0
