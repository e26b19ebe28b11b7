"""What a training costs and how long it takes, from one laptop to 10 million items on 64 graphics cards.

    python benchmarks/scaling.py [--write]

Measures on this computer what one machine does: reading pictures, features, training steps, the list of items, hashes, and what
two processes lose by adding up gradients. Works out the rest from that and from the assumptions below, which are no
measurements. `--write` puts the tables into docs/scaling.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ["WORKBENCH_HOME"] = tempfile.mkdtemp()

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.project_manifest import ManifestLine
from workbench.data.types import Sample, Split
from workbench.engine.finetune import HEAD_START
from workbench.engine.head import STRENGTHS, fit_path
from workbench.hub.http import sha256
from workbench.hub.store import files
from workbench.runtimes.registry import open_network
from workbench.tasks.lesson import How
from workbench.tasks.pooled_lesson import trained_stages
from workbench.tasks.registry import get_pooled

TARGET = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
BEGIN, END = "<!-- measured: benchmarks/scaling.py --write -->", "<!-- end -->"


@dataclass(frozen=True)
class Assumed:
    """What is not measured here. Whoever knows better changes it and runs this again.

    Attributes:
        flops: sustained multiply-adds per second and card, times two. An L4's data sheet says 121e12 dense in 16 bits; small
            networks of depth-wise convolutions reach a tenth or less of such figures.
        cores: processor cores beside each card, which read its pictures.
        link: bytes per second between machines of 8 cards each, for all of them together.
        inside: bytes per second between cards of one machine.
        beat: seconds that one exchange of a few numbers takes among all.
        card_hour, laptop_hour: US dollars: a rented card with its cores; a laptop's 30 W at 0.30 a kWh.
        rounds: epochs until it stops by itself; share: of the items that are learnt from.
        batch: items per card and step.
        classes: to be told apart. Pictures are photos of `picture_bytes` each.
    """

    flops: float = 10e12
    cores: int = 8
    link: float = 3e9
    inside: float = 12e9
    beat: float = 1e-3
    card_hour: float = 0.80
    laptop_hour: float = 0.009
    rounds: int = 10
    share: float = 0.7
    batch: int = 64
    classes: int = 100
    picture_bytes: int = 200_000


@dataclass(frozen=True)
class Measured:
    """Of one process of one thread. Seconds each; `read` of a photo of 640 x 427, ready for the network."""

    read: float
    features: float
    balanced: float
    thorough: float
    line: float
    line_bytes: float
    hash_byte: float
    head: float
    exchange: float
    forward_flops: float
    balanced_bytes: int
    thorough_bytes: int
    width: int
    answer_bytes: int


def best_of(work: Callable[[], Any], times: int = 5) -> float:
    """Seconds of the quickest of some tries, after one that does not count: others may be at work on this computer."""
    work()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def measure() -> Measured:
    """All of it; about two minutes."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    torch.set_num_threads(1)
    catalog = Catalog.load()
    card, _ = catalog.suggest("image-classification")
    task = get_pooled("image-classification")
    network = open_network(card, files(card))
    photo = resources() / "samples" / "try" / "china.jpg"
    prepared = [task.prepare(Sample("picture", path=photo), network) for _ in range(16)]
    read = best_of(lambda: task.prepare(Sample("picture", path=photo), network), 20)
    network.module.eval()

    def looked() -> None:
        with torch.inference_mode():
            network.features(task.collate(prepared[:8], network))

    features = best_of(looked) / 8
    network.set_head(tuple(map(str, range(Assumed.classes))))
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network.logits(task.collate(prepared[:1], network))
    steps, sizes = {}, {}
    for how in (How.BALANCED, How.THOROUGH):
        network.module.requires_grad_(False)
        parameters = [p for stage in trained_stages(network.stages(), how) for p in stage]
        for parameter in parameters:
            parameter.requires_grad_(True)
        optimiser = torch.optim.AdamW(parameters)
        targets = torch.zeros(16, dtype=torch.int64)

        def step(optimiser: Any = optimiser, targets: Any = targets) -> None:
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network.logits(task.collate(prepared, network)), targets).backward()
            optimiser.step()

        steps[how] = best_of(step, 3) / 16
        sizes[how] = sum(p.numel() for p in parameters) * 4
    matrix = torch.randn(4000, network.feature_width)
    labels = torch.arange(4000) % Assumed.classes
    began = time.perf_counter()
    list(fit_path(matrix, labels, matrix[:400], labels[:400], Assumed.classes, objective=task))
    head = (time.perf_counter() - began) / 4000
    return Measured(
        read, features, steps[How.BALANCED], steps[How.THOROUGH], *_line(), _hash(), head, _exchange(), counter.get_total_flops(),
        sizes[How.BALANCED], sizes[How.THOROUGH], network.feature_width, 70 * Assumed.classes,
    )  # fmt: skip


