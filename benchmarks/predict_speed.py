"""One item and a folder of them: what people use now, and this app with the engine it finds, in turns, on the same weights.

    python benchmarks/predict_speed.py [--only NAME ...] [--rounds 9] [--items N] [--quick] [--one-thread] [--write]

Plain: the library's model with a Pillow and tokenizer loop around it, in PyTorch with all cores and with one. Pipeline: transformers'.
Other programs load the computer, so each round runs all of them one after the other, and only quotients of one round are
compared: median and quartiles of the rounds. Where they load it so much that PyTorch's threads wait for each other most of the
time, `--one-thread` leaves PyTorch with all cores out. Answers are held against the plain model's before anything is timed.
Of a folder so many items are taken as the slowest way answers in some seconds (at least 16, at most 64), unless `--items` says.
`--quick`: fewer items and rounds of all models, some minutes on an idle computer. `--write` puts the table into docs/speed.md.

"Network alone" is the network without reading and preparing: one item, the engine found against PyTorch as this app runs it (weights
and pictures with the channels last) and as people write it (contiguous), both with all cores.

Peers that are not here: rembg and easyocr bring no weights in their packages and fetch them from the internet at first use. For
reading text the honest peer would be rapidocr itself, whose networks the app's reading starter runs by the same ONNX Runtime.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

_FOLDER, _FEWEST = 64, 16
_ROUNDS = 9
_BATCH = 16
_MARK = ("<!-- table -->", "<!-- end of the table -->")
_AIMS = {"MobileNetV3-L": 3.0, "Picture starter (EfficientNet-Lite0)": 3.0, "ResNet-50": 1.8, "ResNet-18": 1.8}
_QUICK_ROUNDS = 5
# A folder holds so many items that the slowest way needs about so long for it; the network alone is measured so long.
_PASS_SECONDS, _QUICK_PASS_SECONDS = 6.0, 1.0
_ALONE_SECONDS = 2.0
_AIM_FOLDER = 2.0


@dataclass
class Bench:
    """One model in all its forms. Each way takes files (or texts) and gives an answer for each, for classifiers scores float
    [N, C].

    Attributes:
        network: how many times quicker the network alone is than PyTorch as the app runs it: median, quartiles.
        eager: the same against PyTorch as people write it.
        alone: milliseconds of the network alone.
        off: by how much a way's answers differ from the plain model's; "" where they are the same.
    """

    name: str
    inputs: list[Any]
    ways: dict[str, Callable[[Sequence[Any]], Any]]
    found: str
    network: tuple[float, float, float]
    eager: tuple[float, float, float]
    alone: float
    megabytes: tuple[float, float]
    off: Callable[[Any, Any], str]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--items", type=int, default=0)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one-thread", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.quick:
        from workbench.engine.speed import search

        search._SECONDS_ONE, search._SECONDS_MANY = 1.0, 2.0
    options.rounds = options.rounds or (_QUICK_ROUNDS if options.quick else _ROUNDS)
    seconds = _QUICK_PASS_SECONDS if options.quick else _PASS_SECONDS
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["WORKBENCH_HOME"] = home
        logging.disable(logging.WARNING)
        for name, make in MODELS.items():
            if not options.only or name in options.only:
                bench = make(name, Path(home))
                if options.one_thread:
                    del bench.ways["all cores"]
                bench.inputs = bench.inputs[: options.items or _folder(bench, seconds)]
                lines.append(_row(bench, options.rounds))
                print(lines[-1], flush=True)
    table = "\n".join([*_HEAD, *lines])
    print(table)
    if options.write:
        page = ROOT / "docs" / "speed.md"
        text = page.read_text(encoding="utf-8")
        before, rest = text.split(_MARK[0])
        after = rest.split(_MARK[1])[1]
        page.write_text(f"{before}{_MARK[0]}\n{_machine()}\n\n{table}\n{_MARK[1]}{after}", encoding="utf-8")
    return 0


_HEAD = (
    "| Model | runs with | network alone: ours | against the app's PyTorch | against plain PyTorch | one item: ours"
    " | against PyTorch, all cores | PyTorch, 1 thread | pipeline | many, each: ours | against PyTorch, all cores"
    " | PyTorch, 1 thread | pipeline | weights held | aims |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
)


def _folder(bench: Bench, seconds: float) -> int:
    """So many items of a folder take the slowest way about so long."""
    _one_thread_each(bench, 1)
    each = _one_thread_each(bench, _FEWEST) / _FEWEST
    return max(_FEWEST, min(_FOLDER, int(seconds / each)))


def _one_thread_each(bench: Bench, items: int) -> float:
    import torch

    cores = torch.get_num_threads()
    torch.set_num_threads(1)
    began = time.perf_counter()
    bench.ways["1 thread"](bench.inputs[:items])
    torch.set_num_threads(cores)
    return time.perf_counter() - began


def _row(bench: Bench, rounds: int) -> str:
    _check(bench)
    one = _in_turns({name: lambda w=way: w(bench.inputs[:1]) for name, way in bench.ways.items()}, rounds)
    many = _in_turns({name: lambda w=way: w(bench.inputs) for name, way in bench.ways.items()}, max(3, rounds // 3))
    ours, folder = statistics.median(one["ours"]), statistics.median(many["ours"]) / len(bench.inputs)
    found = bench.found.replace("at once", f"at once of {len(bench.inputs)}")
    cells = [bench.name, found, f"{bench.alone * 1000:.1f} ms", _words(*bench.network), _words(*bench.eager)]
    cells += [f"{ours * 1000:.1f} ms"]
    cells += [_quotient(one, name) for name in ("all cores", "1 thread", "pipeline")]
    cells += [f"{folder * 1000:.1f} ms", *(_quotient(many, name) for name in ("all cores", "1 thread", "pipeline"))]
    cells += ["{:.0f} → {:.0f} MB".format(*bench.megabytes), _aims(bench, one, many)]
    return f"| {' | '.join(cells)} |"


def _in_turns(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    import torch

    cores = torch.get_num_threads()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            torch.set_num_threads(1 if name == "1 thread" else cores)
            began = time.perf_counter()
            way()
            if number:  # the first round also sets things up
                times[name].append(time.perf_counter() - began)
    torch.set_num_threads(cores)
    return times


def _quotients(times: dict[str, list[float]], name: str) -> list[float]:
    """How many times quicker ours was, round by round."""
    return [other / ours for other, ours in zip(times[name], times["ours"], strict=True)]


def _quotient(times: dict[str, list[float]], name: str) -> str:
    if name not in times:
        return "not run"
    from workbench.engine.speed.measuring import spread

    return _words(*spread(times[name], times["ours"]))


def _words(middle: float, low: float, high: float) -> str:
    return f"{middle:.1f}× ({low:.1f} to {high:.1f})"


def _aims(bench: Bench, one: dict[str, list[float]], many: dict[str, list[float]]) -> str:
    """Judged from the file to the scores, by the plain way that is harder to beat; of one item also said of the network alone,
    against plain PyTorch."""
    plain = [n for n in ("all cores", "1 thread") if n in one]
    best_one, best_many = (min(statistics.median(_quotients(times, n)) for n in plain) for times in (one, many))
    words = []
    if bench.name in _AIMS:
        aim = _AIMS[bench.name]
        words.append(f"one {aim}×: {_met(best_one >= aim)} (network alone: {_met(bench.eager[0] >= aim)})")
    words.append(f"folder {_AIM_FOLDER:.0f}×: {_met(best_many >= _AIM_FOLDER)}")
    return "; ".join(words)


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"


def _check(bench: Bench) -> None:
    """Raises: SystemExit when a way gives other answers."""
    wanted = bench.ways["1 thread"](bench.inputs)
    for name, way in bench.ways.items():
        got = way(bench.inputs)
        off = bench.off(wanted, got) if got is not None else ""
        if off:
            raise SystemExit(f"{bench.name}: {name} gives other answers ({off})")


def same_scores(wanted: Any, got: Any) -> str:
    """Same first answers, scores within 1e-3."""
    off = float((wanted - got).abs().max())
    same = int((wanted.argmax(1) == got.argmax(1)).sum())
    return f"{same} of {len(wanted)}, off by {off:.2g}" if off > 1e-3 or same < len(wanted) else ""


# Pictures ------------------------------------------------------------------------------------------------------------------


def photos_in(folder: Path, side: int = 427) -> list[Path]:
    """Square JPEGs of at most 427 points, cut from the sample photos."""
    from PIL import Image

    made = []
    photos = [Image.open(p).convert("RGB") for p in sorted((ROOT / "resources/samples/try").glob("*.jpg"))]
    folder.mkdir(exist_ok=True)
    for n in range(_FOLDER):
        photo = photos[n % len(photos)]
        left = (n * 17) % max(1, photo.width - side + 1)
        made.append(folder / f"{n:02}.jpg")
        photo.crop((left, 0, left + side, side)).save(made[-1], quality=92)
    return made


def _picture(arch: str) -> Callable[[str, Path], Bench]:
    def make(name: str, home: Path) -> Bench:
        import timm
        import torch

        from workbench.catalog.card import ModelCard, Preparation, Source
        from workbench.catalog.catalog import Catalog, label_names
        from workbench.hub.store import files
        from workbench.runtimes.registry import open_network

        if arch == "starter":
            card = Catalog.load().get("picture-starter")
            labels = label_names(card)
            network = open_network(card, files(card))
            net = timm.create_model(card.arch, pretrained=False, num_classes=len(labels))
            head = net.get_classifier()
            net.load_state_dict({**network.backbone_state(), **_named_head(net, head, network.head_state())})
        else:
            torch.manual_seed(0)
            labels = tuple(f"class {n}" for n in range(1000))
            net = timm.create_model(arch, pretrained=False, num_classes=1000)
            card = ModelCard(
                f"bench-{arch}", name, ("image-classification",), "timm", arch, Source("folder", str(home / "models" / arch)),
                label_names=labels, preparation=Preparation(size=224, crop=0.875),
            )  # fmt: skip
            _save(net, card)
        net.eval()
        photos = photos_in(home / "photos")
        return _sorted(name, photos, card, _plain(net, card), _piped(net, card))

    return make


def _named_head(net: Any, head: Any, state: dict[str, Any]) -> dict[str, Any]:
    place = next(n for n, part in net.named_modules() if part is head)
    return {f"{place}.{key}": value for key, value in state.items()}


def _save(net: Any, card: Any) -> None:
    """The same weights as one of the app's own models."""
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.timm_runtime import build

    folder = Path(card.source.ref)
    folder.parent.mkdir(parents=True, exist_ok=True)
    network = build(card, folder)
    head = net.get_classifier()
    own = network.backbone_state()
    network.body.load_state_dict({k: v for k, v in net.state_dict().items() if k in own})
    network.set_head(card.label_names, head.weight.detach(), head.bias.detach())
    save_folder(network, card, folder)


