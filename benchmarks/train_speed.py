"""Teaching one model one task: this app's three ways, and what people write or use now, on the same weights, items and splits.

    python benchmarks/train_speed.py [--only texts pictures] [--rounds 2] [--items 160] [--epochs 2] [--most-epochs 4] [--threads 0]
                                     [--pairs 1] [--processor-time]
                                     [--without WAY ...] [--told FILE] [--write]

Plain: a loop as it is written everywhere (AdamW, DataLoader, eager, torchvision's transforms). Trainer: transformers'. SetFit-style
(Tunstall et al. 2022, texts only): pairs of texts by cosine for one epoch, then logistic regression, in plain PyTorch; `--pairs` per
text and kind, of which SetFit draws 20 or more.

Each way runs in a process of its own, all of them in turns in each round, and only quotients of one round are compared: other
programs may load the computer. Time begins when the libraries are imported and ends with a taught model, with everything the app does
besides (features, checking, report, saving). Judging the held-out items, from which no way learns, is not counted: of the others it is
not timed; the app does it on the way, so that what it takes is measured once more at the end and taken off. "Until as good as Quick":
until the held-out accuracy is at least Quick's; where it is not within `--most-epochs`, the time of all of them is the least it takes (≥).
With `--processor-time` seconds are those that the process was computing, with one thread: they say nothing of what is done side by side,
but hang little on what else the computer does. `--write` puts the table of each kind of items into its own place in docs/speed.md and
leaves those of other kinds as they are. One kind with `--rounds 1` takes five minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_PAGE = ROOT / "docs" / "speed.md"
_MARK = ("<!-- trainings of {} -->", "<!-- end of the trainings of {} -->")
_BATCH = 16
_OURS = ("Quick", "Balanced", "Balanced, not varied", "Thorough")
_ORDER = (*_OURS, "Plain loop", "Trainer", "SetFit-style")
_TASKS = {"texts": ("text-starter", "Texts (MiniLM)"), "pictures": ("picture-starter", "Pictures (EfficientNet-Lite0)")}
_QUICK_AIM, _THOROUGH_AIM, _MEMORY_AIM = 10.0, 1.2, 1.0


def _clock() -> float:
    return time.process_time() if "--processor-time" in sys.argv else time.perf_counter()


@dataclass
class Told:
    """What one way took. `at`: seconds and held-out accuracy after each epoch; `epochs`: seconds of each, with its validation;
    `held`: how many items were held out."""

    at: list[tuple[float, float]] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    megabytes: float = 0.0
    waited: float = -1.0
    held: int = 0

    @classmethod
    def read(cls, said: dict[str, Any]) -> Told:
        return cls(**{**said, "at": [(seconds, accuracy) for seconds, accuracy in said["at"]]})

    @property
    def seconds(self) -> float:
        return self.at[-1][0]

    @property
    def accuracy(self) -> float:
        return self.at[-1][1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(_TASKS), choices=list(_TASKS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument(
        "--items", type=int, default=200, help="to learn from; a quarter as many to check on, half to hold out"
    )
    parser.add_argument("--epochs", type=int, default=2, help="of Balanced and Thorough")
    parser.add_argument("--most-epochs", type=int, default=4, help="of the others, until they are as good as Quick")
    parser.add_argument("--threads", type=int, default=0, help="of PyTorch; 0: as it likes")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--processor-time", action="store_true", help="instead of the clock's, on a loaded computer")
    parser.add_argument(
        "--without", nargs="*", default=[], choices=list(_ORDER[1:3]) + list(_ORDER[4:]), help="ways to leave out"
    )
    parser.add_argument("--told", type=Path, help="a file that keeps what each way took; what it has is not run again")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs=3, metavar=("TASK", "WAY", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--wanted", type=float, default=2.0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(options)
        return 0
    for task in options.only:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "items"
            _MAKE[task](folder, options.items)
            table = _table(task, _rounds(task, folder, options), options)
        print(table, flush=True)
        if options.write:  # at once: what comes after may be broken off
            _write(task, table)
    return 0


def _write(task: str, table: str) -> None:
    begin, end = (mark.format(task) for mark in _MARK)
    before, rest = _PAGE.read_text(encoding="utf-8").split(begin)
    _PAGE.write_text(f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}", encoding="utf-8")


def _rounds(task: str, folder: Path, options: argparse.Namespace) -> dict[str, list[Told]]:
    ways = [w for w in _ORDER if w in _WAYS[task] and w not in options.without]
    found: dict[str, list[Told]] = {way: [] for way in ways}
    for number in range(options.rounds):
        wanted = 2.0
        for way in ways:
            told = _kept(options.told, f"{task} {number} {way}", lambda: _in_child(task, way, folder, options, wanted))  # noqa: B023
            found[way].append(told)
            if way == "Quick":
                wanted = told.accuracy
            words = " ".join(f"{s:.1f} s {a:.1%};" for s, a in told.at)
            print(f"{task} {number + 1} {way}: {words} {told.megabytes:.0f} MB", flush=True)
    return found


def _kept(file: Path | None, key: str, run: Callable[[], Told]) -> Told:
    """What was told before, or what it tells now: a long measurement that is broken off goes on."""
    known = json.loads(file.read_text(encoding="utf-8")) if file is not None and file.is_file() else {}
    if key not in known:
        known[key] = asdict(run())
        if file is not None:
            file.write_text(json.dumps(known), encoding="utf-8")
    return Told.read(known[key])


def _in_child(task: str, way: str, folder: Path, options: argparse.Namespace, wanted: float) -> Told:
    """In a process of its own, with an empty home and nothing kept from before."""
    given = [sys.executable, __file__, "--child", task, way, str(folder), "--wanted", str(wanted)]
    for name in ("epochs", "most-epochs", "threads", "pairs"):
        given += [f"--{name}", str(getattr(options, name.replace("-", "_")))]
    given += ["--processor-time"] if options.processor_time else []
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"WORKBENCH_HOME": home, "TOKENIZERS_PARALLELISM": "false"}
        if threads := 1 if options.processor_time else options.threads:
            environment["OMP_NUM_THREADS"] = str(threads)
        done = subprocess.run(given, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{task}, {way}: {done.stderr[-2000:]}")
    return Told.read(json.loads(done.stdout.splitlines()[-1]))


def _child(options: argparse.Namespace) -> None:
    warnings.simplefilter("ignore")
    import torch

    if threads := 1 if options.processor_time else options.threads:
        torch.set_num_threads(threads)
    task, way, folder = options.child
    torch.manual_seed(0)
    told = _WAYS[task][way](task, Path(folder), options)
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    told.megabytes = usage[0] / 1000 / (1000 if sys.platform == "darwin" else 1)
    told.held = told.held or len(_items(Path(folder), "test")[0])
    print(json.dumps(asdict(told)))


# The table -----------------------------------------------------------------------------------------------------------------

_HEAD = (
    "| way | right | until as good as Quick, against Quick | a round, against Thorough | most memory, MB | waited for items | aims |",
    "|---|---|---|---|---|---|---|",
)


def _table(task: str, found: dict[str, list[Told]], options: argparse.Namespace) -> str:
    clock = "seconds of the processor, one thread" if options.processor_time else "seconds by the clock"
    spread = "" if options.rounds > 1 else " One round has no spread."
    told = (
        f"**{_TASKS[task][1]}.** {_machine()} {options.items} to learn from, {max(t.held for way in found.values() for t in way)} held out;"
        f" rounds of measuring: {options.rounds}; rounds of learning: {options.epochs}, batches of {_BATCH}; {clock}.{spread}"
    )
    return "\n".join([told, "", *_HEAD, *_rows(found)])


def _rows(found: dict[str, list[Told]]) -> list[str]:
    quick, thorough = found["Quick"], found["Thorough"]
    lines = []
    for way, rounds in found.items():
        slower, never = _slower(rounds, quick)
        epochs = _against(rounds, thorough)
        cells = [
            way, _right_of(rounds), "1" if way == "Quick" else f"{'≥ ' if never else ''}{_spread(slower)}",
            "1" if way == "Thorough" else (_spread(epochs) if epochs else "–"),
            f"{statistics.median(t.megabytes for t in rounds):.0f}",
            f"{statistics.median(t.waited for t in rounds):.0%}" if rounds[0].waited >= 0 else "–",
            _aims(way, found),
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _right_of(rounds: list[Told]) -> str:
    """Of how many held-out items the answer was right, with the standard error of that share."""
    share, held = statistics.median(t.accuracy for t in rounds), rounds[0].held
    return f"{share * held:.0f} of {held}: {share:.1%} ± {math.sqrt(share * (1 - share) / held):.1%}"


def _slower(rounds: list[Told], quick: list[Told]) -> tuple[list[float], bool]:
    """Times until as good as Quick against Quick's, round by round, and whether it was not in one of them."""
    until = [_until(told, q.accuracy) for told, q in zip(rounds, quick, strict=True)]
    return [s / q.seconds for (s, _), q in zip(until, quick, strict=True)], any(not reached for _, reached in until)


