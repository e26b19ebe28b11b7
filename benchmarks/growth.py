"""How time and memory grow: with the number of items, the size of pictures, the number of classes, the length of texts and of
recordings.

    python benchmarks/growth.py [--quick] [--only STEP ...] [--write]

Every measurement runs in a process of its own: its time, and by how much the memory of that process rose above what it had when
the step began (the highest it ever was, as Linux tells; elsewhere the highest of the whole process). A step goes on to the next
size until one takes longer than `--longest` seconds of computing. The slope is that of the straight line through the last three sizes on
logarithmic scales: 1 is linear. What is above 1.2, or whose memory grows like the number of items, is marked. `--write` puts the
rows into the table in docs/growth.md, each with the load under which it was measured; rows that were not measured now stay as they
are. `--lacking`: only those that the table has not yet.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TARGET = ROOT / "docs" / "growth.md"
BEGIN, END = "<!-- measured: benchmarks/growth.py --write -->", "<!-- end -->"
WORSE = 1.2
# Below this a time is mostly the fixed part, and says nothing about growth.
LEAST_SECONDS = 0.02
# Memory that rises by less than this between the last two sizes is called flat.
FLAT_MB = 30.0


@dataclass(frozen=True)
class Step:
    """`make` gets the size and a folder, prepares, and gives what is measured. `quick`: so many sizes in a quick run."""

    name: str
    unit: str
    sizes: tuple[int, ...]
    make: Callable[[int, Path], Callable[[], object]]
    quick: int = 9
    reason: str = ""


# What is measured -----------------------------------------------------------------------------------------------------


def pictures(folder: Path, count: int, side: int = 48, classes: int = 5) -> Path:
    """A folder per class of small distinct PNGs."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    for n in range(count):
        home = folder / f"class {n % classes:04}"
        if n < classes:
            home.mkdir(parents=True, exist_ok=True)
        small = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize(
            (side, side), Image.Resampling.BICUBIC
        )
        small.save(home / f"{n:06}.png", compress_level=1)
    return folder


def rows(folder: Path, count: int, classes: int = 5, kind: str = "picture", files: bool = False) -> Any:
    """A project with so many items, made row by row; its files are not there, except where asked for."""
    from workbench.data.project import Project

    draw = random.Random(0)
    project = Project.create(folder, "grown", "image-classification" if kind == "picture" else "text-classification")
    ids = []
    with project.changing():
        ids = [project.add_class(f"class {n}").id for n in range(min(classes, 5))]
    with project._store.transaction() as sql:
        for n in range(5, classes):
            made = sql.execute(
                "INSERT INTO classes (name, position, colour) VALUES (?, ?, '#888888')", (f"class {n}", n)
            )
            ids.append(int(made.lastrowid or 0))
        there = folder / "picture.png"
        if files:
            from PIL import Image

            Image.new("RGB", (48, 48)).save(there)
        sql.executemany(
            "INSERT INTO items (kind, name, path, copied, text, class_id, label_source, content_hash, width, height, signature)"
            " VALUES (?, ?, ?, 0, ?, ?, 'person', ?, 640, 480, ?)",
            (
                (
                    kind, f"IMG_{n:06}", str(there) if kind == "picture" else None,
                    " ".join(f"w{draw.randrange(5000)}" for _ in range(20)) if kind == "text" else None,
                    ids[n % len(ids)], f"{n:064x}", draw.randbytes(264) if kind == "picture" else None,
                )
                for n in range(count)
            ),
        )  # fmt: skip
    return project