def _line() -> tuple[float, float]:
    """Of one line of the list of items: seconds to read, check and put it into the process's own project; bytes that it and
    its item then take in memory."""
    import json
    import tracemalloc

    folder = Path(tempfile.mkdtemp())
    row = ManifestLine(1, "picture", "a name of a file.jpg", "0" * 64, "train", "00/" + "0" * 64 + ".jpg", label="cat")
    texts = [json.dumps(replace(row, id=n).to_json()) for n in range(1, 20_001)]
    with Project.create(folder / "p", "P", "image-classification") as project:
        began = time.perf_counter()
        project.take_manifest((ManifestLine.from_json(json.loads(t)) for t in texts), folder)
        spent = (time.perf_counter() - began) / len(texts)
        tracemalloc.start()
        held = [ManifestLine.from_json(json.loads(t)) for t in texts], project.items(project.item_ids())
        size = tracemalloc.get_traced_memory()[0] / len(held[0])
        tracemalloc.stop()
        return spent, size


def _hash() -> float:
    file = Path(tempfile.mkdtemp()) / "f"
    file.write_bytes(os.urandom(50_000_000))
    return best_of(lambda: sha256(file), 3) / 50_000_000


_PAIR = """
import sys, time, torch
from workbench.engine.together import join
t = join("cpu")
gradients = [torch.ones(1000, 1000) for _ in range(4)]
for count in (3, 20):
    began = time.perf_counter()
    for _ in range(count):
        t.all_of(lambda: None); t.sums([1.0] * 6); t.add_up(gradients)
    spent = (time.perf_counter() - began) / count
print(spent if t.leads else "")
"""


