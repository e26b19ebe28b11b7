"""From a person's own file to a prediction through the ordinary engine, judged by the library the file came from."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from few_architectures import only_a_few
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from workbench.app_paths import app_paths, resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.adopt import Answers, adopt
from workbench.engine.architecture import architecture
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.runtimes.recognise import recognise
from workbench.tasks.predictions import Boxes, Picture, Scores
from workbench.tasks.registry import get_task

PHOTO = resources() / "samples" / "try" / "china.jpg"
ABC = ("ant", "bee", "cat")


def answer(card: ModelCard, sample: Sample | None = None) -> Any:
    task = get_task(card.tasks[0])
    sample = sample or Sample("picture", PHOTO.name, path=PHOTO)
    (result,) = list(predict([sample], card, task, pool=ModelPool()))
    assert result.problem is None, result.problem
    return result.prediction


def shares(card: ModelCard, sample: Sample | None = None) -> list[float]:
    """Probabilities in the order of the card's classes."""
    prediction = answer(card, sample)
    assert isinstance(prediction, Scores)
    return [s.value for s in sorted(prediction.top, key=lambda s: s.index)]


def taken_in(path: Path, **answers: Any) -> ModelCard:
    """Adopted, and found in the catalogue as any other."""
    answers.setdefault("name", "My model")
    card = adopt(recognise(path, app_paths().cache), Answers(**answers))
    found = Catalog.load().get(card.id)
    assert found == card and found.is_own and found.source.kind == "import"
    assert not list(app_paths().models.glob(".adopting-*"))
    return found


def pixels(
    size: int, resize: int, mean: float | tuple[float, ...], std: float | tuple[float, ...], path: Path = PHOTO
) -> torch.Tensor:
    """The photo as torchvision's own transforms prepare it."""
    from torchvision import transforms

    three = [[v] * 3 if isinstance(v, float) else list(v) for v in (mean, std)]
    steps = [
        transforms.Resize(resize),
        transforms.CenterCrop(size),
        transforms.ToTensor(),
        transforms.Normalize(*three),
    ]
    prepared: torch.Tensor = transforms.Compose(steps)(Image.open(path).convert("RGB"))
    return prepared[None]


IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def scattered(model: nn.Module) -> nn.Module:
    """Random weights whose answers differ between classes and pictures."""
    torch.manual_seed(1)
    for p in model.parameters():
        if p.ndim > 1:
            nn.init.normal_(p, std=0.05)
    return model.eval()


class Small(nn.Module):
    """Any size of picture to three logits."""

    def __init__(self, softmax: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, stride=2)
        self.last = nn.Linear(8, 3)
        self.softmax = softmax

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = 20 * self.last(torch.relu(self.conv(x)).mean((2, 3)))
        return logits.softmax(1) if self.softmax else logits


def test_a_torchvision_state_dict_predicts_as_torchvision_does_and_can_be_taught(
    tmp_path: Path, make_project: Callable[[Path], Any], digits_folder: Callable[..., Path]
) -> None:
    from torchvision import models

    model = scattered(models.resnet18(num_classes=3))
    torch.save({"net": {f"module.{k}": v for k, v in model.state_dict().items()}, "epoch": 4}, tmp_path / "best.pth")
    card = taken_in(tmp_path / "best.pth", labels=ABC)
    with torch.inference_mode():
        wanted = model(pixels(224, 256, *IMAGENET)).softmax(1)[0]
    assert shares(card) == pytest.approx(wanted.tolist(), abs=1e-4)
    assert card.label_names == ABC and card.parameters == sum(p.numel() for p in model.parameters())
    # Kept as data, whatever it came in.
    assert {f.name for f in Path(card.source.ref).iterdir()} == {"card.json", "model.safetensors"}

    from workbench.engine.events import Finished
    from workbench.engine.fit import fit, new_config

    with make_project(digits_folder(("one", "two"), 8)) as project:
        catalog = Catalog.load()
        events = list(fit(new_config(project, card), project, catalog))
        assert isinstance(events[-1], Finished)
        assert catalog.get(events[-1].model_id).base == card.id


