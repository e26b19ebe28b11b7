"""The kill tests, long: as many kills as one likes, in every scenario, and docs/reliability.md written from what came of them.

    python benchmarks/reliability.py [--kills 100] [--minutes 30] [--seed 1] [--fresh] [--only label,train] [--program FILE] [--add] [--write]

With --fresh each life begins as a person begins it, with an interpreter of its own; without, it is forked from one that has
loaded the libraries. With --program each is one of the frozen app (its file “model-workbench”, made by this very Python), as
it is installed. It ends after so many kills or so many minutes. --add keeps the run, with its seed and its numbers, among
those before it (benchmarks/results/kills.json; a run that found something is kept, too); --write makes the page in docs/ of all
that is kept there, also of what stopping.py, soak.py and fuzz.py have kept. With --kills 0 nothing is killed. What was found and
mended is in FOUND below: each line names the test that keeps it so.
"""

from __future__ import annotations

import argparse
import atexit
import json
import platform
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "reliability"))

from frozen_user import make_user
from harness import ROOT, SCENARIOS, Scenario, users

RESULTS = ROOT / "benchmarks" / "results"
_IN_MB = ("memory", "own", "of files", "malloc used", "malloc free", "tensor MB")
KILLS, STOPPING, SOAK, FUZZ = (RESULTS / f"{name}.json" for name in ("kills", "stopping", "soak", "fuzz"))

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
    (
        "Models that were deleted stayed in memory: the warm ones grew without bounds. (Found by the soak run.)",
        "tests/engine/test_engine_pool.py",
    ),
    (
        "What each thread had given back stayed with the C library, in a heap of its own each. (Found by the soak run.)",
        "tests/test_memory.py",
    ),
    (
        "Five errors were kept and raised again and again: each held every connection that ever met it. (Found by the two-hour"
        " soak run.)",
        "tests/test_errors_keep_nothing.py",
    ),
    (
        "Help, the command palette and four more dialogs lived on after they were closed, as long as the window. (Found by"
        " counting.)",
        "tests/gui/test_gui_nothing_left.py",
    ),
    (
        "A training answered a stop only at the end of a step, of three seconds on a busy computer; it now does between two layers,"
        " and the step has not happened.",
        "tests/runtimes/test_stopping.py",
    ),
    (
        "What was to be read ahead was read to its end although nobody wanted it any more: stopping an index took seconds.",
        "tests/engine/test_engine_readers.py",
    ),
    (
        "A workbook with damaged parts, and a torch file that ends within a length, were no sentence but an error of ours. (Found by"
        " the fuzzer.)",
        "tests/reliability/bad_inputs.py",
    ),
    (
        "Weights wrapped in themselves were unwrapped for ever. (Found by reading for the fuzzer.)",
        "tests/reliability/bad_inputs.py",
    ),
    (
        "A kept answer that is no list of named values was an error of ours. (Found by the fuzzer.)",
        "tests/fuzz/corpus/prediction-record",
    ),
    (
        "An export as ONNX, or as a finished network, heard a stop only after it was computed, up to 2.6 s on a busy computer; and"
        " stopped at its end it left the file without its report. It is made in a process of its own, in a hidden folder.",
        "tests/engine/test_engine_export_apart.py",
    ),
    (
        "On a full disk, conversations, tables and reports were said to be open in another program.",
        "tests/reliability/test_full_disk.py",
    ),
    (
        "A model whose download had just finished could be said not to be there: what was known of a folder went by its time of"
        " change, and two changes fell into one tick of the file system's clock.",
        "tests/hub/test_hub_listing.py",
    ),
    (
        "A crash's report named no place in our own program, and in the installed app no place at all; what went wrong in an export's"
        " own process was in no log. (Found in the installed app.)",
        "tests/gui/test_gui_upkeep.py",
    ),
    (
        'A command that had said "Stopped." kept its process for seconds: for a thread that loaded a library, and for Python\'s last'
        " look for garbage. (Found in the installed app.)",
        "tests/test_leaving.py",
    ),
    (
        "The window could stand still for ever, once in many thousand tests: Qt guessed in a thread what a thumbnail's bytes are, and"
        " waited for a lock of the window's thread, which waited for the interpreter. Nothing is guessed any more.",
        "tests/gui/test_gui_decoded.py",
    ),
)
_OTHER = (
    (
        "The power goes at any step of writing a file: every state a disk may be in by the rules of POSIX",
        "test_power_cut.py",
    ),
    ("The log of the labels cut off, zeroed or filled with rubbish from any byte on", "test_power_cut.py"),
    ("The network dies after any answer, and any byte", "test_faults.py"),
    ("No memory (a limit on the address space), no room (a limit on the size of files)", "test_faults.py"),
    ("A disk that is really full, for everything that is written, and then is not full any more", "test_full_disk.py"),
    (
        "Microphones and cameras that are unplugged in the middle of a recording",
        "test_gui_speech.py, test_gui_record_examples.py, test_engine_sound_examples.py, test_gui_video.py",
    ),
    ("Questions to the local server that would have it fetch, unfold or mix up", "test_serve_hostile.py"),
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


def run(kind: type[Scenario], fresh: bool, kills: int, minutes: float, seed: int, program: Path | None = None) -> Tally:
    """Kill until there were so many kills, or the time is over."""
    began = time.monotonic()
    wrong: list[str] = []
    total = lives = checked = round_ = 0
    with users(fresh, program) as people:
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


def kept(file: Path) -> Any:
    """What was kept of runs before; [] when nothing was."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def add(found: Sequence[Tally], seed: int, fresh: bool, frozen: bool = False) -> None:
    """Keep a run among those before it."""
    run = {
        "seed": seed, "fresh": fresh, "frozen": frozen, "day": f"{datetime.now(UTC):%Y-%m-%d}", "system": platform.system(),
        "python": platform.python_version(),
        "rows": [
            {"name": t.kind.name, "kills": t.kills, "lives": t.lives, "checked": t.checked, "minutes": round(t.minutes, 1),
             "wrong": list(t.wrong)}
            for t in found
        ],
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    KILLS.write_text(json.dumps([*kept(KILLS), run], indent=1), encoding="utf-8")


def kill_lines(runs: Sequence[dict[str, Any]]) -> list[str]:
    """The table of all runs together, and each run by itself."""
    said = {kind.name: kind.said for kind in SCENARIOS}
    rows = [row for run in runs for row in run["rows"]]

    def line(title: str, some: Sequence[dict[str, Any]], strong: str = "") -> str:
        sums = [sum(row[what] for row in some) for what in ("kills", "lives", "checked")]
        return (
            f"| {strong}{title}{strong} | {strong}{sums[0]:,}{strong} | {sums[1]:,} | {sums[2]:,} |"
            f" {sum(row['minutes'] for row in some):.1f} | {sum(len(row['wrong']) for row in some)} |"
        )

    lines = ["| What was done | Kills | Lives | Checks that held | Minutes | Found |", "|---|---:|---:|---:|---:|---:|"]
    lines += [line(words, [r for r in rows if r["name"] == name]) for name, words in said.items()]
    lines += [line("Together", rows, "**"), "", "Each run by itself:", ""]
    for run in runs:
        counts = ", ".join(f"{row['name']} {row['kills']}" for row in run["rows"])
        how = "a fresh interpreter for each life" if run["fresh"] else "lives forked from one process"
        how = "the installed app" if run.get("frozen") else how
        lines.append(
            f"- {run['day']}, seed {run['seed']}, {how}, {run['system']}, Python {run['python']}: {counts} kills."
        )
        lines += [f"  - found, {row['name']}: {words}" for row in run["rows"] for words in row["wrong"]]
    return lines


def stopping_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    stops, closes = ([s for row in rows for s in row[what]] for what in ("stopped", "closed"))
    lines = [
        "", "## Stopping, and closing the window, at any moment", "",
        "Every kind of long work is begun in the window, and is told to stop after a random time; then the window is closed in the",
        "midst of it (benchmarks/stopping.py). Seconds from the click until its thread has ended. Afterwards no thread and no process",
        "is left, the project is sound, and nothing half lies about. Measured on two cores that did a dozen other things (the load is",
        "in the table), so a quiet computer is quicker: where it was measured, the table also says how many seconds the app itself",
        "computed between the click and the end.", "",
        "| What is stopped | Times | Median | Nine of ten | Longest | Computing, longest | Window closed, longest | Load |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for row in rows:
        found = sorted(row["stopped"]) or [0.0]
        lines.append(
            f"| {row['said']} | {len(row['stopped'])} | {median(found):.2f} | {found[min(len(found) - 1, int(0.9 * len(found)))]:.2f}"
            f" | {found[-1]:.2f} | {_computed(row)} | {max(row['closed'], default=0):.2f} | {row.get('load', 0):.0f} |"
        )
    lines += [
        "",
        f"All {len(stops)} stops: median {median(stops):.2f} s, {sum(s <= 1 for s in stops)} within a second. All {len(closes)}"
        f" closings: median {median(closes):.2f} s, {sum(s <= 1 for s in closes)} within a second.",
    ]
    return lines


def _computed(row: dict[str, Any]) -> str:
    return f"{max(row['computed']):.2f}" if row.get("computed") else ""


def soak_lines(runs: Sequence[dict[str, Any]]) -> list[str]:
    if not runs:
        return []
    lines = [
        "", "## Mixed use for a long time", "",
        "Pages, labels, steps taken back, imports, trainings that are run and stopped, answers, exports, backups, other projects, by",
        "turns (benchmarks/soak.py). How much there is of each kind, and how it changes per hour over the second half, by least",
        "squares.", "",
    ]  # fmt: skip
    for run in runs:
        lines += [
            f"{run['words']} {run['minutes']:.0f} minutes, {run['deeds']:,} deeds, {run['warnings']} warnings of Qt or Python:", "",
            "| | Per hour | Between |", "|---|---:|---:|",
        ]  # fmt: skip
        lines += [
            f"| {name}{' (MB)' if name in _IN_MB else ''} | {row['slope']:+,.1f} | {row['low']:,.0f} and {row['high']:,.0f} |"
            for name, row in run["rows"].items()
        ]
        lines.append("")
    return lines[:-1]


def fuzz_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    asked: dict[str, int] = {}
    for row in rows:
        asked[row["name"]] = asked.get(row["name"], 0) + row["asked"]
    return [
        "", "## Bytes that nobody would send", "",
        f"Atheris (coverage-guided, benchmarks/fuzz.py) has asked our {len(asked)} readers {sum(asked.values()):,} times: "
        + ", ".join(f"{name} {count:,}" for name, count in asked.items())
        + f". It found {sum(bool(row['found']) for row in rows)} things, which are mended and asked again by the tests"
        " (tests/fuzz/corpus).",
    ]  # fmt: skip


def page() -> str:
    """docs/reliability.md, of all that is kept."""
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
    ]
    lines += kill_lines(kept(KILLS))
    lines += [
        "",
        "Some forty of these kills are part of the tests (tests/reliability/test_kills.py).",
    ]
    lines += stopping_lines(kept(STOPPING))
    lines += soak_lines(kept(SOAK))
    lines += fuzz_lines(kept(FUZZ))
    lines += ["", "## Other faults", ""]
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
    parser.add_argument("--program", type=Path, help="the frozen app, in place of the source tree")
    parser.add_argument("--only", default="", help=", ".join(s.name for s in SCENARIOS))
    parser.add_argument("--add", action="store_true", help="keep this run among those before it")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md of all that is kept")
    options = parser.parse_args()
    chosen = [s for s in SCENARIOS if not options.only or s.name in options.only.split(",")]
    program = options.program
    if program is not None:
        place = Path(tempfile.mkdtemp(prefix=".user-", dir=program.parent.parent))
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        program = make_user(program, place / "app")
    found = []
    for kind in chosen if options.kills else ():
        found.append(run(kind, options.fresh, options.kills, options.minutes / len(chosen), options.seed, program))
        tally = found[-1]
        print(
            f"{kind.name}: {tally.kills} kills, {tally.lives} lives, {tally.checked} checks, {tally.minutes:.1f} min",
            flush=True,
        )
        for words in tally.wrong:
            print(f"  FOUND {words}", flush=True)
    if options.add and found:
        add(found, options.seed, options.fresh, program is not None)
    if options.write:
        (ROOT / "docs" / "reliability.md").write_text(page(), encoding="utf-8")
    return 1 if any(t.wrong for t in found) else 0


if __name__ == "__main__":
    sys.exit(main())