def _plain(net: Any, card: Any) -> Callable[[Sequence[Path]], Any]:
    """What is written everywhere: torchvision's transforms around the model."""
    import torch
    from PIL import Image
    from torchvision import transforms
    from torchvision.transforms import InterpolationMode

    p = card.preparation
    way = InterpolationMode.BICUBIC if p.interpolation == "bicubic" else InterpolationMode.BILINEAR
    prepare = transforms.Compose([
        transforms.Resize(round(p.size / p.crop), way), transforms.CenterCrop(p.size), transforms.ToTensor(), transforms.Normalize(p.mean, p.std)
    ])  # fmt: skip

    def run(photos: Sequence[Path]) -> Any:
        found = []
        with torch.inference_mode():
            for start in range(0, len(photos), _BATCH):
                pixels = torch.stack([prepare(Image.open(f).convert("RGB")) for f in photos[start : start + _BATCH]])
                found.append(net(pixels).softmax(-1))
        return torch.cat(found)

    return run


def _piped(net: Any, card: Any) -> Callable[[Sequence[Path]], Any] | None:
    """transformers' pipeline on the same weights; its preparation of pictures differs, so its answers are not compared."""
    from transformers import TimmWrapperConfig, TimmWrapperForImageClassification, TimmWrapperImageProcessor, pipeline

    try:
        config = TimmWrapperConfig(architecture=card.arch, num_labels=net.num_classes, do_pooling=True)
        model = TimmWrapperForImageClassification(config)
        model.timm_model.load_state_dict(net.state_dict())
        prepared = TimmWrapperImageProcessor(net.pretrained_cfg, card.arch)
        pipe = pipeline("image-classification", model=model.eval(), image_processor=prepared, device="cpu")
    except (TypeError, ValueError, AttributeError, RuntimeError) as error:
        print(f"{card.id}: no pipeline ({error})", flush=True)
        return None

    def run(photos: Sequence[Path]) -> None:
        pipe([str(f) for f in photos], batch_size=8 if len(photos) > 1 else 1)

    return run


