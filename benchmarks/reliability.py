"""The kill tests, long: as many kills as one likes, in every scenario, and docs/reliability.md written from what came of them.

    python benchmarks/reliability.py [--kills 100] [--minutes 30] [--seed 1] [--fresh] [--only label,train] [--write]

With --fresh each life begins as a person begins it, with an interpreter of its own; without, it is forked from one that has
loaded the libraries. It ends after so many kills or so many minutes. --write puts the page in docs/. What was found and mended is
in FOUND below: each line names the test that keeps it so.
"""

from __future__ import annotations

import argparse
import platform
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reliability"))

from harness import ROOT, SCENARIOS, Scenario, users

# What was found by killing, by cutting the power and by other faults: what it was, and the test that keeps it mended.
FOUND = (
    (
        "A model that was being written when the app was killed was listed among the own models and could not be used.",
        "tests/engine/test_engine_cut_off.py",
    ),
    (
        "Killed between saving the model and noting that the training is done, the training saved a second copy when it went on."
        " (Found by reading for these tests.)",
        "tests/engine/test_engine_cut_off.py",
    ),
    (
        "A download that was cut off after its last file and before its record was listed as half and could not be verified.",
        "tests/hub/test_hub_queue.py",
    ),
    (
        "A download that was cut off before its first byte was listed as a model of 80 bytes without a name.",
        "tests/hub/test_hub_queue.py",
    ),
    (
        "Exporting as a folder per class copied pictures under their own names: a kill left half ones among the whole.",
        "tests/data/test_data_backup.py",
    ),
    (
        "A new project's database was there before its tables, name and task were: a kill in between left a folder that could"
        " neither be opened nor made anew. (Found by reading for these tests; it is now written whole, then named.)",
        "tests/reliability/test_faults.py",
    ),
    (
        "Twenty places wrote files in ways of their own, and none put the new name on the disk: after a power cut the old file"
        " could be back although saving had been confirmed. There is one way now.",
        "tests/reliability/test_power_cut.py",
    ),
    (
        "Torch's words for a lack of memory on Linux were not known, so that a training which ran out of it failed instead of"
        " going on in halves.",
        "tests/reliability/test_faults.py",
    ),
    (
        "With a clock that was put back, a new training stood below older ones, and the use of models was not noted any more.",
        "tests/reliability/test_faults.py",
    ),
    (
        "A computer that slept during a training made the time that is left hours too long.",
        "tests/reliability/test_faults.py",
    ),
    (
        "Quitting while a training ran ended the training; it now goes on at the next start.",
        "tests/gui/test_gui_closing.py",
    ),
    (
        "Opening the project that is open already said that it is open in another window. (Found by the soak run.)",
        "tests/gui/test_gui_upkeep.py",
    ),
    (
        "A write-ahead log was used on network drives, where SQLite promises nothing for it.",
        "tests/reliability/test_faults.py",
    ),
)
_OTHER = (
    (
        "The power goes at any step of writing a file: every state a disk may be in by the rules of POSIX",
        "test_power_cut.py",
    ),
    ("The log of the labels cut off, zeroed or filled with rubbish from any byte on", "test_power_cut.py"),
    ("The network dies after any answer, and any byte", "test_faults.py"),
    ("No memory (a limit on the address space), a full disk (a limit on the size of files)", "test_faults.py"),
    ("A training is put to sleep (SIGSTOP) and woken: the same weights, bit by bit", "test_kills.py"),
    ("Clocks that go back, hours that pass while the lid is closed", "test_faults.py"),
    (
        "Two copies of the app on one project; projects on network and cloud drives (planted mount tables)",
        "test_faults.py",
    ),
    (
        "Pictures that vanish while the project is open; media that cannot be written",
        "test_faults.py, test_data_backup.py",
    ),
    (
        "Pages of the database filled with rubbish: what can be read is read, the rest comes from a backup",
        "test_data_backup.py",
    ),
)


@dataclass(frozen=True)
class Tally:
    """What came of one scenario. `wrong`: what was found, with the seed."""

    kind: type[Scenario]
    kills: int
    lives: int
    checked: int
    minutes: float
    wrong: tuple[str, ...]