def test_a_timm_state_dict_predicts_as_timm_does(tmp_path: Path) -> None:
    import timm

    model = scattered(timm.create_model("mobilenetv3_small_050", num_classes=3))
    save_file(model.state_dict(), tmp_path / "mobilenetv3_small_050-mine.safetensors")
    card = taken_in(tmp_path / "mobilenetv3_small_050-mine.safetensors", labels=ABC)
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=model))
    with torch.inference_mode():
        wanted = model(transform(Image.open(PHOTO).convert("RGB"))[None]).softmax(1)[0]
    assert shares(card) == pytest.approx(wanted.tolist(), abs=1e-4)
    head = [layer for layer in architecture(card).parts if layer.is_head]
    assert [layer.shape for layer in head] == [(3,)]


def test_the_persons_choice_of_architecture_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import timm

    only_a_few(monkeypatch)
    model = scattered(timm.create_model("tf_efficientnet_lite0", num_classes=3))
    save_file(model.state_dict(), tmp_path / "w.safetensors")
    found = recognise(tmp_path / "w.safetensors", app_paths().cache)
    assert [m.key for m in found.missing if m.kind == "choice"] == ["arch"]
    card = adopt(found, Answers("W", ABC, choices={"arch": "timm:tf_efficientnet_lite0"}))
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=model))
    with torch.inference_mode():
        wanted = model(transform(Image.open(PHOTO).convert("RGB"))[None]).softmax(1)[0]
    assert shares(card) == pytest.approx(wanted.tolist(), abs=1e-4)
    with pytest.raises(UserError, match="none of the answers"):
        adopt(found, Answers("W", ABC, choices={"arch": "timm:resnet18"}))