def _exchange() -> float:
    """Seconds that two processes on this computer need for one step's exchange of 4 million numbers."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    started = []
    for rank in "01":
        environment = os.environ | {
            "RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(TARGET.parent.parent),
        }  # fmt: skip
        started.append(
            subprocess.Popen([sys.executable, "-c", _PAIR], env=environment, stdout=subprocess.PIPE, text=True)
        )
    said = [process.communicate()[0] for process in started]
    return float(said[0])


@dataclass(frozen=True)
class Place:
    """Where it runs. `cards` 0: on the two cores of a laptop, as measured."""

    name: str
    cards: int

    def step(self, m: Measured, a: Assumed, how: How) -> tuple[float, float]:
        """Seconds that one item costs in training on the whole place, and the share of it that is exchange."""
        if not self.cards:
            return (m.read + (m.balanced if how is How.BALANCED else m.thorough)) / 2, 0.0
        # Forward and backward: as measured here, relative to a forward pass.
        work = m.forward_flops * (m.balanced if how is How.BALANCED else m.thorough) / m.features
        alone = max(work / a.flops, m.read / a.cores) * a.batch
        size = m.balanced_bytes if how is How.BALANCED else m.thorough_bytes
        machines = max(1, self.cards // 8)
        speed = a.inside if machines == 1 else a.link
        sent = 0.0 if self.cards == 1 else 2 * size / speed + 3 * a.beat
        return (alone + sent) / (a.batch * self.cards), sent / (alone + sent)

    def look(self, m: Measured, a: Assumed) -> float:
        """Seconds per item for features, or for an answer."""
        if not self.cards:
            return (m.read + m.features) / 2
        return max(m.forward_flops / a.flops, m.read / a.cores) / self.cards


ROWS = (
    (Place("laptop, 2 cores", 0), 1_000), (Place("laptop, 2 cores", 0), 10_000), (Place("laptop, 2 cores", 0), 100_000),
    (Place("1 card", 1), 100_000), (Place("1 card", 1), 1_000_000), (Place("8 cards, 1 machine", 8), 1_000_000),
    (Place("8 cards, 1 machine", 8), 10_000_000), (Place("64 cards, 8 machines", 64), 1_000_000),
    (Place("64 cards, 8 machines", 64), 10_000_000),
)  # fmt: skip


def tables(m: Measured, a: Assumed) -> str:
    """Both tables, as Markdown."""
    lines = ["| Measured here, one process with one thread | |", "|---|---|"]
    lines += [
        f"| A photo read and made ready | {m.read * 1000:.1f} ms |",
        f"| Features of a picture (Quick) | {m.features * 1000:.1f} ms, {1 / m.features:.0f} a second |",
        f"| A training step, Balanced, per picture | {m.balanced * 1000:.1f} ms |",
        f"| A training step, Thorough, per picture | {m.thorough * 1000:.1f} ms |",
        f"| Operations of one forward pass | {m.forward_flops / 1e9:.2f} GFLOP |",
        f"| Quick's head, all {len(STRENGTHS)} strengths, {a.classes} classes, per picture | {m.head * 1000:.2f} ms |",
        f"| A line of the list of items | {m.line * 1e6:.0f} µs |",
        f"| SHA-256 | {1 / m.hash_byte / 1e6:,.0f} MB a second |",
        f"| One step's exchange between two processes, 16 MB of gradients | {m.exchange * 1000:.0f} ms |",
        f"| Gradients of Balanced, of Thorough | {m.balanced_bytes / 1e6:.1f} MB, {m.thorough_bytes / 1e6:.1f} MB |",
        f"| An item in memory, in every process | {m.line_bytes / 1000:.1f} kB |",
        "", f"| Where | Items | Start | Quick | Balanced, {a.rounds} rounds | Thorough, {a.rounds} rounds | of it exchange |"
        " Cost of Thorough | Memory per process: Quick | others |", "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    for place, items in ROWS:
        start = items * m.line + items * a.picture_bytes * m.hash_byte / max(1, place.cards)
        learnt, steering = items * a.share, items * (1 - a.share) / 2
        quick = start + items * place.look(m, a) + learnt * m.head
        begun = min(learnt, HEAD_START[Split.TRAIN]), min(steering, HEAD_START[Split.VALIDATION])
        spent = {}
        for how in (How.BALANCED, How.THOROUGH):
            per, share = place.step(m, a, how)
            checking = steering * place.look(m, a) * (a.rounds + 2)
            head = sum(begun) * place.look(m, a) + begun[0] * m.head
            spent[how] = start + head + learnt * per * a.rounds + checking
        hours = spent[How.THOROUGH] / 3600
        cost = hours * (a.laptop_hour if not place.cards else a.card_hour * place.cards)
        common = 2e9 + items * m.line_bytes
        features = [n * m.width * 4 for n in (items, sum(begun))]
        answers = steering * m.answer_bytes
        lines.append(
            f"| {place.name} | {items:,} | {_time(start)} | {_time(quick)} | {_time(spent[How.BALANCED])} |"
            f" {_time(spent[How.THOROUGH])} | {share:.0%} | ${cost:,.2f} | {(common + features[0]) / 1e9:.0f} GB |"
            f" {(common + features[1] + answers) / 1e9:.0f} GB |"
        )
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"


def main() -> None:
    """Measure, print, and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    text = tables(measure(), Assumed())
    print(text)
    if parser.parse_args().write:
        before, _, rest = TARGET.read_text(encoding="utf-8").partition(BEGIN)
        TARGET.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