def run(kind: type[Scenario], fresh: bool, kills: int, minutes: float, seed: int) -> Tally:
    """Kill until there were so many kills, or the time is over."""
    began = time.monotonic()
    wrong: list[str] = []
    total = lives = checked = round_ = 0
    with users(fresh) as people:
        while total < kills and time.monotonic() - began < minutes * 60 and len(wrong) < 5:
            with tempfile.TemporaryDirectory() as folder:
                scenario = kind(people, Path(folder), random.Random(seed + round_))
                try:
                    while scenario.kills < min(40, kills - total) and time.monotonic() - began < minutes * 60:
                        scenario.once()
                    scenario.finish()
                except AssertionError as error:
                    wrong.append(f"seed {seed + round_}: {error}")
                finally:
                    scenario.close()
                total, lives, checked = total + scenario.kills, lives + scenario.lives, checked + scenario.checked
            round_ += 1
    return Tally(kind, total, lives, checked, (time.monotonic() - began) / 60, tuple(wrong))


def page(found: Sequence[Tally], seed: int, fresh: bool) -> str:
    """docs/reliability.md."""
    lines = [
        "# How it behaves when everything fails",
        "",
        "This page is written by `python benchmarks/reliability.py --write`; nobody edits it by hand.",
        "",
        "A process of the app works as a person does, in the window (keys, without a screen) or on the command line, and is killed",
        "(SIGKILL) at a random moment: half of the times after a random time, half at a random step on the disk (a file opened,",
        "renamed or deleted, a folder made). Then everything is looked at: the project opens and its file is sound; every label that",
        "was confirmed is there; no half model, copy or export is counted as one; what is downloaded verifies; what is done again",
        "comes out as if nothing had happened; a training that goes on ends with the same weights, bit by bit.",
        "",
        f"This run: seed {seed}, {'a fresh interpreter for each life' if fresh else 'lives forked from one process'},"
        f" {platform.system()}, Python {platform.python_version()}.",
        "",
        "| What was done | Kills | Lives | Checks that held | Minutes | Found |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {t.kind.said} | {t.kills:,} | {t.lives:,} | {t.checked:,} | {t.minutes:.1f} | {len(t.wrong)} |"
        for t in found
    ]
    lines.append(
        f"| **Together** | **{sum(t.kills for t in found):,}** | {sum(t.lives for t in found):,} |"
        f" {sum(t.checked for t in found):,} | {sum(t.minutes for t in found):.1f} | {sum(len(t.wrong) for t in found)} |"
    )
    for tally in found:
        lines += [f"- {tally.kind.name}: {words}" for words in tally.wrong]
    lines += [
        "",
        "Some thirty of these kills are part of the tests (tests/reliability/test_kills.py).",
        "",
        "## Other faults",
        "",
    ]
    lines += [f"- {what} ({where})" for what, where in _OTHER]
    lines += ["", "## What was found and mended", "", "Each is kept as a test.", ""]
    lines += [f"- {what} `{where}`" for what, where in FOUND]
    lines += [
        "",
        "## What is not promised",
        "",
        "- A disk that says that bytes are stored when they are not can lose what was confirmed; backups and",
        "  *Help, Check my project* are for that.",
        "- A folder that is synced to the cloud is written by two programs. The app writes one file at a time there and says so, but",
        "  two computers at once on one project is one too many.",
        "- Of a damaged database only what can still be read is read; what was on damaged pages is lost unless a backup has it.",
        "",
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="in each scenario")
    parser.add_argument("--minutes", type=float, default=30.0, help="at most, in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--only", default="", help=", ".join(s.name for s in SCENARIOS))
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md")
    options = parser.parse_args()
    chosen = [s for s in SCENARIOS if not options.only or s.name in options.only.split(",")]
    found = []
    for kind in chosen:
        found.append(run(kind, options.fresh, options.kills, options.minutes / len(chosen), options.seed))
        tally = found[-1]
        print(
            f"{kind.name}: {tally.kills} kills, {tally.lives} lives, {tally.checked} checks, {tally.minutes:.1f} min",
            flush=True,
        )
        for words in tally.wrong:
            print(f"  FOUND {words}", flush=True)
    text = page(found, options.seed, options.fresh)
    if options.write:
        (ROOT / "docs" / "reliability.md").write_text(text, encoding="utf-8")
    return 1 if any(t.wrong for t in found) else 0


if __name__ == "__main__":
    sys.exit(main())