def as_onnx(model: nn.Module, path: Path, side: int = 64, dynamic: bool = True) -> Path:
    axes = {"x": {0: "n", 2: "h", 3: "w"}, "y": {0: "n"}} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (torch.zeros(1, 3, side, side),), str(path), input_names=["x"], output_names=["y"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip
    return path


@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
def test_an_onnx_classifier_predicts_as_onnx_runtime_does(tmp_path: Path, softmax: bool, dynamic: bool) -> None:
    import onnxruntime

    torch.manual_seed(2)  # of the biases
    path = as_onnx(scattered(Small(softmax)), tmp_path / "net.onnx", dynamic=dynamic)
    found = recognise(path)
    assert ("size" in found.needs) == dynamic and "labels" in found.needs
    card = taken_in(path, labels=ABC, size=64, choices={"numbers": "minus-one-to-one"})
    (wanted,) = onnxruntime.InferenceSession(str(path)).run(None, {"x": pixels(64, 64, 0.5, 0.5).numpy()})
    wanted = wanted[0] if softmax else torch.from_numpy(wanted[0]).softmax(0).numpy()
    # Twenty times the logits: a rounding of the scaled picture weighs as much more.
    assert shares(card) == pytest.approx(wanted.tolist(), abs=1e-3)
    assert card.options["probabilities"] is softmax
    # Several at once as well, whatever the file's own batch.
    samples = [Sample("picture", str(n), path=PHOTO) for n in range(3)]
    results = list(predict(samples, card, get_task("image-classification"), pool=ModelPool()))
    assert len({r.prediction.best.value for r in results}) == 1
    kinds = {layer.kind for layer in architecture(card).parts}
    assert {"Conv", "Gemm"} <= kinds


def test_wrong_answers_leave_nothing_behind(tmp_path: Path) -> None:
    path = as_onnx(scattered(Small()), tmp_path / "net.onnx")
    found = recognise(path)
    for answers, message in (
        (Answers("", ABC, 64), "needs a name"),
        (Answers("M", ABC[:2], 64), "3 names"),
        (Answers("M", ("a", "a", "b"), 64), "same name"),
        (Answers("M", ABC, 9), "16 to 4,096"),
    ):
        with pytest.raises(UserError, match=message):
            adopt(found, answers)
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        adopt(found, Answers("M", ABC, 64), control)
    assert not app_paths().models.exists() or not list(app_paths().models.iterdir())


def test_an_onnx_export_of_ours_knows_itself(tmp_path: Path) -> None:
    from workbench.engine.export import export_onnx

    card = Catalog.load().get("picture-starter")
    photo = Sample("picture", PHOTO.name, path=PHOTO)
    check = export_onnx(card, tmp_path, [photo])
    assert check.passed
    found = recognise(check.path)
    assert found.missing == () and found.preparation == card.preparation
    again = taken_in(check.path)
    assert answer(again).best.name == answer(card).best.name == "palace"
    assert answer(again).best.value == pytest.approx(answer(card).best.value, abs=1e-3)


def test_two_models_of_one_name_and_a_name_of_the_catalogue(tmp_path: Path) -> None:
    path = as_onnx(scattered(Small()), tmp_path / "net.onnx")
    ids = [taken_in(path, name="ResNet18", labels=ABC, size=64).id for _ in range(2)]
    assert len({*ids, "resnet18"}) == 3
    assert Catalog.load().get("resnet18").source.kind == "torchvision"


def test_torchscript_asks_first_and_then_predicts_as_torch_does(tmp_path: Path) -> None:
    from dataclasses import replace

    model = scattered(Small())
    path = tmp_path / "net.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(model, torch.zeros(1, 3, 64, 64)), str(path))
    answers = {"labels": ABC, "size": 64, "choices": {"numbers": "zero-to-one"}}
    with pytest.raises(UserError, match="agreement"):
        taken_in(path, **answers)
    card = taken_in(path, trusted=True, **answers)
    with torch.inference_mode():
        wanted = model(pixels(64, 64, 0.0, 1.0)).softmax(1)[0]
    assert shares(card) == pytest.approx(wanted.tolist(), abs=1e-4)
    # The names must be as many as its answers, which only running it tells.
    with pytest.raises(UserError, match="tells 3 classes apart"):
        taken_in(path, trusted=True, **{**answers, "labels": ("a", "b")})
    with pytest.raises(UserError, match="not agreed"):
        answer(replace(card, id="other", options={}))


def tflite(path: Path, whole: bool) -> Path:
    """A real TFLite file: flatten, one fully connected layer, softmax; `whole`: uint8 pixels from -1 to 1."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as s

    rng = np.random.default_rng(0)
    buffers: list[Any] = [s.BufferT()]

    def tensor(name: str, shape: list[int], kind: int, data: Any = None, scale: float = 0.0, zero: int = 0) -> Any:
        made = s.TensorT()
        made.name, made.shape, made.type, made.buffer = name, shape, kind, 0
        if data is not None:
            held = s.BufferT()
            held.data = list(np.asarray(data).tobytes())
            buffers.append(held)
            made.buffer = len(buffers) - 1
        if scale:
            made.quantization = s.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [scale], [zero]
        return made

    def operation(code: int, inputs: list[int], outputs: list[int], kind: int = 0, options: Any = None) -> Any:
        made = s.OperatorT()
        made.opcodeIndex, made.inputs, made.outputs = code, inputs, outputs
        made.builtinOptionsType, made.builtinOptions = kind, options
        return made

    f32, side = s.TensorType.FLOAT32, 16
    tensors = [
        tensor(
            "picture", [1, side, side, 3], s.TensorType.UINT8 if whole else f32, None, 1 / 128 if whole else 0.0, 128
        ),
        tensor("flat", [1, side * side * 3], f32),
        tensor("weight", [3, side * side * 3], f32, rng.normal(0, 0.05, (3, side * side * 3)).astype(np.float32)),
        tensor("bias", [3], f32, np.array([0.1, 0.0, -0.1], np.float32)),
        tensor("logits", [1, 3], f32),
        tensor("answer", [1, 3], f32),
        tensor("shape", [2], s.TensorType.INT32, np.array([1, side * side * 3], np.int32)),
        tensor("real", [1, side, side, 3], f32),
    ]
    softmax = s.SoftmaxOptionsT()
    softmax.beta = 1.0
    codes = [
        s.BuiltinOperator.RESHAPE,
        s.BuiltinOperator.FULLY_CONNECTED,
        s.BuiltinOperator.SOFTMAX,
        s.BuiltinOperator.DEQUANTIZE,
    ]
    model = s.ModelT()
    model.version, model.operatorCodes = 3, []
    for code in codes:
        made = s.OperatorCodeT()
        made.builtinCode = made.deprecatedBuiltinCode = code
        made.version = 1
        model.operatorCodes.append(made)
    graph = s.SubGraphT()
    graph.tensors, graph.inputs, graph.outputs = tensors, [0], [5]
    options = s.BuiltinOptions
    graph.operators = [
        *([operation(3, [0], [7], options.DequantizeOptions, s.DequantizeOptionsT())] if whole else []),
        operation(0, [7 if whole else 0, 6], [1], options.ReshapeOptions, s.ReshapeOptionsT()),
        operation(1, [1, 2, 3], [4], options.FullyConnectedOptions, s.FullyConnectedOptionsT()),
        operation(2, [4], [5], options.SoftmaxOptions, softmax),
    ]
    model.subgraphs, model.buffers = [graph], buffers
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


@pytest.mark.parametrize("whole", [False, True])
def test_a_tflite_classifier_predicts_as_litert_does(tmp_path: Path, whole: bool) -> None:
    from ai_edge_litert.interpreter import Interpreter

    path = tflite(tmp_path / "net.tflite", whole)
    (tmp_path / "labels.txt").write_text("\n".join(ABC), encoding="utf-8")
    found = recognise(path)
    # Whole numbers say themselves how they want brightness.
    assert found.needs == (() if whole else ("choice",)) and found.label_names == ABC
    card = taken_in(path, choices={"numbers": "minus-one-to-one"})
    # So small that it is not shrunk while it is decoded, as large photos are.
    small = tmp_path / "small.png"
    Image.open(PHOTO).convert("RGB").resize((40, 30)).save(small)
    given = pixels(16, 16, 0.5, 0.5, small).permute(0, 2, 3, 1).numpy()
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    if whole:
        given = np.clip(np.round(given * 128 + 128), 0, 255).astype(np.uint8)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ascontiguousarray(given))
    interpreter.invoke()
    wanted = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]
    assert shares(card, Sample("picture", path=small)) == pytest.approx(wanted.tolist(), abs=1e-4)
    assert card.options["probabilities"] is True
    assert "FULLY_CONNECTED" in {layer.kind for layer in architecture(card).parts}


def test_a_hugging_face_text_classifier_predicts_as_its_pipeline_does(tmp_path: Path) -> None:
    import transformers

    starter = Catalog.load().get("text-starter")
    from workbench.hub.store import files

    tokenizer = transformers.AutoTokenizer.from_pretrained(files(starter).path, local_files_only=True)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=48,
        num_labels=3,
    )
    folder = tmp_path / "texts"
    model = scattered(transformers.BertForSequenceClassification(config))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "evil.py").write_text("raise SystemExit", encoding="utf-8")
    card = taken_in(folder, labels=ABC)
    assert (
        card.trainable_for == ("text-classification", "text-tags") and not (Path(card.source.ref) / "evil.py").exists()
    )
    text = "The weather is fine today."
    pipeline = transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu")
    wanted = {row["label"]: row["score"] for row in pipeline([text])[0]}
    assert shares(card, Sample("text", text=text)) == pytest.approx([wanted[f"LABEL_{n}"] for n in range(3)], abs=1e-4)
    tree = architecture(card)
    assert any("2 x BertLayer" in line for line in tree.lines()) or tree.parameters == card.parameters


def test_a_hugging_face_picture_classifier_predicts_as_its_pipeline_does(tmp_path: Path) -> None:
    import transformers

    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, image_size=64, patch_size=16,
        id2label=dict(enumerate(ABC)), label2id={n: i for i, n in enumerate(ABC)},
    )  # fmt: skip
    folder = tmp_path / "pictures"
    model = scattered(transformers.ViTForImageClassification(config))
    model.save_pretrained(folder)
    size = {"height": 64, "width": 64}
    processor = transformers.ViTImageProcessor(size=size)
    processor.save_pretrained(folder)
    card = taken_in(folder)
    # A square photo, as the library squeezes what is not square and the app cuts it.
    square = tmp_path / "square.png"
    Image.open(PHOTO).convert("RGB").crop((0, 0, 400, 400)).save(square)
    pipeline = transformers.pipeline("image-classification", model=model, image_processor=processor, device="cpu")
    wanted = {row["label"]: row["score"] for row in pipeline(str(square))}
    got = shares(card, Sample("picture", path=square))
    assert got == pytest.approx([wanted[name] for name in ABC], abs=2e-2)


CFG = """[net]
width=64
height=64
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[convolutional]
size=1
stride=1
pad=1
filters=21
activation=linear

[yolo]
mask=0,1,2
anchors=10,14, 23,27, 37,58
classes=2
num=3
"""


def test_a_darknet_pair_finds_what_opencv_finds(tmp_path: Path) -> None:
    import cv2

    (tmp_path / "tiny.cfg").write_text(CFG, encoding="utf-8")
    rng = np.random.default_rng(0)
    # bias, scale, mean, variance, weights; then the last layer's bias and weights.
    parts = [
        np.zeros(8),
        np.ones(8),
        np.zeros(8),
        np.ones(8),
        rng.normal(0, 0.3, 8 * 27),
        np.zeros(21),
        rng.normal(0, 0.6, 21 * 8),
    ]
    header = np.array([0, 2, 5], np.int32).tobytes() + np.zeros(1, np.int64).tobytes()
    weights = header + np.concatenate(parts).astype(np.float32).tobytes()
    (tmp_path / "tiny.weights").write_bytes(weights)
    (tmp_path / "tiny.names").write_text("ant\nbee\n", encoding="utf-8")
    for chosen in (tmp_path, tmp_path / "tiny.cfg", tmp_path / "tiny.weights"):
        assert recognise(chosen).label_names == ("ant", "bee")
    card = taken_in(tmp_path / "tiny.weights")
    prediction = answer(card)
    assert isinstance(prediction, Boxes)
    net = cv2.dnn.readNetFromDarknet(str(tmp_path / "tiny.cfg"), str(tmp_path / "tiny.weights"))
    picture = cv2.imread(str(PHOTO))
    net.setInput(cv2.dnn.blobFromImage(picture, 1 / 255, (64, 64), swapRB=True))
    rows = net.forward()
    best = rows[rows[:, 5:].max(1).argmax()]
    assert max(b.score for b in prediction.boxes) == pytest.approx(float(best[5:].max()), abs=0.02)
    (tmp_path / "tiny.weights").unlink()
    with pytest.raises(UserError, match="both"):
        recognise(tmp_path / "tiny.cfg")


def test_an_enlarger_is_known_by_its_tensors_and_enlarges_as_spandrel_does(tmp_path: Path) -> None:
    from spandrel.architectures.ESRGAN import ESRGAN

    model = scattered(ESRGAN(num_filters=8, num_blocks=1, scale=2))
    torch.save({"params_ema": model.state_dict()}, tmp_path / "larger.pth")
    found = recognise(tmp_path / "larger.pth")
    assert (found.runtime, found.tasks) == ("spandrel", ("super-resolution",))
    card = taken_in(tmp_path / "larger.pth")
    small = tmp_path / "small.png"
    Image.open(PHOTO).convert("RGB").resize((32, 24)).save(small)
    prediction = answer(card, Sample("picture", path=small))
    assert isinstance(prediction, Picture) and (prediction.width, prediction.height) == (64, 48)
    import io

    got = np.asarray(Image.open(io.BytesIO(prediction.png)).convert("RGB"), np.float32) / 255
    given = torch.from_numpy(np.asarray(Image.open(small), np.float32).transpose(2, 0, 1) / 255)[None]
    with torch.inference_mode():
        wanted = model(given)[0].clamp(0, 1).numpy().transpose(1, 2, 0)
    assert np.abs(got - wanted).mean() < 0.01


def test_a_model_folder_of_ours_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    from workbench.catalog.card import Source
    from workbench.cli.app import run
    from workbench.hub.store import files
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.registry import open_network

    card = Catalog.load().get("picture-starter")
    model = open_network(card, files(card))
    folder = tmp_path / "exported"
    own = replace(
        card, id="mine", name="Mine", starter=False, labels="", label_names=model.labels, source=Source("folder", "")
    )
    save_folder(model, own, folder)
    assert recognise(folder).is_ours
    assert run(["inspect", str(folder), "--adopt"]) == 0
    assert "is one of your models" in capsys.readouterr().out
    assert answer(Catalog.load().get("mine")).best.name == "palace"


def test_the_command_line_looks_and_adopts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.cli.app import run

    path = as_onnx(scattered(Small()), tmp_path / "net.onnx")
    assert run(["inspect", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "picture classifier" in shown and "3 classes" in shown and "--choose numbers=imagenet" in shown
    assert run(["inspect", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["needs"] == ["labels", "size", "choice"]
    assert run(["inspect", str(path), "--adopt", "--name", "Mine", "--labels", "a,b", "--size", "64"]) == 1
    assert "3 names" in capsys.readouterr().err
    assert run(["inspect", str(path), "--adopt", "--name", "Mine", "--labels", "a,b,c", "--size", "64"]) == 0
    assert Catalog.load().get("mine").label_names == ("a", "b", "c")
    capsys.readouterr()
    assert run(["inspect", "mine"]) == 0
    assert "Conv" in capsys.readouterr().out
    assert run(["inspect", str(tmp_path / "no.onnx")]) == 1
