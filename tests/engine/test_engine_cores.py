"""Models of every kind whose core a quicker engine may compute: their answers with ONNX Runtime are those by their layers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.ops import box_iou

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.predict import predict
from workbench.engine.speed import remembered
from workbench.engine.speed.agreement import agreement
from workbench.engine.speed.background import Searcher
from workbench.engine.speed.candidates import InOnnx, InTorch, digest
from workbench.engine.speed.find import find
from workbench.engine.speed.remembered import Choice, Row, Way
from workbench.engine.speed.search import core_of, search
from workbench.engine.speed.standing import attach, attached, detach
from workbench.errors import UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.fast_body import Compute, Core, Outputs, fast_body, watching
from workbench.runtimes.registry import open_model
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).parent.parent / "catalog"))
from small_copies import hub_folder

Batch = Mapping[str, torch.Tensor]
PHOTOS = [resources() / "samples" / "try" / name for name in ("china.jpg", "flower.jpg")]
TEXT = "Anna lives in Rome and works for a bank."


@pytest.fixture(autouse=True)
def a_short_search(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.speed.search._SECONDS_ONE", 0.05)
    monkeypatch.setattr("workbench.engine.speed.search._SECONDS_MANY", 0.05)
    monkeypatch.setattr("workbench.engine.speed.search._BATCHES", (1, 2))
    monkeypatch.setattr("workbench.engine.speed.measuring._MOST_ROUNDS", 3)
    monkeypatch.setattr("workbench.engine.speed.remembered.cores", lambda: 1)


def photo(number: int, width: int, height: int) -> Any:
    return np.asarray(Image.open(PHOTOS[number]).convert("RGB").resize((width, height)))


PICTURES = [photo(0, 96, 64), photo(1, 64, 80)]


def card_of(runtime: str, arch: str, task: str, **more: Any) -> ModelCard:
    return ModelCard("m", "M", (task,), runtime, arch, Source("import", "/"), **more)


def segmenter(arch: str) -> Callable[[Path], Loaded]:
    def make(_folder: Path) -> Loaded:
        from workbench.runtimes.torchvision_segmentation_runtime import TorchvisionSegmenter
        from workbench.runtimes.torchvision_segmentation_runtime import make as network

        torch.manual_seed(0)
        names = ("background", "cat", "dog")
        card = card_of("torchvision_segmentation", arch, "semantic-segmentation", preparation=Preparation(size=64))
        return TorchvisionSegmenter(card, network(arch, 3), names)

    return make


def unet(_folder: Path) -> Loaded:
    from workbench.runtimes.unet_runtime import SmpSegmenter, smp_network

    torch.manual_seed(0)
    options = {"encoder_name": "resnet18", "decoder_channels": [32, 16, 16, 8, 8], "classes": 3}
    card = card_of("unet", "smp:Unet", "semantic-segmentation", preparation=Preparation(size=64))
    return SmpSegmenter(card, smp_network("Unet", options), ("background", "a", "b"), options)


def detector(arch: str) -> Callable[[Path], Loaded]:
    def make(_folder: Path) -> Loaded:
        from torchvision import models

        from workbench.runtimes.torchvision_boxes import TorchvisionDetector

        torch.manual_seed(0)
        net = models.get_model(arch, weights=None, weights_backbone=None, num_classes=4)
        net.eval()
        for (
            part
        ) in net.backbone.modules():  # else what is left of a picture after many random layers is next to nothing
            if isinstance(part, torch.nn.Conv2d):
                torch.nn.init.kaiming_normal_(part.weight)
        return TorchvisionDetector(card_of("torchvision_detection", arch, "object-detection"), net, list("abcd"))

    return make


def published(card_id: str) -> Callable[[Path], Loaded]:
    def make(folder: Path) -> Loaded:
        card = Catalog.load().get(card_id)
        return open_model(card, ModelFiles(hub_folder(card, folder)))

    return make


def kind_of(config: str, arch: str) -> str:
    """The first model of the catalogue that is of such a kind."""
    import json

    for card in Catalog.load().cards():
        if card.arch == arch and card.config:
            known = json.loads((resources() / "catalog" / "configs" / f"{card.config}.json").read_text("utf-8"))
            if known["model_type"] == config:
                return card.id
    raise LookupError(f"{config} {arch}")


def asked(model: Any) -> list[Any]:
    """What it says, as plain values."""
    said: list[Any] = []
    if hasattr(model, "segment"):
        return [*model.segment(PICTURES)]
    if hasattr(model, "detect"):
        for picture in PICTURES:
            said += model.detect([picture], 0.005)
    elif hasattr(model, "tag"):
        said += [(t.start, t.end, t.label) for t in model.tag(TEXT, Control())]
        said.append(np.array([t.score for t in model.tag(TEXT * 9, Control())]))
    elif hasattr(model, "answer"):
        found = model.look_for("Where?", TEXT, Control())
        said += [[(t.start, t.end) for t in found.best], np.array([t.score for t in found.best])]
    elif hasattr(model, "fill"):
        words = model.fill(f"Anna lives in {model.gap}.")
        said += [[w for w, _ in words], np.array([s for _, s in words])]
    else:
        for text in (TEXT, TEXT * 5):
            said.append(
                model.entailment(text, ("It is about money.", "It is about sports, or so."), Control())[0].numpy()
            )
    return said


def same(first: list[Any], second: list[Any]) -> None:
    assert len(first) == len(second) > 0
    for one, other in zip(first, second, strict=True):
        if isinstance(one, Detections):
            # Of things it is as sure of as of others the order may change, and which of two that overlap is kept.
            near = box_iou(torch.from_numpy(one.boxes), torch.from_numpy(other.boxes)) > 0.99
            near &= torch.from_numpy(np.abs(one.scores[:, None] - other.scores[None]) < 1e-3)
            near &= torch.from_numpy(one.labels[:, None] == other.labels[None])
            assert len(one.boxes) == len(other.boxes) > 0 and float(near.any(1).float().mean()) >= 0.99
        elif isinstance(one, np.ndarray) and np.issubdtype(one.dtype, np.floating):
            assert one.shape == other.shape
            scale = max(1.0, float(np.abs(one).max(initial=0)))
            assert float(np.abs(one - other).max(initial=0)) <= 1e-3 * scale
        elif isinstance(one, np.ndarray):
            assert np.array_equal(one, other)
        else:
            assert one == other


def seen_by(model: Loaded, ask: Callable[[], object]) -> list[Batch]:
    found: list[Batch] = []

    def note(module: torch.nn.Module, batch: Batch) -> None:
        if module is model.heart:
            found.append({name: value[:1].clone() for name, value in batch.items()})

    with watching(note):
        ask()
    return found


MODELS: dict[str, Callable[[Path], Loaded]] = {
    "lraspp": segmenter("lraspp_mobilenet_v3_large"),
    "segformer": lambda folder: published(kind_of("segformer", "AutoModelForSemanticSegmentation"))(folder),
    "ssdlite": detector("ssdlite320_mobilenet_v3_large"),
    "detr": lambda folder: published(kind_of("detr", "AutoModelForObjectDetection"))(folder),
    "tagger": lambda folder: published(kind_of("bert", "AutoModelForTokenClassification"))(folder),
    "answerer": lambda folder: published(kind_of("distilbert", "AutoModelForQuestionAnswering"))(folder),
    "entailer": lambda folder: published("nli-distilroberta")(folder),
}


@pytest.mark.parametrize("name", MODELS)
def test_answers_are_the_same_by_onnx_runtime(name: str, tmp_path: Path) -> None:
    model = MODELS[name](tmp_path / "model")
    before: list[Any] = []
    examples = seen_by(model, lambda: before.extend(asked(model)))
    core = core_of(model)
    assert examples and all(set(e) == set(core.example) for e in examples)
    folder = remembered.folder()
    folder.mkdir(parents=True)
    key = remembered.key_of(model, core)
    file = InOnnx().prepare(core, examples, folder, key)
    assert file is not None
    computed: list[int] = []
    way = Way("onnx", 1)
    with torch.inference_mode():
        reference = [core.layers(e) for e in examples]
        found = agreement(model, core, reference, InOnnx().open(core, file, 1), examples)
    assert found.holds() and found.samples == len(examples), found
    row = Row(way, one=(2.0, 2.0, 2.0), seconds=0.01, samples=2, same=2)
    remembered.remember(key, Choice(way, way, 1, (row,), {file.name: digest(file)}, ("other",)))
    assert attach(model) is not None
    body = attached(model)
    assert body is not None and model.memory_bytes() > body.memory_bytes() > 0
    inner = body.one.compute

    def counted(batch: Batch) -> Outputs | None:
        given = inner(batch)
        computed.append(given is not None)
        return given

    body.one = body.many = replace(body.one, compute=counted)
    same(before, asked(model))
    assert computed and all(computed)
    # Gradients and other weights go past it.
    detach(model)
    same(before, asked(model))
    attach(model)
    model.load_state({k: v + 1 if v.is_floating_point() else v for k, v in model.state().items()})
    assert model.heart is not None and fast_body(model.heart) is None
    assert remembered.key_of(model, core_of(model)) != key


class Planted(InTorch):
    """Very quick, and wrong in one way."""

    kind, title, own_weights = "planted", "A planted wrong engine", False

    def __init__(self, output: str, spoil: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self.output, self.spoil = output, spoil

    def open(self, core: Core, file: Path | None, threads: int) -> Compute:
        right = super().open(core, file, threads)

        def compute(batch: Batch) -> Outputs | None:
            found = right(batch)
            assert found is not None
            return {k: self.spoil(v) if k == self.output else v for k, v in found.items()}

        return compute


@pytest.mark.parametrize(
    ("name", "output", "spoil"),
    [
        ("segformer", "logits", lambda v: v.roll(1, 1)),
        ("segformer", "logits", lambda v: v[..., :-1]),
        ("detr", "pred_boxes", lambda v: v + 0.01),
        ("detr", "logits", lambda v: v * 1.1),
        ("ssdlite", "0", lambda v: v * 1.01),
        ("answerer", "end_logits", lambda v: v.flip(1)),
    ],
)
def test_engines_with_other_answers_are_not_taken(
    name: str, output: str, spoil: Callable[[torch.Tensor], torch.Tensor], tmp_path: Path
) -> None:
    model = MODELS[name](tmp_path / "model")
    choice = search(model, seen_by(model, lambda: asked(model)), candidates=(InTorch(), Planted(output, spoil)))
    row = next(r for r in choice.rows if r.way.kind == "planted")
    assert row.reason and choice.one.kind == choice.many.kind == "torch"


def test_a_search_finds_it_for_a_model_that_is_asked_one_by_one(tmp_path: Path) -> None:
    model = unet(tmp_path)
    choice = search(model, seen_by(model, lambda: asked(model)))
    assert {row.way.kind for row in choice.rows} == {"torch", "onnx"} and not any(row.batch for row in choice.rows)
    assert all(row.samples == 2 and row.same == 2 for row in choice.rows)
    assert remembered.recall(remembered.key_of(model, core_of(model))) == choice
    # Weights stay in memory beside the engine's: it must be much quicker, not a little.
    assert choice.one.kind == "torch" or next(r for r in choice.rows if r.way == choice.one).one[1] >= 1.2


def test_what_nothing_is_known_for_runs_as_it_is(catalog: Catalog) -> None:
    with pytest.raises(UserError, match="runs as it is"):
        core_of(Loaded(catalog.get("picture-starter")))
    with pytest.raises(UserError, match="runs as it is"):
        find(catalog.get("reading-starter"))


def test_the_background_looks_on_whatever_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, through `predict`: what goes into the core is noted, and looked at when there is enough of it."""
    model = unet(tmp_path)
    looked: list[int] = []
    monkeypatch.setattr(
        "workbench.engine.speed.background.look_apart", lambda card, given, control, paths: looked.append(len(given))
    )
    searcher = Searcher()
    searcher.start()
    monkeypatch.setattr("workbench.engine.predict.shared_searcher", lambda: searcher)

    class Pool:
        def use(self, *_: object) -> Any:
            from contextlib import nullcontext

            return nullcontext(model)

    samples = [Sample("picture", p.name, path=p) for p in (*PHOTOS, PHOTOS[0])]
    task: Any = get_task("semantic-segmentation")
    found = list(predict(samples, model.card, task, pool=Pool()))  # type: ignore[arg-type]
    searcher.wait(60)
    assert [r.index for r in found] == [0, 1, 2] and all(r.prediction is not None for r in found)
    assert looked == [3]
    searcher.stop()


def test_a_head_that_is_asked_of_moments_is_held_against_itself(catalog: Catalog) -> None:
    """Sound events: the network is a `SoundNetwork`, its task none that sorts whole items."""
    from workbench.hub.store import files

    card = catalog.get("sound-starter")
    network = open_model(card, files(card))
    network.card = replace(card, tasks=("sound-events",))
    network.set_head(("bird", "car"), torch.randn(2, network.feature_width))  # type: ignore[attr-defined]
    core = core_of(network)
    with torch.inference_mode():
        said = core.layers(core.example)
        held = agreement(network, core, [said], core.layers, [core.example])
        other = agreement(
            network, core, [said], lambda b: {k: v.flip(-1) for k, v in core.layers(b).items()}, [core.example]
        )
    assert held.holds() and held.same == 1
    assert not other.holds()
