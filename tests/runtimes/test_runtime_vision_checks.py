"""The picture runtimes where they could go wrong unseen: published weights' small print, damaged or odd files, very
large pictures, stopping half-way."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from own_time import Watch
from PIL import Image

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.data.whole_picture import WholePicture
from workbench.errors import Cancelled, UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes import darknet_net, pictures
from workbench.runtimes.base import Loaded
from workbench.runtimes.darknet_runtime import rows_of
from workbench.runtimes.registry import open_model
from workbench.runtimes.stopping import between_layers
from workbench.tasks.base import TryOptions
from workbench.tasks.registry import get_task

PHOTO = resources() / "samples" / "try" / "china.jpg"


def card(runtime: str, arch: str, task: str = "object-detection", **more: Any) -> ModelCard:
    return ModelCard("m", "M", (task,), runtime, arch, Source("import", "/"), **more)


def photo(width: int, height: int) -> Any:
    return np.asarray(Image.open(PHOTO).convert("RGB").resize((width, height)))


# Darknet ------------------------------------------------------------------------------------------------------------


def layer(kind: str, **options: Any) -> str:
    return "\n".join([f"[{kind}]", *(f"{k}={v}" for k, v in options.items())])


def conv(filters: int, size: int = 3, stride: int = 1, act: str = "mish", norm: int = 1, **more: Any) -> str:
    return layer("convolutional", batch_normalize=norm, filters=filters, size=size, stride=stride, pad=1, activation=act, **more)  # fmt: skip


def yolo(**more: Any) -> str:
    return layer("yolo", **({"mask": "1,2", "anchors": "5,9, 10,14, 23,27", "classes": 3, "num": 3} | more))


NET = layer("net", width=64, height=64, channels=3)
# What YOLOv4 and its tiny form have beyond YOLOv3: half of the channels, pooling without shrinking, mish, another
# reach of a cell.
V4 = [
    NET, conv(8, 3, 2), conv(8, 3, 2), layer("route", layers=-1, groups=2, group_id=1), conv(4, groups=2),
    layer("route", layers="-1,-3"), layer("maxpool", size=2, stride=2), conv(8, act="leaky"),
    layer("maxpool", size=5, stride=1), layer("route", layers=-2), layer("maxpool", size=9, stride=1),
    layer("route", layers="-1,-3,-4"), conv(8, 1), conv(8, 3, act="swish"), layer("shortcut", **{"from": -2, "activation": "leaky"}),
    conv(16, 1, act="linear", norm=0), yolo(scale_x_y=1.05),
    layer("route", layers=-3), layer("upsample", stride=2), conv(16, 1, act="linear", norm=0), yolo(scale_x_y=1.2),
]  # fmt: skip


def written(folder: Path, sections: list[str]) -> Any:
    """A folder with this network and random weights, some with next to no variance as published ones have."""
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    (folder / "net.cfg").write_text("\n".join(sections))
    network = darknet_net.build(darknet_net.read_cfg(folder / "net.cfg"))
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.1, 1)
            torch.nn.init.uniform_(part.weight, 0.5, 1)
            with torch.no_grad():
                part.running_var[0], part.weight[0] = 3e-6, 1e-3
    darknet_net.write_weights(network, folder / "net.weights")
    return network


def test_darknets_newer_layers_and_tiny_variances_are_opencvs(tmp_path: Path) -> None:
    import cv2

    network = written(tmp_path / "m", V4)
    judge = cv2.dnn.readNetFromDarknet(str(tmp_path / "m" / "net.cfg"), str(tmp_path / "m" / "net.weights"))
    blob = np.random.default_rng(0).random((1, 3, 64, 64), dtype=np.float32)
    judge.setInput(blob)
    theirs = judge.forward(judge.getUnconnectedOutLayersNames())
    with torch.inference_mode():
        outputs = network(torch.from_numpy(blob))
        ours = [rows_of(o, h, network)[0].numpy() for o, h in zip(outputs, network.yolo, strict=True)]
    assert len(ours) == len(theirs) == 2
    for mine, other in zip(ours, theirs, strict=True):
        seen = other[:, 5:] > 0  # OpenCV sets scores under its own small threshold to zero
        assert seen.mean() > 0.5
        np.testing.assert_allclose(mine[:, :5], other[:, :5], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(mine[:, 5:][seen], other[:, 5:][seen], rtol=1e-3, atol=1e-4)


def test_a_darknet_picture_is_stretched_as_opencv_does_and_boxes_lie_in_its_points(tmp_path: Path) -> None:
    import cv2

    written(tmp_path / "m", V4)
    judge = cv2.dnn.readNetFromDarknet(str(tmp_path / "m" / "net.cfg"), str(tmp_path / "m" / "net.weights"))
    picture = photo(200, 120)
    judge.setInput(cv2.dnn.blobFromImage(picture, 1 / 255, (64, 64), swapRB=False, crop=False))
    rows = np.concatenate(judge.forward(judge.getUnconnectedOutLayersNames()))
    best = rows[rows[:, 5:].max(1).argmax()]
    model: Any = open_model(card("darknet", ""), ModelFiles(tmp_path / "m"))
    found = model.detect([picture], 0.01)[0]
    assert found.scores[0] == pytest.approx(best[5:].max(), abs=5e-3) and found.labels[0] == best[5:].argmax()
    x, y, w, h = best[:4] * [200, 120, 200, 120]
    edges = np.clip([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 0, [200, 120, 200, 120])
    np.testing.assert_allclose(found.boxes[0], edges, atol=1.0)
    assert (np.diff(found.scores) <= 0).all()


@pytest.mark.parametrize(
    "sections",
    [
        [NET, conv(16, dilation=2, norm=0), yolo()],
        [NET, conv(16, norm=0), yolo(new_coords=1)],
        [NET, conv(15, norm=0), yolo()],
        [NET, conv(8, stride=2), conv(16, norm=0, stride=0), yolo()],
        [NET, conv(8), conv(8, stride=2), layer("shortcut", **{"from": -2}), conv(16, norm=0), yolo()],
        [NET, conv(2_000_000_000), conv(2_000_000_000), conv(16, norm=0), yolo()],
        [layer("net", width=64, height=64, channels=1), conv(16, norm=0), yolo()],
        [NET, conv(16, norm=0, act="maxout"), yolo()],
    ],
)
def test_darknet_plans_that_cannot_be_right_are_told_at_once(sections: list[str], tmp_path: Path) -> None:
    (tmp_path / "net.cfg").write_text("\n".join(sections))
    with pytest.raises(UserError, match="does not know"):
        darknet_net.build(darknet_net.read_cfg(tmp_path / "net.cfg"))


def test_which_darknet_files_is_never_guessed(tmp_path: Path) -> None:
    written(tmp_path / "m", V4)
    (tmp_path / "m" / "other.cfg").write_text("[net]\n")
    with pytest.raises(UserError, match="several"):
        open_model(card("darknet", ""), ModelFiles(tmp_path / "m"))
    named = card("darknet", "", options={"cfg": "net.cfg", "weights": "../m/net.weights"})
    assert open_model(named, ModelFiles(tmp_path / "m")).labels == ("kind 1", "kind 2", "kind 3")
    with pytest.raises(UserError, match="needs"):
        open_model(card("darknet", "", options={"cfg": "gone.cfg"}), ModelFiles(tmp_path / "m"))


# torchvision ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arch", ["fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "fcos_resnet50_fpn"])
def test_published_detectors_compute_as_torchvision_with_its_own_weights(
    arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchvision import models

    torch.manual_seed(0)
    state: dict[str, Any] = {}
    published = models.get_model_weights(arch).DEFAULT
    monkeypatch.setattr(type(published), "get_state_dict", lambda *_, **__: state)
    monkeypatch.setattr(torch.nn.Module, "load_state_dict", lambda *_, **__: None)
    judge = models.get_model(arch, weights=published).eval()
    monkeypatch.undo()
    for part in judge.modules():
        if type(part).__name__ == "FrozenBatchNorm2d":
            part.running_var.uniform_(5e-6, 2e-5)  # where the small constant in the division shows
            part.weight.copy_(part.running_var.sqrt() * 0.5)
    torch.save(judge.state_dict(), tmp_path / "w.pth")
    model: Any = open_model(card("torchvision_detection", arch, labels="coco-91"), ModelFiles(tmp_path / "w.pth"))
    picture = photo(96, 64)
    for network in (judge, model.network):
        network.transform.min_size, network.transform.max_size = (64,), 96
    getattr(judge, "roi_heads", judge).score_thresh = 0.0
    with torch.inference_mode():
        wanted = judge([torch.tensor(picture).permute(2, 0, 1) / 255.0])[0]
    found = model.detect([picture], 0.0)[0]
    assert len(found.scores) == len(wanted["scores"]) > 0
    np.testing.assert_allclose(found.scores, wanted["scores"].numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.boxes, wanted["boxes"].numpy(), atol=1e-2)


@pytest.mark.parametrize(("inner", "size"), [((7, 9), (50, 41)), ((40, 30), (13, 57)), ((1, 1), (5, 6))])
def test_classes_are_decided_band_by_band_as_at_once(
    inner: tuple[int, int], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    logits = torch.randn(6, *inner)
    wanted = torch.nn.functional.interpolate(logits[None], size=size, mode="bilinear", align_corners=False)[0].argmax(0)
    monkeypatch.setattr(pictures, "_BAND_POINTS", size[1] * 4)
    assert (pictures.to_classes(logits, size) == wanted.numpy()).mean() > 0.999
    with pytest.raises(UserError, match="256 kinds"):
        pictures.to_classes(torch.zeros(257, 2, 2), (2, 2))


# transformers ---------------------------------------------------------------------------------------------------------


def detr(folder: Path, **more: Any) -> None:
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor

    config = DetrConfig(
        d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32, num_queries=5,
        encoder_attention_heads=2, decoder_attention_heads=2, id2label={0: "cat"}, label2id={"cat": 0}, **more,
    )  # fmt: skip
    DetrForObjectDetection(config).save_pretrained(folder)
    DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)


def test_a_published_detr_with_a_backbone_of_timm_is_opened_without_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    torch.manual_seed(0)
    detr(
        tmp_path / "m", use_timm_backbone=True, backbone="resnet18", use_pretrained_backbone=False, backbone_config=None
    )
    file = tmp_path / "m" / "config.json"
    settings = json.loads(file.read_text())
    # As the hub's own files say it: they were once made from pretrained backbones.
    settings["use_pretrained_backbone"] = True
    file.write_text(json.dumps(settings))
    monkeypatch.setattr(socket.socket, "connect", _no_network)
    model: Any = open_model(card("transformers_vision", "AutoModelForObjectDetection"), ModelFiles(tmp_path / "m"))
    assert model.labels == ("cat",)
    # A picture three points high is not taken for one of three colour planes.
    assert len(model.detect([photo(40, 3), photo(50, 40)], 0.0)) == 2


def _no_network(*_: object) -> None:
    raise AssertionError("the network was asked")


@pytest.mark.parametrize("harm", ["cut", "text", "no config", "no processor", "no weights"])
def test_a_damaged_folder_is_a_sentence(harm: str, tmp_path: Path) -> None:
    from transformers import ResNetConfig

    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1], out_features=["stage4"])
    detr(
        tmp_path / "m", backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None
    )
    weights = tmp_path / "m" / "model.safetensors"
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-5000])
    elif harm == "text":
        weights.write_text("<html>not found</html>")
    else:
        name = {"no config": "config.json", "no processor": "preprocessor_config.json", "no weights": weights.name}
        (tmp_path / "m" / name[harm]).unlink()
    with pytest.raises(UserError):
        open_model(card("transformers_vision", "AutoModelForObjectDetection"), ModelFiles(tmp_path / "m"))


# Larger -------------------------------------------------------------------------------------------------------------


def test_enlargers_compute_as_spandrel_and_other_networks_are_refused(tmp_path: Path) -> None:
    from spandrel import ModelLoader
    from spandrel.architectures.Compact import Compact
    from spandrel.architectures.DnCNN import DnCNN

    torch.manual_seed(0)
    state = Compact(num_in_ch=3, num_out_ch=3, num_feat=8, num_conv=2, upscale=2).state_dict()
    torch.save({"params": state}, tmp_path / "w.pth")
    model: Any = open_model(card("spandrel", "", "super-resolution"), ModelFiles(tmp_path / "w.pth"))
    picture = np.random.default_rng(0).random((3, 21, 34), dtype=np.float32)
    with torch.inference_mode():
        wanted = ModelLoader().load_from_state_dict(state)(torch.from_numpy(picture)[None])[0].clamp(0, 1)
    assert model.scale == 2
    np.testing.assert_allclose(model.enlarge(picture), wanted.numpy(), atol=1e-5)
    torch.save(DnCNN(in_nc=3, out_nc=3, nc=8, nb=5).state_dict(), tmp_path / "w.pth")
    for state in (torch.load(tmp_path / "w.pth"), {"a.weight": torch.zeros(3)}, {}):
        torch.save(state, tmp_path / "w.pth")
        with pytest.raises(UserError):
            open_model(card("spandrel", "", "super-resolution"), ModelFiles(tmp_path / "w.pth"))


def test_a_result_without_measure_is_refused() -> None:
    class Huge(Loaded):
        scale = 4

        def enlarge(self, tile: Any) -> Any:
            raise AssertionError("not to be tried")

    sample = {"picture": WholePicture(np.zeros((3000, 3000, 3), np.uint8)), "note": ""}
    with pytest.raises(UserError, match="too large"):
        get_task("super-resolution").predict_batch([sample], Huge(card("spandrel", "")), TryOptions(), Control())


# Stopping ---------------------------------------------------------------------------------------------------------------


def test_a_network_stops_between_its_layers_and_is_whole_afterwards() -> None:
    network = torch.nn.Sequential(*(torch.nn.Linear(4, 4) for _ in range(20)))
    control = Control()
    reached: list[int] = []
    network[5].register_forward_hook(lambda *_: control.cancel())
    network[15].register_forward_hook(lambda *_: reached.append(15))
    model = Loaded(card("x", ""), network)
    with pytest.raises(Cancelled), between_layers(model.network, control):
        network(torch.zeros(1, 4))
    assert reached == []
    network(torch.zeros(1, 4))
    assert reached == [15]


class _Painter(Loaded):
    """Paints until it is told to stop."""

    def __init__(self) -> None:
        super().__init__(card("x", "", "style-transfer"))
        self.stopped = threading.Event()

    def stylise(
        self, content: Any, style: Any, strength: float, control: Control, preview: Callable[[Any], None] | None = None
    ) -> Any:
        try:
            while True:
                control.check()
                assert preview is not None
                preview(content)
                time.sleep(0.01)
        finally:
            self.stopped.set()


def _paint(model: Loaded, control: Control) -> Iterator[Any]:
    task = get_task("style-transfer")
    prepared = task.prepare(Sample("picture", path=PHOTO), model)
    return task.predict_stream(prepared, model, TryOptions(values={"style": str(PHOTO), "size": 128}), control)


def test_a_painter_nobody_looks_at_any_more_stops() -> None:
    model = _Painter()
    stream: Any = _paint(model, Control())
    assert not next(stream).finished
    stream.close()
    assert model.stopped.is_set()
    model, control = _Painter(), Control()
    with pytest.raises(Cancelled):
        for number, _ in enumerate(_paint(model, control)):
            if number == 2:
                control.cancel()
    assert model.stopped.is_set()


def test_neural_style_stops_within_a_step(tmp_path: Path) -> None:
    from workbench.runtimes.style_runtime import NeuralStyle

    class Counting(Control):
        """Stops at the n-th question."""

        def __init__(self, last: int) -> None:
            super().__init__()
            self.left = last

        def check(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise Cancelled

    from torchvision.models import vgg19

    torch.manual_seed(0)
    features = vgg19().features
    for part in features:
        if isinstance(part, torch.nn.ReLU):
            part.inplace = False
    painter = NeuralStyle(card("style", "vgg19", "style-transfer", options={"steps": 1}), features)
    content = np.random.default_rng(0).random((3, 32, 32), dtype=np.float32)
    steps = Counting(10_000)
    painter.stylise(content, content, 0.5, steps)
    asked = 10_000 - steps.left
    assert asked > 60  # once a layer, forward and back
    with pytest.raises(Cancelled):
        painter.stylise(content, content, 0.5, Counting(asked - 2))


# Very large, and silent -------------------------------------------------------------------------------------------------


def test_a_mask_has_the_size_of_the_picture_however_large(tmp_path: Path) -> None:
    import io

    class Halves(Loaded):
        def segment(self, given: Any) -> list[Any]:
            assert max(given[0].shape) <= 4096
            made = np.zeros(given[0].shape[:2], np.uint8)
            made[:, made.shape[1] // 2 :] = 1
            return [made]

    Image.new("RGB", (5001, 60), "white").save(tmp_path / "long.png")
    model = Halves(card("x", ""), labels=("background", "thing"))
    task = get_task("semantic-segmentation")
    prepared = task.prepare(Sample("picture", path=tmp_path / "long.png"), model)
    mask: Any = task.predict_batch([prepared], model, TryOptions(), Control())[0]
    assert (mask.width, mask.height) == (5001, 60) == Image.open(io.BytesIO(mask.png)).size
    assert mask.shares == pytest.approx((0.5, 0.5), abs=1e-3) and mask.background == 0


def test_the_reading_starter_asks_no_network_and_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    monkeypatch.setattr(socket.socket, "connect", _no_network)
    monkeypatch.setattr(socket, "getaddrinfo", _no_network)
    starter = Catalog.load().get("reading-starter")
    capfd.readouterr()
    model: Any = open_model(starter, files(starter))
    for picture in (np.full((60, 90, 3), 255, np.uint8), photo(300, 200)):
        model.read(picture)
    assert capfd.readouterr() == ("", "")


def test_a_page_where_everything_looks_like_text_is_answered_soon() -> None:
    from workbench.runtimes.opencv_text_runtime import decode

    rng = np.random.default_rng(0)
    scores = rng.uniform(0.05, 1, (320, 320)).astype(np.float32)
    geometry = rng.uniform(4, 30, (5, 320, 320)).astype(np.float32)
    watch = Watch()
    found = decode(scores, geometry, 0.05, (1.0, 1.0))
    assert watch.seconds < 10 and len(found.scores) > 0
    assert found.scores.min() > 0.9 and len(found.polygons) == len(found.boxes) == len(found.scores)
