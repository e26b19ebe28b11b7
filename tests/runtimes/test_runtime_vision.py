"""The picture runtimes against other implementations on the same small random weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import Cancelled, UserError
from workbench.hub.store import ModelFiles
from workbench.runtimes import darknet_net
from workbench.runtimes.opencv_text_runtime import decode
from workbench.runtimes.registry import open_model
from workbench.runtimes.tiles import Tiling
from workbench.tasks.base import TryOptions
from workbench.tasks.pictures import to_floats, to_values
from workbench.tasks.predictions import Boxes, Mask, Picture
from workbench.tasks.registry import get_task
from workbench.tasks.super_resolution import enlarged

PHOTO = resources() / "samples" / "try" / "china.jpg"


def card(runtime: str, arch: str, task: str, **more: Any) -> ModelCard:
    return ModelCard("m", "M", (task,), runtime, arch, Source("import", "/"), **more)


def photo(side: int = 160) -> np.ndarray:
    picture = Image.open(PHOTO).convert("RGB")
    picture.thumbnail((side, side))
    return np.asarray(picture)


def predict(model: Any, task_id: str, path: Path = PHOTO, **values: Any) -> Any:
    task = get_task(task_id)
    prepared = task.prepare(Sample("picture", path.name, path=path), model)
    return task.predict_batch([prepared], model, TryOptions(values=values), Control())[0]


# Darknet ------------------------------------------------------------------------------------------------------------


def yolo_cfg(tiny: bool) -> str:
    """YOLOv3 and its tiny form, layer for layer, narrow and for small pictures."""
    lines = ["[net]", "width=96", "height=96", "channels=3"]

    def conv(filters: int, size: int, stride: int = 1, norm: bool = True, act: str = "leaky") -> None:
        lines.extend(
            [
                "[convolutional]",
                *(["batch_normalize=1"] if norm else []),
                f"filters={filters}",
                f"size={size}",
                f"stride={stride}",
                "pad=1",
                f"activation={act}",
            ]
        )

    def yolo(mask: str) -> None:
        anchors = (
            "10,14, 23,27, 37,58, 81,82, 135,169, 344,319"
            if tiny
            else "10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326"
        )
        conv(3 * 8, 1, norm=False, act="linear")
        lines.extend(["[yolo]", f"mask = {mask}", f"anchors = {anchors}", "classes=3", f"num={6 if tiny else 9}"])

    if tiny:
        for number in range(6):
            conv(4 * 2 ** min(number, 3), 3)
            lines.extend(["[maxpool]", "size=2", f"stride={2 if number < 5 else 1}"])
        conv(64, 3)
        conv(16, 1)
        conv(32, 3)
        yolo("3,4,5")
        lines.extend(["[route]", "layers = -4"])
        conv(8, 1)
        lines.extend(["[upsample]", "stride=2", "[route]", "layers = -1, 8"])
        conv(16, 3)
        yolo("0,1,2")
        return "\n".join(lines)
    conv(4, 3)
    for width, times in ((8, 1), (8, 2), (16, 8), (16, 8), (32, 4)):
        conv(width, 3, 2)
        for _ in range(times):
            conv(width // 2, 1)
            conv(width, 3)
            lines.extend(["[shortcut]", "from=-3", "activation=linear"])
    for number, (mask, back) in enumerate((("6,7,8", 61), ("3,4,5", 36), ("0,1,2", 0))):
        for _ in range(3):
            conv(8, 1)
            conv(16, 3)
        yolo(mask)
        if number < 2:
            lines.extend(["[route]", "layers = -4"])
            conv(8, 1)
            lines.extend(["[upsample]", "stride=2", "[route]", f"layers = -1, {back}"])
    return "\n".join(lines)


@pytest.fixture(params=[True, False], ids=["tiny", "v3"])
def darknet(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(3)
    folder = tmp_path / "darknet"
    folder.mkdir()
    (folder / "net.cfg").write_text(yolo_cfg(request.param))
    network = darknet_net.build(darknet_net.read_cfg(folder / "net.cfg"))
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(part.weight, 0.8, 1.2)
            torch.nn.init.normal_(part.bias, 0, 0.1)
    darknet_net.write_weights(network, folder / "net.weights")
    return folder


def test_darknet_weights_are_read_as_opencv_reads_them(darknet: Path) -> None:
    import cv2

    judge = cv2.dnn.readNetFromDarknet(str(darknet / "net.cfg"), str(darknet / "net.weights"))
    rng = np.random.default_rng(0)
    blob = rng.random((1, 3, 96, 96), dtype=np.float32)
    judge.setInput(blob)
    theirs = judge.forward(judge.getUnconnectedOutLayersNames())
    model: Any = open_model(card("darknet", "", "object-detection"), ModelFiles(darknet))
    from workbench.runtimes.darknet_runtime import rows_of

    with torch.inference_mode():
        outputs = model.network(torch.from_numpy(blob))
        ours = [rows_of(o, h, model.network)[0].numpy() for o, h in zip(outputs, model.network.yolo, strict=True)]
    assert len(ours) == len(theirs) == (2 if len(model.network.layers) < 40 else 3)
    for mine, other in zip(ours, theirs, strict=True):
        # OpenCV sets scores under its own small threshold to zero.
        seen = other[:, 5:] > 0
        np.testing.assert_allclose(mine[:, :5], other[:, :5], rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(mine[:, 5:][seen], other[:, 5:][seen], rtol=1e-3, atol=1e-4)
    boxes = predict(model, "object-detection")
    assert (
        isinstance(boxes, Boxes)
        and boxes.width == 640
        and {b.label for b in boxes.boxes} <= {"kind 1", "kind 2", "kind 3"}
    )


def test_darknet_files_that_do_not_belong_together(darknet: Path) -> None:
    weights = (darknet / "net.weights").read_bytes()
    for data in (weights[:-4], weights + b"\0\0\0\0", b"x"):
        (darknet / "net.weights").write_bytes(data)
        with pytest.raises(UserError):
            open_model(card("darknet", "", "object-detection"), ModelFiles(darknet))
    for text in ("no network", "[net]\nwidth=64\n[lstm]\noutput=3", "[net]\nwidth=64\n[route]\nlayers=5"):
        (darknet / "net.cfg").write_text(text)
        with pytest.raises(UserError):
            open_model(card("darknet", "", "object-detection"), ModelFiles(darknet))


# torchvision ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arch", ["ssdlite320_mobilenet_v3_large", "fasterrcnn_mobilenet_v3_large_320_fpn"])
def test_torchvision_detectors(arch: str, tmp_path: Path) -> None:
    from torchvision import models

    torch.manual_seed(0)
    judge = models.get_model(arch, weights=None, weights_backbone=None, num_classes=91).eval()
    torch.save(judge.state_dict(), tmp_path / "w.pth")
    model: Any = open_model(
        card("torchvision_detection", arch, "object-detection", labels="coco-91"), ModelFiles(tmp_path / "w.pth")
    )
    pixels = photo()
    getattr(judge, "roi_heads", judge).score_thresh = 0.0
    with torch.inference_mode():
        wanted = judge([torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255.0])[0]
    found = model.detect([pixels], 0.0)[0]
    assert len(found.boxes) > 0
    np.testing.assert_allclose(found.boxes, wanted["boxes"].numpy(), atol=1e-3)
    assert isinstance(predict(model, "object-detection"), Boxes)
    (tmp_path / "w.pth").write_bytes((tmp_path / "w.pth").read_bytes()[:1000])
    with pytest.raises(UserError, match="missing or damaged"):
        open_model(
            card("torchvision_detection", arch, "object-detection", labels="coco-91"), ModelFiles(tmp_path / "w.pth")
        )


@pytest.mark.parametrize("arch", ["lraspp_mobilenet_v3_large", "deeplabv3_mobilenet_v3_large"])
def test_torchvision_segmenters(arch: str, tmp_path: Path) -> None:
    from torchvision import models
    from torchvision.transforms.functional import normalize

    torch.manual_seed(0)
    options: dict[str, Any] = {} if arch.startswith("lraspp") else {"aux_loss": True}
    judge = models.get_model(arch, weights=None, weights_backbone=None, num_classes=21, **options).eval()
    torch.save(judge.state_dict(), tmp_path / "w.pth")
    given = card(
        "torchvision_segmentation", arch, "semantic-segmentation", labels="voc-21", preparation=Preparation(size=120)
    )
    model: Any = open_model(given, ModelFiles(tmp_path / "w.pth"))
    pixels = np.asarray(Image.open(PHOTO).convert("RGB").resize((160, 120)))
    with torch.inference_mode():
        tensor = normalize(
            torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
        )
        wanted = judge(tensor[None])["out"][0].argmax(0).numpy()
    assert (model.segment([pixels])[0] == wanted).mean() > 0.999
    mask = predict(model, "semantic-segmentation")
    assert isinstance(mask, Mask) and sum(mask.shares) == pytest.approx(1.0) and (mask.width, mask.height) == (640, 427)


# transformers ---------------------------------------------------------------------------------------------------------


def tiny_detr(folder: Path) -> None:
    from transformers import DetrConfig, DetrForObjectDetection, DetrImageProcessor, ResNetConfig

    backbone = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 8, 16], depths=[1, 1, 1, 1], layer_type="basic", out_features=["stage4"]
    )
    config = DetrConfig(
        backbone_config=backbone, use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, d_model=32,
        encoder_layers=1, decoder_layers=1, encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2,
        decoder_attention_heads=2, num_queries=10, id2label={0: "cat", 1: "dog"}, label2id={"cat": 0, "dog": 1},
    )  # fmt: skip
    DetrForObjectDetection(config).save_pretrained(folder)
    DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 128}).save_pretrained(folder)


def tiny_yolos(folder: Path) -> None:
    from transformers import YolosConfig, YolosForObjectDetection, YolosImageProcessor

    config = YolosConfig(
        hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, image_size=[64, 96],
        num_detection_tokens=10, id2label={0: "cat", 1: "dog"}, label2id={"cat": 0, "dog": 1},
    )  # fmt: skip
    YolosForObjectDetection(config).save_pretrained(folder)
    YolosImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(folder)


@pytest.mark.parametrize("make", [tiny_detr, tiny_yolos])
def test_transformers_detectors_answer_as_the_pipeline(make: Callable[[Path], None], tmp_path: Path) -> None:
    from transformers import pipeline

    torch.manual_seed(0)
    make(tmp_path / "m")
    judge = pipeline("object-detection", model=str(tmp_path / "m"), threshold=0.1)
    wanted = sorted(judge(Image.open(PHOTO).convert("RGB")), key=lambda w: -w["score"])
    model: Any = open_model(
        card("transformers_vision", "AutoModelForObjectDetection", "object-detection"), ModelFiles(tmp_path / "m")
    )
    boxes = [b for b in predict(model, "object-detection").boxes if b.score > 0.1]
    assert len(boxes) == len(wanted) > 0
    for box, other in zip(boxes, wanted, strict=True):
        assert box.score == pytest.approx(other["score"], abs=1e-4)
        # The pipeline gives whole numbers.
        assert [box.x0, box.y0, box.x1, box.y1] == pytest.approx([*other["box"].values()], abs=1.01)


def test_a_transformers_segmenter_answers_as_the_pipeline(tmp_path: Path) -> None:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor, pipeline

    torch.manual_seed(0)
    names = {0: "wall", 1: "sky", 2: "road"}
    config = SegformerConfig(
        hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], decoder_hidden_size=16, num_attention_heads=[1, 1, 2, 4],
        id2label=names, label2id={v: k for k, v in names.items()},
    )  # fmt: skip
    SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "m")
    SegformerImageProcessor(size={"height": 64, "width": 64}).save_pretrained(tmp_path / "m")
    wanted = pipeline("image-segmentation", model=str(tmp_path / "m"))(Image.open(PHOTO).convert("RGB"))
    model: Any = open_model(
        card("transformers_vision", "AutoModelForSemanticSegmentation", "semantic-segmentation"),
        ModelFiles(tmp_path / "m"),
    )
    mask = predict(model, "semantic-segmentation")
    shares = {w["label"]: np.asarray(w["mask"]).mean() / 255 for w in wanted}
    assert {name: share for _, name, share in mask.present()} == pytest.approx(shares, abs=1e-3)


@pytest.mark.parametrize("kind", ["vit", "convnext"])
def test_a_transformers_classifier_answers_as_the_pipeline_and_can_be_taught(kind: str, tmp_path: Path) -> None:
    import transformers
    from transformers import pipeline

    torch.manual_seed(0)
    names: dict[str, Any] = {"id2label": {0: "cat", 1: "dog", 2: "owl"}, "label2id": {"cat": 0, "dog": 1, "owl": 2}}
    if kind == "vit":
        config: Any = transformers.ViTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=64, **names
        )
        transformers.ViTForImageClassification(config).save_pretrained(tmp_path / "m")
        transformers.ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(tmp_path / "m")
    else:
        config = transformers.ConvNextConfig(hidden_sizes=[8, 16, 24, 32], depths=[1, 1, 1, 1], **names)
        transformers.ConvNextForImageClassification(config).save_pretrained(tmp_path / "m")
        transformers.ConvNextImageProcessor(size={"shortest_edge": 64}, crop_pct=0.875).save_pretrained(tmp_path / "m")
    square = tmp_path / "square.png"
    Image.open(PHOTO).convert("RGB").crop((100, 0, 500, 400)).save(square)
    wanted = {w["label"]: w["score"] for w in pipeline("image-classification", model=str(tmp_path / "m"))(str(square))}
    model: Any = open_model(
        card("transformers_vision", "AutoModelForImageClassification", "image-classification"),
        ModelFiles(tmp_path / "m"),
    )
    found = predict(model, "image-classification", square)
    assert {s.name: s.value for s in found.top} == pytest.approx(wanted, abs=2e-3)
    assert model.preparation.size == 64 and len(model.stages()) > 2


# U-Net ----------------------------------------------------------------------------------------------------------------


def test_the_brain_unet_has_the_published_names_and_marks_areas(tmp_path: Path) -> None:
    from workbench.runtimes.unet_runtime import brain_unet

    torch.manual_seed(0)
    network = brain_unet()
    assert sum(p.numel() for p in network.parameters()) == 7_763_041
    names = set(network.state_dict())
    assert {
        "encoder1.enc1conv1.weight",
        "bottleneck.bottleneckconv2.weight",
        "upconv4.bias",
        "decoder1.dec1norm2.running_var",
        "conv.bias",
    } <= names
    torch.save(network.state_dict(), tmp_path / "w.pt")
    model: Any = open_model(
        card("unet", "brain-unet", "semantic-segmentation", preparation=Preparation(size=64)),
        ModelFiles(tmp_path / "w.pt"),
    )
    pixels = np.asarray(Image.open(PHOTO).convert("RGB").resize((64, 64)))
    with torch.inference_mode():
        x = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255.0
        x = (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True)
        wanted = (network.eval()(x)[0, 0] > 0.5).numpy()
    assert (model.segment([pixels])[0] == wanted).all()


@pytest.mark.parametrize("classes", [1, 3])
def test_a_unet_of_segmentation_models_pytorch(classes: int, tmp_path: Path) -> None:
    import segmentation_models_pytorch as smp

    torch.manual_seed(0)
    judge = smp.Unet("resnet18", encoder_weights=None, classes=classes, decoder_channels=(32, 16, 16, 8, 8)).eval()
    judge.save_pretrained(tmp_path / "m")
    given = card("unet", "smp:Unet", "semantic-segmentation", preparation=Preparation(size=64))
    model: Any = open_model(given, ModelFiles(tmp_path / "m"))
    pixels = np.asarray(Image.open(PHOTO).convert("RGB").resize((64, 64)))
    with torch.inference_mode():
        x = (
            torch.from_numpy(pixels.copy()).permute(2, 0, 1) / 255.0
            - torch.tensor([0.485, 0.456, 0.406])[:, None, None]
        ) / torch.tensor([0.229, 0.224, 0.225])[:, None, None]
        out = judge(x[None])[0]
    wanted = (out[0] > 0).long() if classes == 1 else out.argmax(0)
    assert (model.segment([pixels])[0] == wanted.numpy()).mean() > 0.999
    assert len(model.labels) == max(2, classes)


# Larger, and in another style -----------------------------------------------------------------------------------------


@pytest.fixture
def esrgan(tmp_path: Path) -> Path:
    from spandrel.architectures.ESRGAN import ESRGAN

    torch.manual_seed(0)
    torch.save({"params_ema": ESRGAN(num_filters=8, num_blocks=2, scale=4).state_dict()}, tmp_path / "esrgan.pth")
    return tmp_path / "esrgan.pth"


def test_esrgan_enlarges_in_tiles_as_in_one_piece(esrgan: Path, tmp_path: Path) -> None:
    model: Any = open_model(card("spandrel", "", "super-resolution"), ModelFiles(esrgan))
    assert model.scale == 4
    picture = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    whole = to_values(model.enlarge(to_floats(picture)), np.uint8).astype(int)
    tiled = enlarged(picture, model, Control(), Tiling(side=32))
    assert whole.shape == tiled.shape == (192, 256, 3)
    # Beside a joint a tile sees only its rim of the surroundings: nearly the same, and the same further in.
    assert np.abs(whole - tiled).max() <= 2 and np.abs(whole - tiled).mean() < 0.05
    path = tmp_path / "small.png"
    Image.fromarray(np.dstack([photo(40), np.full(photo(40).shape[:2], 77, np.uint8)])).save(path)
    large = predict(model, "super-resolution", path)
    assert isinstance(large, Picture) and large.width == photo(40).shape[1] * 4
    import io

    made = Image.open(io.BytesIO(large.png))
    assert made.mode == "RGBA" and np.asarray(made)[..., 3].min() == 77
    stop = Control()
    stop.cancel()
    with pytest.raises(Cancelled):
        enlarged(picture, model, stop)


def test_neural_style_comes_nearer_and_stops(tmp_path: Path) -> None:
    from torchvision.models import vgg19

    torch.manual_seed(0)
    torch.save(vgg19().state_dict(), tmp_path / "vgg.pth")
    model: Any = open_model(
        card("style", "vgg19", "style-transfer", options={"steps": 25}), ModelFiles(tmp_path / "vgg.pth")
    )
    rng = np.random.default_rng(0)
    content, style = rng.random((2, 3, 48, 64), dtype=np.float32)
    previews: list[Any] = []
    made = model.stylise(content, style, 0.7, Control(), previews.append)
    assert made.shape == content.shape and made.min() >= 0 and made.max() <= 1
    assert previews and previews[0].shape == content.shape and model.losses[-1] < 0.7 * model.losses[0]
    np.testing.assert_array_equal(made, model.stylise(content, style, 0.7, Control()))
    Image.fromarray((style.transpose(1, 2, 0) * 255).astype(np.uint8)).save(tmp_path / "style.png")
    answer = predict(model, "style-transfer", style=str(tmp_path / "style.png"), size=128)
    assert isinstance(answer, Picture) and answer.finished and answer.width == 128
    with pytest.raises(UserError, match="no style picture"):
        predict(model, "style-transfer", style="nowhere.png")


def style_pair(folder: Path) -> None:
    """Two ONNX networks with the inputs and outputs of Magenta's pair."""
    import onnx
    from onnx import TensorProto as T
    from onnx import helper as h

    folder.mkdir()
    first = h.make_graph(
        [h.make_node("ReduceMean", ["style_image"], ["mean"], axes=[1, 2], keepdims=1), h.make_node("Concat", ["mean"] * 33, ["wide"], axis=3),
         h.make_node("Slice", ["wide", "zero", "hundred", "three"], ["out"])],
        "p", [h.make_tensor_value_info("style_image", T.FLOAT, [1, 256, 256, 3])], [h.make_tensor_value_info("out", T.FLOAT, [1, 1, 1, 99])],
        [h.make_tensor("zero", T.INT64, [1], [0]), h.make_tensor("hundred", T.INT64, [1], [99]), h.make_tensor("three", T.INT64, [1], [3])],
    )  # fmt: skip
    second = h.make_graph(
        [h.make_node("ReduceMean", ["style_bottleneck"], ["m"], keepdims=1), h.make_node("Mul", ["content_image", "m"], ["picture"])],
        "t", [h.make_tensor_value_info("content_image", T.FLOAT, [1, 384, 384, 3]), h.make_tensor_value_info("style_bottleneck", T.FLOAT, [1, 1, 1, 99])],
        [h.make_tensor_value_info("picture", T.FLOAT, [1, 384, 384, 3])],
    )  # fmt: skip
    for name, graph in (("predict.onnx", first), ("transfer.onnx", second)):
        onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 13)], ir_version=8), folder / name)