def _against(rounds: list[Told], others: list[Told]) -> list[float]:
    """Times of an epoch against the others', round by round; none where there are no epochs."""
    return [
        statistics.median(told.epochs) / statistics.median(other.epochs)
        for told, other in zip(rounds, others, strict=True)
        if told.epochs and other.epochs
    ]


def _aims(way: str, found: dict[str, list[Told]]) -> str:
    """What this way should reach, beside what it did."""

    def said(met: bool) -> str:
        return "met" if met else "missed"

    if way == "Quick" and "Trainer" in found:
        slower, never = _slower(found["Trainer"], found["Quick"])
        ratio = statistics.median(slower)
        words = f"as good {_QUICK_AIM:.0f}× sooner than the Trainer"
        if never and ratio < _QUICK_AIM:
            return f"{words}: not decided, it was never as good in {ratio:.1f}×"
        return f"{words}: {said(ratio >= _QUICK_AIM)} ({ratio:.1f}×)"
    if way == "Thorough" and "Plain loop" in found:
        plain = found["Plain loop"]
        ratio = statistics.median(_against(plain, found["Thorough"]))
        memory = statistics.median(t.megabytes for t in found["Thorough"]) / statistics.median(
            t.megabytes for t in plain
        )
        return (
            f"a round {_THOROUGH_AIM}× quicker than the plain loop: {said(ratio >= _THOROUGH_AIM)} ({ratio:.1f}×);"
            f" memory not above it: {said(memory <= _MEMORY_AIM)} ({memory:.2f}×)"
        )
    return ""