# Texts and sounds ----------------------------------------------------------------------------------------------------------


def _text(name: str, home: Path) -> Bench:
    import csv

    import torch
    from transformers import AutoModel, AutoTokenizer, pipeline

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    card = Catalog.load().get("text-starter")
    place = files(card).path
    tokenizer, net = AutoTokenizer.from_pretrained(place), AutoModel.from_pretrained(place).eval()
    torch.manual_seed(0)
    head = torch.nn.Linear(net.config.hidden_size, 2)
    own = _taught(card, head, home)
    with (ROOT / "resources/samples/reviews.csv").open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1 : _FOLDER + 1]
    texts = [max(row, key=len) for row in rows]

    def plain(given: Sequence[str]) -> Any:
        found = []
        with torch.inference_mode():
            for start in range(0, len(given), _BATCH):
                part = list(given[start : start + _BATCH])
                batch = tokenizer(
                    part, padding=True, truncation=True, max_length=card.preparation.max_tokens, return_tensors="pt"
                )
                hidden = net(**batch).last_hidden_state
                mask = batch["attention_mask"].unsqueeze(-1).float()
                found.append(head((hidden * mask).sum(1) / mask.sum(1)).softmax(-1))
        return torch.cat(found)

    pipe = pipeline("feature-extraction", model=net, tokenizer=tokenizer, device="cpu")

    def piped(given: Sequence[str]) -> None:
        with torch.inference_mode():
            for vectors in pipe(list(given), batch_size=8 if len(given) > 1 else 1, return_tensors="pt"):
                head(vectors.mean(1)).softmax(-1)

    return _sorted(name, texts, own, plain, piped)


