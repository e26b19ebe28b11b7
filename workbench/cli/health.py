"""workbench project check: what there is to know about a project's data, and mending it. See `workbench.cli.project`."""

from __future__ import annotations

import argparse

from workbench.cli.output import as_json, note, out, problem, progress
from workbench.control import Control
from workbench.data.checks.finding import Finding
from workbench.data.project import Project
from workbench.errors import UserError

_SHOWN = 5


def check(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when a finding is more than good to know."""
    writes = bool(options.fix or options.fine or options.forget_fine)
    with Project.open(options.project, read_only=not writes) as project, progress("Checking the data") as control:
        if options.forget_fine:
            from workbench.data.checks.fine import forget

            forget(project)
        findings = _look(project, options.quick, control)
        for name in options.fix:
            _fix(project, findings, name)
            findings = _look(project, options.quick, control)
        for code in options.fine:
            _fine(project, findings, code)
        if options.fine:
            findings = _look(project, options.quick, control)
        if options.copy_to is not None:
            from workbench.data.exporters.leaving_out import save_clean_copy

            result = save_clean_copy(project, options.copy_to, control)
            for found in result.problems:
                problem(found)
            note(f"A copy of {len(result.added)} items without personal data is in {options.copy_to}")
        _tell(project, findings, options.json)
    return 3 if any(f.severity != "info" for f in findings) else 0


def _look(project: Project, quick: bool, control: Control) -> list[Finding]:
    from workbench.engine.health.check import check_health, known_health

    return known_health(project, control) if quick else check_health(project, control)


def _fix(project: Project, findings: list[Finding], name: str) -> None:
    from workbench.data.checks.fixes import apply, done_words, fix_by_id

    fix_id, _, code = name.partition(":")
    fix = fix_by_id(fix_id)
    wanted = [f for f in findings if fix_id in f.fixes and code in ("", f.code)]
    if not wanted:
        raise UserError(f"Nothing here is mended by “{name}”.", "See what is found without --fix.")
    for finding in wanted:
        change = fix.plan(project, finding)
        if change.count:
            apply(project, change)
        note(f"{finding.code}: {done_words(fix, change.count)}")


def _fine(project: Project, findings: list[Finding], code: str) -> None:
    from workbench.data.checks.fine import looked

    wanted = [f for f in findings if f.code == code]
    if not wanted:
        raise UserError(
            f"There is no finding “{code}”.", f"There are: {', '.join(f.code for f in findings) or 'none'}."
        )
    for finding in wanted:
        looked(project, finding)


def _tell(project: Project, findings: list[Finding], json: bool) -> None:
    if json:
        as_json({"name": project.name, "findings": [f.record() for f in findings]})
        return
    out(f"{project.name}: {_counts(findings)}")
    for finding in findings:
        fixes = f" [--fix {' or '.join(finding.fixes)}]" if finding.fixes and "clean-copy" not in finding.fixes else ""
        fixes = " [--copy-to FOLDER]" if "clean-copy" in finding.fixes else fixes
        out(f"{finding.severity:4}  {finding.code}: {finding.message} {finding.hint}{fixes}")
        for item in project.items(finding.item_ids[:_SHOWN]):
            more = f": {finding.notes[item.id]}" if item.id in finding.notes else ""
            out(f"        {item.name}{more}")
        if len(finding.item_ids) > _SHOWN:
            out(f"        and {len(finding.item_ids) - _SHOWN:,} more")


def _counts(findings: list[Finding]) -> str:
    words = {"bad": "in the way", "warn": "to mend", "info": "good to know"}
    found = [f"{n} {words[s]}" for s in words if (n := sum(f.severity == s for f in findings))]
    return ", ".join(found) or "nothing to say about the data"