def test_one_pass_style_of_two_networks(tmp_path: Path) -> None:
    style_pair(tmp_path / "pair")
    model: Any = open_model(card("litert_style", "magenta", "style-transfer"), ModelFiles(tmp_path / "pair"))
    content = np.full((3, 30, 40), 0.5, np.float32)
    style = np.full((3, 20, 20), 0.8, np.float32)
    np.testing.assert_allclose(model.stylise(content, style, 1.0, Control()), 0.4, atol=1e-3)
    # Half-way between its own manner (0.5) and the other's (0.8).
    np.testing.assert_allclose(model.stylise(content, style, 0.5, Control()), 0.325, atol=1e-3)


# Text -----------------------------------------------------------------------------------------------------------------


def test_east_maps_become_lines() -> None:
    scores = np.zeros((16, 16), np.float32)
    geometry = np.zeros((5, 16, 16), np.float32)
    for x in range(4, 9):  # a line from (10, 18) to (50, 30): each cell tells its distance to the edges
        scores[6, x] = 0.9 + x / 1000
        geometry[:, 6, x] = (24 - 18, 50 - 4 * x, 30 - 24, 4 * x - 10, 0)
    found = decode(scores, geometry, 0.5, (2.0, 1.0))
    assert found.boxes.tolist() == [pytest.approx([20, 18, 100, 30], abs=0.01)]
    # The same line, turned by a quarter of a right angle around its middle.
    angle = 0.3
    scores[:], geometry[:] = 0, 0
    scores[6, 7] = 0.9
    geometry[:, 6, 7] = (6, 20, 6, 20, angle)
    corners = np.array(decode(scores, geometry, 0.5, (1.0, 1.0)).polygons[0])
    np.testing.assert_allclose(corners.mean(0), (28, 24), atol=1e-3)
    sides = np.linalg.norm(np.diff(np.vstack([corners, corners[:1]]), axis=0), axis=1)
    np.testing.assert_allclose(sorted(sides), [12, 12, 40, 40], rtol=1e-3)


def test_the_starter_reads_a_page(tmp_path: Path) -> None:
    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    page = Image.new("RGB", (900, 260), "white")
    font = ImageFont.truetype(str(sorted((resources() / "fonts").rglob("*.[ot]tf"))[0]), 40)
    lines = ("The quick brown fox", "jumps over 42 lazy dogs")
    for number, line in enumerate(lines):
        ImageDraw.Draw(page).text((40, 40 + 90 * number), line, "black", font=font)
    page.save(tmp_path / "page.png")
    starter = Catalog.load().get("reading-starter")
    answer = predict(open_model(starter, files(starter)), "text-in-pictures", tmp_path / "page.png")
    assert isinstance(answer, Boxes) and answer.reading
    assert answer.text().lower().split() == " ".join(lines).lower().split()
    empty = tmp_path / "empty.png"
    Image.new("RGB", (200, 100), "white").save(empty)
    assert predict(open_model(starter, files(starter)), "text-in-pictures", empty).summary() == "no text found"