def _sound(name: str, home: Path) -> Bench:
    import numpy as np
    import soundfile
    import timm
    import torch

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files
    from workbench.runtimes.registry import open_network
    from workbench.runtimes.sound_starter_runtime import spectrogram

    card = Catalog.load().get("sound-starter")
    network = open_network(card, files(card))
    torch.manual_seed(0)
    head = torch.nn.Linear(network.feature_width, 3)
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    net.load_state_dict(network.backbone_state())
    own = _taught(card, head, home)
    noise, sounds = np.random.default_rng(0), []
    for n in range(_FOLDER):
        t = np.arange(32_000 * 5) / 32_000
        sound = 0.3 * np.sin(2 * np.pi * (200 + 40 * n) * t) + noise.normal(0, 0.02, len(t))
        sounds.append(home / f"{n:02}.wav")
        soundfile.write(sounds[-1], sound.astype(np.float32), 32_000)

    def plain(given: Sequence[Path]) -> Any:
        found = []
        with torch.inference_mode():
            for start in range(0, len(given), _BATCH):
                read = [soundfile.read(f, dtype="float32")[0] for f in given[start : start + _BATCH]]
                found.append(head(net(torch.stack([spectrogram(sound) for sound in read]))).softmax(-1))
        return torch.cat(found)

    return _sorted(name, sounds, own, plain, None)


def _taught(card: Any, head: Any, home: Path) -> Any:
    """The starter with a head, as one of the app's own models."""
    from workbench.catalog.card import Source
    from workbench.hub.store import files
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.registry import open_network

    labels = tuple(f"class {n}" for n in range(head.out_features))
    network = open_network(card, files(card))
    network.set_head(labels, head.weight.detach(), head.bias.detach())
    folder = home / "models" / f"bench-{card.id}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    own = replace(
        card, id=folder.name, tasks=card.trainable_for[:1], source=Source("folder", str(folder)), labels="",
        label_names=labels, starter=False,
    )  # fmt: skip
    save_folder(network, own, folder)
    return own


# This app ------------------------------------------------------------------------------------------------------------------


