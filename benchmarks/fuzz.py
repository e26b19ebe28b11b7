"""Look for bytes that a reader of ours answers with anything but a value or a sentence.

    python benchmarks/fuzz.py [--seconds 60] [--only coco,dicom] [--list] [--add]

Every target (tests/fuzz/fuzz_targets.py) is asked in a process of its own, led by what of our code it reached (atheris 3,
Google's coverage-guided fuzzer; Linux; `pip install -c packaging/constraints.txt .[fuzz]`). It begins with the target's seeds and with what is kept in
tests/fuzz/corpus. Printed: how often each was asked, how many places of code were reached, and every finding, whose bytes are
laid under build/fuzz. What was mended is put, made small, into tests/fuzz/corpus/TARGET, where the tests ask it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fuzz"))
sys.path.insert(0, str(ROOT))
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
FOUND = ROOT / "build" / "fuzz"
_MEGABYTES = 3000
_LONGEST = 20_000


def ask_one(name: str, seconds: int, place: Path) -> None:
    """In a process of its own; ends it."""
    import logging
    import os
    import shutil
    import warnings

    import atheris

    os.environ["WORKBENCH_HOME"] = str(place / "home")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=["workbench"], enable_loader_override=False):
        import fuzz_targets

        import workbench.data.documents
        import workbench.data.importers
        import workbench.data.importers.formats
        import workbench.data.importers.rows
        import workbench.data.molecules
        import workbench.data.people
        import workbench.data.project
        import workbench.data.rle
        import workbench.data.series_sample
        import workbench.data.smiles
        import workbench.engine.conversation_store
        import workbench.engine.elsewhere.layout
        import workbench.engine.folder_rules
        import workbench.engine.journey
        import workbench.engine.run
        import workbench.runtimes.darknet_net
        import workbench.runtimes.recognise
        import workbench.tasks.predictions
        import workbench.trust.card.record  # noqa: F401
        from workbench import guard
        from workbench.data.importers.formats import all_formats

        all_formats()
        target = next(t for t in fuzz_targets.targets() if t.name == name)
        seeds = target.seeds()
        (place / "first").mkdir()
        for seed in seeds:  # whatever the readers load lazily is loaded, and looked through, now
            shutil.rmtree(place / "first")
            (place / "first").mkdir()
            target.ask(seed, place / "first")
    guard.stand()
    corpus, words, work = place / "corpus", place / "words", place / "work"
    corpus.mkdir()
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words.write_text("".join(f'"{_escaped(t)}"' + chr(10) for t in (*target.tokens, chr(0))), encoding="ascii")
    FOUND.mkdir(parents=True, exist_ok=True)

    def once(data: bytes) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        target.ask(data, work)
        assert not guard.refused(), f"the watch refused {guard.refused()}"

    kept = [str(CORPUS / name)] if (CORPUS / name).is_dir() else []
    atheris.Setup(
        [
            "fuzz", str(corpus), *kept, f"-max_total_time={seconds}", f"-timeout={fuzz_targets.SECONDS}",
            f"-rss_limit_mb={_MEGABYTES}", f"-max_len={_LONGEST}", f"-artifact_prefix={FOUND / name}-", "-print_final_stats=1",
            f"-dict={words}", "-seed=1", "-reload=0",
        ],
        once,
    )  # fmt: skip
    atheris.Fuzz()


def _escaped(token: str) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in token.encode())


def told(words: str) -> tuple[int, int]:
    """How often it was asked, and how many places in the code were reached."""
    asked = re.findall(r"stat::number_of_executed_units: (\d+)", words) or re.findall(r"^#(\d+)\s", words, re.M)
    reached = re.findall(r"\bcov: (\d+)", words)
    return int(asked[-1]) if asked else 0, int(reached[-1]) if reached else 0


def finding(words: str) -> str:
    """What a finding's last words are; "" when there is none."""
    said = re.findall(r"(?:=== Uncaught Python exception: ===\n([^\n]+)|ERROR: (libFuzzer: [^\n(]+))", words)
    return " ".join("".join(pair) for pair in said)[:300]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--only", default="", help="some of the targets")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--add", action="store_true", help="keep the figures for docs/reliability.md")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        ask_one(options.one, options.seconds, options.place)
        return 0
    from fuzz_targets import targets

    names = [t.name for t in targets()]
    if options.list:
        print("\n".join(names))
        return 0
    wrong = total = 0
    rows = []
    for name in [n for n in names if not options.only or n in options.only.split(",")]:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
            done = subprocess.run(
                [sys.executable, __file__, "--one", name, "--seconds", str(options.seconds), "--place", place],
                capture_output=True, text=True, errors="replace", cwd=ROOT,
            )  # fmt: skip
        asked, reached = told(done.stderr)
        said = finding(done.stderr) or ("" if done.returncode == 0 else done.stderr[-300:].replace("\n", " "))
        wrong += bool(said)
        total += asked
        seconds = time.monotonic() - began
        rows.append({"name": name, "asked": asked, "places": reached, "seconds": round(seconds), "found": said})
        print(
            f"{name:18} {asked:9,} times, {reached:6,} places, {seconds:4.0f} s  {'FOUND ' + said if said else ''}",
            flush=True,
        )
    if options.add:
        file = ROOT / "benchmarks" / "results" / "fuzz.json"
        before = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
        file.write_text(json.dumps([*before, *rows], indent=1), encoding="utf-8")
    print(f"{total:,} times in all; {wrong} with a finding")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