def importing(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.importers import sniff
    from workbench.engine.journey import project_from_plan

    pictures(folder / "files", count)
    return lambda: project_from_plan(sniff([str(folder / "files")]), folder / "p")[0].close()


def classes_imported(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.importers import sniff
    from workbench.engine.journey import project_from_plan

    table = folder / "texts.csv"
    table.write_text(
        "text,label\n" + "".join(f"this is text {n},class {n % count}\n" for n in range(2000)), encoding="utf-8"
    )
    return lambda: project_from_plan(sniff([str(table)]), folder / "p")[0].close()


def opening(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.project import Project

    rows(folder / "p", count).close()

    def run() -> None:
        with Project.open(folder / "p") as project:
            project.counts()
            project.groups()
            project.items(project.item_ids()[:128])

    return run


def filtering(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.types import ItemFilter

    project = rows(folder / "p", count)
    filters = [
        ItemFilter(class_ids=(2,)), ItemFilter(search="777"), ItemFilter(order="name"), ItemFilter(order="label"),
        ItemFilter(order="uncertain"), ItemFilter(labelled=False, problems=False),
    ]  # fmt: skip
    return lambda: [project.item_ids(f) for f in filters]


def duplicates(count: int, folder: Path) -> Callable[[], object]:
    project = rows(folder / "p", count)
    return lambda: project.near_groups(project.item_ids())


def text_duplicates(count: int, folder: Path) -> Callable[[], object]:
    project = rows(folder / "p", count, kind="text")
    return lambda: project.near_groups(project.item_ids())


def health(count: int, folder: Path) -> Callable[[], object]:
    from workbench.engine.health.check import known_health

    project = rows(folder / "p", count, files=True)
    return lambda: known_health(project)


def splitting(count: int, folder: Path) -> Callable[[], object]:
    project = rows(folder / "p", count)
    return lambda: project.ensure_splits()


def _starter() -> tuple[Any, Any]:
    from workbench.catalog.catalog import Catalog
    from workbench.engine.finetune import load_libraries
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_network

    load_libraries()
    catalog = Catalog.load()
    card, _why = catalog.suggest("image-classification", to_teach=True)
    open_network(card, files(card))
    return catalog, card


def quick(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.importers import sniff
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan
    from workbench.tasks.lesson import How

    catalog, card = _starter()
    project, _ = project_from_plan(sniff([str(pictures(folder / "files", count))]), folder / "p")
    return lambda: [None for _ in fit(new_config(project, card, How.QUICK), project, catalog)]


def head(count: int, _folder: Path) -> Callable[[], object]:
    import torch

    from workbench.engine.head import fit_path
    from workbench.tasks.registry import get_pooled

    torch.manual_seed(0)
    features, labels = torch.randn(2000, 320), torch.arange(2000) % count
    task = get_pooled("image-classification")
    return lambda: list(fit_path(features, labels, features[:300], labels[:300], count, objective=task))


def predicting(count: int, folder: Path) -> Callable[[], object]:
    from workbench.engine.bulk import run_to_csv

    _catalog, card = _starter()
    pictures(folder / "files", count)
    return lambda: run_to_csv(card, [folder / "files"], folder / "answers.csv")


def picture_size(side: int, folder: Path) -> Callable[[], object]:
    from workbench.engine.bulk import run_to_csv

    _catalog, card = _starter()
    pictures(folder / "files", 8, side)
    return lambda: run_to_csv(card, [folder / "files"], folder / "answers.csv")


def exporting(count: int, folder: Path) -> Callable[[], object]:
    from workbench.data.exporters.project import export_labels

    project = rows(folder / "p", count)
    return lambda: export_labels(project, folder / "labels.csv")


def text_length(letters: int, folder: Path) -> Callable[[], object]:
    from workbench.catalog.catalog import Catalog
    from workbench.data.types import Sample
    from workbench.engine.finetune import load_libraries
    from workbench.engine.predict import predict
    from workbench.tasks.registry import get_task

    load_libraries()
    card, _why = Catalog.load().suggest("sentence-embedding")
    task = get_task("sentence-embedding")
    draw = random.Random(0)
    text = ""
    while len(text) < letters:
        text += (
            " ".join(
                draw.choice(("parcel", "late", "thank", "you", "lamp", "soup", "cold", "where")) for _ in range(50)
            )
            + ". "
        )
    list(predict([Sample("text", "warm", text="a few words")], card, task))
    return lambda: list(predict([Sample("text", "long", text=text[:letters])], card, task))


def recording(seconds: int, folder: Path) -> Callable[[], object]:
    import wave

    import numpy as np

    from workbench.data.sound import portrait
    from workbench.data.types import Sample

    rng = np.random.default_rng(0)
    with wave.open(str(folder / "long.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        for _ in range(seconds):
            file.writeframes(rng.integers(-9000, 9000, 16_000, np.int16).tobytes())
    return lambda: portrait(Sample("sound", "long", path=folder / "long.wav"))


def recording_heard(seconds: int, folder: Path) -> Callable[[], object]:
    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import sniff
    from workbench.engine.features import compute_features
    from workbench.engine.finetune import load_libraries
    from workbench.engine.journey import project_from_plan
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_network
    from workbench.tasks.registry import get_pooled

    load_libraries()
    card, _why = Catalog.load().suggest("sound-classification", to_teach=True)
    network, task = open_network(card, files(card)), get_pooled("sound-classification")
    projects = []
    for name, length in (("warm", 1), ("long", seconds)):
        (folder / name).mkdir()
        recording(length, folder / name)
        project, _ = project_from_plan(sniff([str(folder / name / "long.wav")]), folder / f"p-{name}")
        projects.append(project.items(project.item_ids()))
    compute_features(projects[0], network, task)
    return lambda: compute_features(projects[1], network, task)


def text_imported(letters: int, folder: Path) -> Callable[[], object]:
    from workbench.data.project import Project
    from workbench.data.types import NewItem

    project = Project.create(folder / "p", "p", "text-classification")
    draw = random.Random(0)
    words = [" ".join(f"w{draw.randrange(9000)}" for _ in range(letters // 6)) for _ in range(20)]

    def run() -> None:
        project.add_items(NewItem("text", "t", text=w) for w in words)
        project.near_groups(project.item_ids())

    return run


ITEMS = (100, 1_000, 10_000, 100_000)
STEPS = {
    "import": Step("Import a folder of pictures", "pictures", (100, 1_000, 10_000), importing, 2),
    "open": Step("Open a project, count, first screen", "items", ITEMS, opening),
    "filter": Step("Six filters and orders", "items", ITEMS, filtering),
    "duplicates": Step("Look for pictures nearly the same", "items", ITEMS, duplicates),
    "text-duplicates": Step("Look for texts nearly the same", "items", ITEMS, text_duplicates, 3),
    "split": Step("Share out into training and test", "items", ITEMS, splitting, 3),
    "health": Step("Health: what is known without a network", "items", ITEMS, health, 4),
    "quick": Step("Train, Quick: features and head", "pictures", (100, 300, 1_000, 3_000), quick, 3),
    "predict": Step("Predict a folder into a table", "pictures", (100, 300, 1_000, 3_000), predicting, 3),
    "export": Step("Export the labels as a table", "items", ITEMS, exporting),
    "picture-size": Step("Predict 8 pictures", "pixels wide", (256, 1_024, 4_096), picture_size, 9, "pixels are the square of the width"),
    "classes": Step("Import 2,000 texts", "classes", (2, 20, 200, 1_000), classes_imported),
    "head": Step("Quick's head on 2,000 items", "classes", (2, 20, 200), head),
    "text-length": Step("Embed one text", "letters", (100, 1_000, 10_000, 100_000), text_length, 3),
    "text-import": Step("Import 20 texts and compare them", "letters", (100, 1_000, 10_000, 100_000), text_imported),
    "sound-length": Step("Listen to one recording", "seconds", (1, 10, 100, 1_000), recording_heard, 3),
    "recording": Step("Import a recording", "seconds", (1, 10, 100, 1_000), recording, 4),
}  # fmt: skip


# Measuring ------------------------------------------------------------------------------------------------------------


def child(name: str, size: int) -> None:
    """In a process of its own: prints seconds, processor seconds and MB as JSON."""
    with tempfile.TemporaryDirectory(prefix="growth-") as place:
        folder = Path(place)
        os.environ["WORKBENCH_HOME"] = str(folder / "Me")
        from workbench.app_paths import app_paths

        app_paths().ensure()
        run = STEPS[name].make(size, folder)
        before = _peak(start=True)
        began, busy = time.perf_counter(), time.process_time()
        run()
        spent, worked = time.perf_counter() - began, time.process_time() - busy
        print(json.dumps({"seconds": spent, "busy": worked, "mb": max(0.0, _peak() - before)}), flush=True)
        # What other threads are at (finding the quickest engine) is nothing to wait for.
        sys.stdout.flush()
    os._exit(0)


def _peak(start: bool = False) -> float:
    """The highest memory in MB since it was last asked with `start` (Linux), or of the whole process."""
    status = Path("/proc/self/status")
    if status.exists():
        if start:
            Path("/proc/self/clear_refs").write_text("5")  # the kernel's own switch, no file
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1000
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def measure(name: str, quick_run: bool, longest: float) -> list[tuple[int, float, float, float]]:
    """(size, seconds, processor seconds, MB) of each size, until one takes too long."""
    found = []
    step = STEPS[name]
    for size in step.sizes[: step.quick] if quick_run else step.sizes:
        began = time.perf_counter()
        try:
            done = subprocess.run(
                [sys.executable, __file__, "--child", name, str(size)], capture_output=True, text=True,
                timeout=longest * 8 + 120, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"{step.name}, {size:,} {step.unit}: not over after {longest * 8 + 120:.0f} s", flush=True)
            break
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if not lines:
            print(f"{step.name}, {size:,}: failed\n{done.stderr[-600:]}", flush=True)
            break
        said = json.loads(lines[-1])
        found.append((size, said["seconds"], said["busy"], said["mb"]))
        print(
            f"{step.name:42} {size:>8,} {step.unit:12} {said['seconds']:8.2f} s  computing {said['busy']:8.2f} s {said['mb']:8.1f} MB"
            f"   ({time.perf_counter() - began:.0f} s with preparing)", flush=True,
        )  # fmt: skip
        if said["busy"] > longest:
            break
    return found


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Of the line through the last three points on logarithmic scales; None where too little can be said."""
    told = [(math.log(x), math.log(y)) for x, y in points if y >= LEAST_SECONDS][-3:]
    if len(told) < 2:
        return None
    mean_x, mean_y = (sum(p[i] for p in told) / len(told) for i in (0, 1))
    across = sum((x - mean_x) ** 2 for x, _ in told)
    return sum((x - mean_x) * (y - mean_y) for x, y in told) / across


def line(name: str, found: list[tuple[int, float, float, float]], load: float) -> str:
    """One row of the table. `load`: of the machine when it was measured."""
    step = STEPS[name]
    grows = slope([(size, busy) for size, _, busy, _ in found])
    sizes = " → ".join(f"{size:,}" for size, *_ in found)
    times = " → ".join(f"{seconds:.2f}" if seconds < 10 else f"{seconds:.0f}" for _, seconds, _, _ in found)
    memory = " → ".join(f"{mb:.0f}" for *_, mb in found)
    # From the last size but one: the first ones also hold what is only made once.
    first, last = found[max(0, len(found) - 2)], found[-1]
    per = (last[3] - first[3]) / max(1, last[0] - first[0]) * 1000
    flat = "flat" if last[3] - first[3] < FLAT_MB else f"{per:.2f} kB each"
    said = (
        "–"
        if grows is None
        else f"{grows:.2f}" + (" **worse than linear**" if grows > WORSE and not step.reason else "")
    )
    grown = f"{said} ({step.reason})" if step.reason else said
    return f"| {step.name} | {step.unit} | {sizes} | {times} | {grown} | {memory} | {flat} | {load:.0f} |"


HEAD = (
    "| What | of | sizes | seconds | slope of the computing time | MB above the start | memory | load |",
    "|---|---|---|---|---|---|---|---|",
)


def known_rows(page: str) -> dict[str, str]:
    """The rows of the table in the page, by what they are about (what and of)."""
    table = [row for row in page.split(BEGIN)[1].split(END)[0].splitlines() if row.startswith("| ")]
    return {_about(row): row for row in table if not row.startswith("| What ")}


def _about(row: str) -> str:
    return " ".join(cell.strip() for cell in row.split("|")[1:3])


def merged(page: str, measured: Sequence[str]) -> str:
    """The page with these rows in the place of older ones, in the order of `STEPS`."""
    rows = known_rows(page) | {_about(row): row for row in measured}
    order = {f"{step.name} {step.unit}": place for place, step in enumerate(STEPS.values())}
    # A row whose step there is no more goes.
    kept = sorted((about for about in rows if about in order), key=order.__getitem__)
    text = [
        BEGIN, "", f"Measured on {os.cpu_count()} cores, torch with one thread, at the load of the machine that is in the last"
        " column; seconds are by the clock, the slope is of the computing time alone.", "", *HEAD, *(rows[a] for a in kept), "", END,
    ]  # fmt: skip
    return page.split(BEGIN)[0] + "\n".join(text) + page.split(END)[1]


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="*", choices=tuple(STEPS), default=tuple(STEPS))
    parser.add_argument("--longest", type=float, default=60.0)
    parser.add_argument("--lacking", action="store_true", help="only rows that docs/growth.md has not yet")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs=2)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], int(given.child[1]))
    known = known_rows(TARGET.read_text(encoding="utf-8"))
    table = []
    for name in given.only:
        if given.lacking and f"{STEPS[name].name} {STEPS[name].unit}" in known:
            continue
        found = measure(name, given.quick, min(15.0, given.longest) if given.quick else given.longest)
        if found:
            table.append(line(name, found, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0))
        if given.write and table:  # at once: a run that is broken off has not been in vain
            TARGET.write_text(merged(TARGET.read_text(encoding="utf-8"), table), encoding="utf-8")
    print("\n" + "\n".join([*HEAD, *table]))


if __name__ == "__main__":
    main()
