"""workbench doctor: is everything there, and does it work?"""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli.output import as_json, out


def add(commands: Any) -> None:
    """Its part of the command line."""
    command = commands.add_parser("doctor", help="versions, devices, disk, memory, a self-check", description=__doc__)
    command.add_argument("--json", action="store_true")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Returns 0 when the self-check passed."""
    from dataclasses import asdict

    from workbench.engine.doctor import examine

    found = examine()
    if options.json:
        as_json(asdict(found))
        return 0 if found.healthy else 1
    for name, version in found.versions.items():
        out(f"{name:18} {version}")
    for device in found.devices:
        out(f"{'device':18} {device}")
    out(f"{'memory':18} {found.memory_free / 1e9:.1f} of {found.memory_total / 1e9:.1f} GB free")
    for name, folder in found.folders.items():
        out(f"{name:18} {folder}")
    out(f"{'disk':18} {found.disk_free / 1e9:.1f} GB free")
    for check in found.checks:
        out(f"{'ok' if check.passed else 'FAILED':18} {check.name}: {check.detail}")
    return 0 if found.healthy else 1