def with_ours(
    name: str,
    inputs: list[Any],
    card: Any,
    plain: Callable[[Sequence[Any]], Any],
    piped: Callable[[Sequence[Any]], Any] | None,
    read: Callable[[Sequence[Any], Any], Any],
    off: Callable[[Any, Any], str],
) -> Bench:
    """Beside the others, the app with the engine it finds.

    Args:
        read: predictions and the model to what `off` compares.
    """
    from workbench.data.types import Sample
    from workbench.engine.pool import ModelPool
    from workbench.engine.predict import predict
    from workbench.engine.speed.find import find
    from workbench.engine.speed.standing import attached
    from workbench.engine.speed.words import title
    from workbench.tasks.registry import get_task

    task = get_task(card.main_task)
    choice = find(card, [str(i) for i in inputs[:12]] if isinstance(inputs[0], Path) else [])
    alone, eager = _alone(card)
    pool = ModelPool(4_000_000_000)
    with pool.use(card) as model:
        before = model.memory_bytes()
        attached(model)

    def sample(one: Any) -> Sample:
        if isinstance(one, Path):
            return Sample(task.info.media, one.name, path=one)
        return Sample("text", text=one)

    def ours(items: Sequence[Any]) -> Any:
        results = list(predict([sample(i) for i in items], card, task, pool=pool))
        assert all(r.prediction is not None for r in results), results
        return read([r.prediction for r in results], model)

    ours(inputs[:1])
    ways = {"all cores": plain, "1 thread": plain, "ours": ours, **({"pipeline": piped} if piped else {})}
    found = f"{title(choice.one)}, {choice.one.threads} thread(s)"
    if any(row.batch for row in choice.rows):
        found += f"; folder {choice.batch} at once"
    row = choice.row(choice.one)
    sizes = (before / 1e6, model.memory_bytes() / 1e6)
    network = row.one if row is not None else (1.0, 1.0, 1.0)
    return Bench(name, inputs, ways, found, network, eager, alone, sizes, off)


def _alone(card: Any) -> tuple[float, tuple[float, float, float]]:
    """Of the network alone, on one item of noise: seconds, and how many times quicker than the same layers in plain PyTorch, with
    nothing put channels last, all cores."""
    import torch

    from workbench.control import Control
    from workbench.engine.speed.measuring import in_turns
    from workbench.engine.speed.standing import attach
    from workbench.hub.store import files
    from workbench.runtimes.fast_body import fast_body
    from workbench.runtimes.registry import open_model

    plain, ours = open_model(card, files(card)), open_model(card, files(card))
    assert plain.network is not None
    plain.network.to(memory_format=torch.contiguous_format)
    attach(ours)
    layers, core = plain.core(), ours.core()
    assert layers is not None and core is not None
    body = fast_body(core.module)
    item = {name: value.contiguous() for name, value in core.example.items()}

    def asking(way: Callable[[Any], Any]) -> Callable[[], Any]:
        def ask() -> Any:
            with torch.inference_mode():
                return way(item)

        return ask

    ways = {"plain": asking(layers.layers), "ours": asking(core.layers if body is None else body.one.compute)}
    found = in_turns(ways, _ALONE_SECONDS, Control())["ours"]
    return found.seconds, found.ratio


def _sorted(
    name: str,
    inputs: list[Any],
    card: Any,
    plain: Callable[[Sequence[Any]], Any],
    piped: Callable[[Sequence[Any]], Any] | None,
) -> Bench:
    """Of a classifier."""
    import torch

    def read(predictions: Sequence[Any], model: Any) -> Any:
        found = torch.zeros(len(predictions), len(model.labels))
        for number, prediction in enumerate(predictions):
            for score in prediction.top:
                found[number, score.index] = score.value
        return found

    # The app keeps the likeliest twenty scores; the plain model's others are left out of the comparison.
    many = len(card.label_names or ()) > 20 or bool(card.labels)
    return with_ours(name, inputs, card, _first_twenty(plain) if many else plain, piped, read, same_scores)


def _first_twenty(way: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
    def run(items: Sequence[Any]) -> Any:
        import torch

        scores = way(items)
        values, places = scores.topk(20, dim=1)
        return torch.zeros_like(scores).scatter(1, places, values)

    return run


def _machine() -> str:
    from workbench.engine.speed.remembered import machine

    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"Measured on: {machine()}; load {load:.1f} (1.0 to 1.4 is this program itself)."


MODELS: dict[str, Callable[[str, Path], Bench]] = {
    "MobileNetV3-L": _picture("mobilenetv3_large_100"),
    "ResNet-18": _picture("resnet18"),
    "ResNet-50": _picture("resnet50"),
    "Picture starter (EfficientNet-Lite0)": _picture("starter"),
    "Text starter (MiniLM)": _text,
    "Sound starter": _sound,
}

if __name__ == "__main__":
    from predict_speed_others import OTHERS

    MODELS |= OTHERS
    sys.exit(main())