def _until(told: Told, accuracy: float) -> tuple[float, bool]:
    """Seconds until it was as good, and whether it ever was."""
    reached = next((seconds for seconds, found in told.at if found >= accuracy - 1e-9), None)
    return (told.seconds, False) if reached is None else (reached, True)


def _spread(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.1f}×"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.1f}× ({low:.1f} to {high:.1f})"


def _machine() -> str:
    from workbench.engine.speed.remembered import machine

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    busy = " (other programs were running)" if load > 3 else ""
    return f"Measured on: {machine()}; load {load:.1f}{busy}."


# The items -----------------------------------------------------------------------------------------------------------------


def _shares(items: int) -> dict[str, int]:
    return {"train": items, "validation": max(9, items // 4), "test": max(30, items // 2)}


def _make_texts(folder: Path, items: int) -> None:
    """One to fourteen sentences of one kind; no sentence is in two splits."""
    rng = random.Random(0)
    kinds: dict[str, list[str]] = {}
    with (ROOT / "resources/samples/reviews.csv").open(encoding="utf-8", newline="") as stream:
        for text, kind in list(csv.reader(stream))[1:]:
            kinds.setdefault(kind, []).append(text)
    for kind, sentences in kinds.items():
        rng.shuffle(sentences)
        at = 0
        for split, share in (("train", 0.5), ("validation", 0.15), ("test", 0.35)):
            own = sentences[at : at + round(len(sentences) * share)]
            at += len(own)
            place = folder / split / kind
            place.mkdir(parents=True)
            for n in range(_shares(items)[split] // len(kinds)):
                count = min(len(own), rng.choice((1, 1, 1, 2, 3, 6, 14)))
                (place / f"{n:03}.txt").write_text(" ".join(rng.sample(own, count)), encoding="utf-8")


def _make_pictures(folder: Path, items: int) -> None:
    """Digits as larger JPEGs, as a camera gives them."""
    from PIL import Image

    kinds = sorted(p for p in (ROOT / "resources/samples/digits").iterdir() if p.is_dir())
    for kind in kinds:
        files = sorted(kind.glob("*.png"))
        at = 0
        for split, count in _shares(items).items():
            place = folder / split / kind.name
            place.mkdir(parents=True)
            for file in files[at : at + max(1, count // len(kinds))]:
                Image.open(file).convert("RGB").resize((640, 640)).save(place / f"{file.stem}.jpg", quality=90)
            at += max(1, count // len(kinds))


_MAKE: dict[str, Callable[[Path, int], None]] = {"texts": _make_texts, "pictures": _make_pictures}


def _items(folder: Path, split: str) -> tuple[list[Path], list[int]]:
    names = sorted(p.name for p in (folder / "train").iterdir())
    files = [f for name in names for f in sorted((folder / split / name).iterdir())]
    return files, [names.index(f.parent.name) for f in files]


# This app ------------------------------------------------------------------------------------------------------------------


def _ours(task: str, folder: Path, options: argparse.Namespace) -> Told:
    from workbench.catalog.catalog import Catalog
    from workbench.data.importers import sniff
    from workbench.engine.events import EpochDone, Finished, How, StageChanged
    from workbench.engine.fit import fit, new_config
    from workbench.engine.journey import project_from_plan
    from workbench.runtimes import registry, timm_runtime, transformers_runtime  # noqa: F401 - imported before time begins

    _import_libraries()
    way = options.child[1]
    how = How(way.split(",")[0].lower())
    project, _ = project_from_plan(sniff([folder]))
    catalog = Catalog.load()
    config = new_config(
        project, catalog.get(_TASKS[task][0]), how, augment="not varied" not in way,
        **({} if how is How.QUICK else {"epochs": options.epochs, "batch_size": _BATCH}),
    )  # fmt: skip
    told = Told()
    began = round_ = _clock()
    for event in fit(config, project, catalog):
        if isinstance(event, StageChanged):
            round_ = _clock()
        elif isinstance(event, EpochDone) and how is not How.QUICK:
            told.epochs.append(_clock() - round_)
            round_ = _clock()
            told.waited = max(told.waited, event.waiting)
        elif isinstance(event, Finished):
            told.at.append((_clock() - began, float(event.metrics["accuracy"])))
            told.held = int(event.metrics["n"])  # texts that are there twice are counted once
    spent, accuracy = told.at[-1]
    told.at = [(spent - _seconds_of_held_out(project, catalog, task), accuracy)]
    project.close()
    return told


def _seconds_of_held_out(project: Any, catalog: Any, task: str) -> float:
    """What it takes to look at the held-out items once, on the network as it was before."""
    from workbench.data.types import Split
    from workbench.engine.features import compute_features
    from workbench.engine.pool import shared_pool
    from workbench.runtimes.fast_body import engines
    from workbench.tasks.registry import get_pooled

    items = project.split_items(Split.TEST)
    with shared_pool().use_network(catalog.get(_TASKS[task][0]), "cpu") as model, engines("torch"):
        compute_features(items[:1], model, get_pooled(project.task_id))
        began = _clock()
        compute_features(items, model, get_pooled(project.task_id))
        return _clock() - began


def _import_libraries() -> None:
    import timm
    import torch
    import transformers

    transformers.AutoModel, transformers.AutoTokenizer, timm.create_model  # noqa: B018 - lazily imported by the library
    import transformers.models.bert.modeling_bert

    from workbench.engine.finetune import load_libraries

    load_libraries()
    torch.zeros(1)


# What others do ------------------------------------------------------------------------------------------------------------


def _net(task: str, classes: int) -> tuple[Any, Any]:
    """The same weights with a new head, as one module that takes a batch and gives logits; and a tokenizer."""
    import torch
    from torch import nn

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    card = Catalog.load().get(_TASKS[task][0])
    if task == "pictures":
        import timm

        from workbench.runtimes.registry import open_network

        body = timm.create_model(card.arch, pretrained=False, num_classes=classes)
        body.load_state_dict(open_network(card, files(card)).backbone_state(), strict=False)
        return body, None
    from transformers import AutoModel, AutoTokenizer

    place = files(card).path

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = AutoModel.from_pretrained(place)
            self.head = nn.Linear(self.body.config.hidden_size, classes)

        def vectors(self, input_ids: Any, attention_mask: Any) -> Any:
            hidden = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).float()
            return (hidden * mask).sum(1) / mask.sum(1)

        def forward(self, input_ids: Any, attention_mask: Any) -> torch.Tensor:
            found: torch.Tensor = self.head(self.vectors(input_ids, attention_mask))
            return found

    return Net(), AutoTokenizer.from_pretrained(place)


def _data(task: str, folder: Path, split: str, tokenizer: Any, train: bool) -> tuple[Any, Any]:
    """A torch data set of (input, class), and what makes a batch of some: as it is written everywhere."""
    import torch
    from torch.utils.data import Dataset

    files, targets = _items(folder, split)
    longest = 256
    if task == "pictures":
        from PIL import Image
        from torchvision import transforms
        from torchvision.transforms import InterpolationMode

        norm = [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
        if train:
            steps: list[Any] = [
                transforms.RandomResizedCrop(224, (0.6, 1.0), interpolation=InterpolationMode.BICUBIC),
                transforms.RandomHorizontalFlip(), transforms.ColorJitter(0.2, 0.2, 0.2), *norm,
            ]  # fmt: skip
        else:
            steps = [transforms.Resize(256, InterpolationMode.BICUBIC), transforms.CenterCrop(224), *norm]
        prepare: Any = transforms.Compose(steps)
    else:
        texts = [f.read_text(encoding="utf-8") for f in files]

    class Items(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(files)

        def __getitem__(self, n: int) -> Any:
            return (prepare(Image.open(files[n]).convert("RGB")) if task == "pictures" else texts[n]), targets[n]

    def collate(rows: list[Any]) -> dict[str, Any]:
        labels = torch.tensor([target for _, target in rows])
        if task == "pictures":
            return {"x": torch.stack([one for one, _ in rows]), "labels": labels}
        batch = tokenizer(
            [one for one, _ in rows], padding=True, truncation=True, max_length=longest, return_tensors="pt"
        )
        return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "labels": labels}

    return Items(), collate


def _right(net: Any, loader: Any) -> float:
    import torch

    net.eval()
    right = count = 0
    with torch.inference_mode():
        for batch in loader:
            labels = batch.pop("labels")
            right += int((net(*batch.values()).argmax(1) == labels).sum())
            count += len(labels)
    net.train()
    return right / count


def _workers(task: str) -> int:
    """Processes that read; the time they compute would not be counted."""
    return 2 if task == "pictures" and "--processor-time" not in sys.argv else 0


def _loaders(task: str, folder: Path, tokenizer: Any) -> Iterator[Any]:
    from torch.utils.data import DataLoader

    for split in ("train", "validation", "test"):
        items, collate = _data(task, folder, split, tokenizer, split == "train")
        workers = _workers(task) if split == "train" else 0
        yield DataLoader(items, _BATCH, shuffle=split == "train", collate_fn=collate, num_workers=workers)


def _plain(task: str, folder: Path, options: argparse.Namespace) -> Told:
    import torch

    _import_libraries()
    told = Told()
    spent, began = 0.0, _clock()
    classes = len(list((folder / "train").iterdir()))
    net, tokenizer = _net(task, classes)
    train, validation, test = _loaders(task, folder, tokenizer)
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-5 if task == "texts" else 3e-4)
    net.train()
    for number in range(options.most_epochs):
        epoch = _clock()
        for batch in train:
            labels = batch.pop("labels")
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(*batch.values()), labels).backward()
            optimiser.step()
        _right(net, validation)
        now = _clock()
        told.epochs.append(now - epoch)
        spent += now - began
        told.at.append((spent, _right(net, test)))
        if told.accuracy >= options.wanted - 1e-9 and number + 1 >= options.epochs:
            break
        began = _clock()
    return told


def _trainer(task: str, folder: Path, options: argparse.Namespace) -> Told:
    import torch
    from transformers import Trainer, TrainerCallback, TrainingArguments

    _import_libraries()
    told = Told()
    state = {"spent": 0.0, "began": _clock(), "epoch": 0.0}
    net, tokenizer = _net(task, len(list((folder / "train").iterdir())))

    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, labels: Any = None, **given: Any) -> dict[str, Any]:
            given.pop("num_items_in_batch", None)
            logits = self.net(*given.values())
            return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}

    sets = [_data(task, folder, split, tokenizer, split == "train") for split in ("train", "validation", "test")]
    test = torch.utils.data.DataLoader(sets[2][0], _BATCH, collate_fn=sets[2][1])

    class Watch(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, *_args: Any, **_more: Any) -> None:
            state["epoch"] = _clock()

        def on_evaluate(self, _arguments: Any, _state: Any, control: Any, **_more: Any) -> None:
            now = _clock()
            told.epochs.append(now - state["epoch"])
            state["spent"] += now - state["began"]
            told.at.append((state["spent"], _right(net, test)))
            enough = told.accuracy >= options.wanted - 1e-9 and len(told.at) >= options.epochs
            control.should_training_stop = enough or control.should_training_stop
            state["began"] = _clock()

    with tempfile.TemporaryDirectory() as out:
        arguments = TrainingArguments(
            out, per_device_train_batch_size=_BATCH, per_device_eval_batch_size=_BATCH, num_train_epochs=options.most_epochs,
            learning_rate=5e-5 if task == "texts" else 3e-4, eval_strategy="epoch", save_strategy="no", report_to=[],
            use_cpu=True, disable_tqdm=True, remove_unused_columns=False, logging_strategy="no",
            dataloader_num_workers=_workers(task),
        )  # fmt: skip
        Trainer(
            Wrapped(), arguments, data_collator=sets[0][1], train_dataset=sets[0][0], eval_dataset=sets[1][0],
            callbacks=[Watch()],
        ).train()  # fmt: skip
    return told


def _setfit(task: str, folder: Path, options: argparse.Namespace) -> Told:
    """As many pairs of one class as of two, per text, in one epoch; then logistic regression on the vectors."""
    import torch
    from sklearn.linear_model import LogisticRegression

    _import_libraries()
    began = _clock()
    net, tokenizer = _net(task, 2)
    files, targets = _items(folder, "train")
    texts = [f.read_text(encoding="utf-8") for f in files]
    rng = random.Random(0)
    pairs: list[tuple[str, str, float]] = []
    for text, target in zip(texts, targets, strict=True):
        for same in (True, False):
            others = [t for t, c in zip(texts, targets, strict=True) if (c == target) is same and t != text]
            pairs += [(text, other, float(same)) for other in rng.choices(others, k=options.pairs)]
    rng.shuffle(pairs)

    def vectors(given: Sequence[str]) -> Any:
        batch = tokenizer(list(given), padding=True, truncation=True, max_length=256, return_tensors="pt")
        return net.vectors(batch["input_ids"], batch["attention_mask"])

    optimiser = torch.optim.AdamW(net.body.parameters(), lr=2e-5)
    net.train()
    for start in range(0, len(pairs), _BATCH):
        part = pairs[start : start + _BATCH]
        likeness = torch.nn.functional.cosine_similarity(vectors([p[0] for p in part]), vectors([p[1] for p in part]))
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(likeness, torch.tensor([p[2] for p in part])).backward()
        optimiser.step()
    net.eval()

    def all_vectors(given: Sequence[str]) -> Any:
        with torch.inference_mode():
            return torch.cat([vectors(given[i : i + _BATCH]) for i in range(0, len(given), _BATCH)]).numpy()

    head = LogisticRegression(max_iter=1000).fit(all_vectors(texts), targets)
    spent = _clock() - began
    held, wanted = _items(folder, "test")
    score = head.score(all_vectors([f.read_text(encoding="utf-8") for f in held]), wanted)
    return Told([(spent, float(score))])


_Way = Callable[[str, Path, argparse.Namespace], Told]
_COMMON: dict[str, _Way] = {
    "Quick": _ours,
    "Balanced": _ours,
    "Thorough": _ours,
    "Plain loop": _plain,
    "Trainer": _trainer,
}
_WAYS: dict[str, dict[str, _Way]] = {
    "texts": _COMMON | {"SetFit-style": _setfit},
    "pictures": _COMMON | {"Balanced, not varied": _ours},
}

if __name__ == "__main__":
    sys.exit(main())
