"""Files and folders of a person's: told what they are from their content, or refused in a sentence."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from few_architectures import only_a_few
from safetensors.torch import save_file

from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.runtimes.recognise import recognise
from workbench.runtimes.signatures import match, shapes_of, without_memory


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What was found out of timm's families, once for all tests."""
    return tmp_path_factory.mktemp("names")


def state_of(arch: str, classes: int, library: str = "torchvision") -> dict[str, torch.Tensor]:
    if library == "timm":
        import timm

        made: dict[str, torch.Tensor] = timm.create_model(arch, num_classes=classes).state_dict()
        return made
    from torchvision import models

    return models.get_model(arch, weights=None, num_classes=classes).state_dict()


@pytest.mark.parametrize("wrap", ["bare", "state_dict", "net", "module", "lightning"])
def test_a_training_programs_file_is_known_by_its_tensors(tmp_path: Path, wrap: str) -> None:
    state: dict[str, Any] = dict(state_of("resnet18", 3))
    if wrap == "module":
        state = {f"module.{k}": v for k, v in state.items()}
    elif wrap == "lightning":
        state = {"epoch": 3, "global_step": 17, "state_dict": {f"model.{k}": v for k, v in state.items()}}
    elif wrap != "bare":
        state = {wrap: state, "epoch": 7, "accuracy": 0.9}
    path = tmp_path / "best.pth"
    torch.save(state, path)
    found = recognise(path)
    assert (found.runtime, found.arch, found.tasks) == ("torchvision", "resnet18", ("image-classification",))
    assert found.trainable_for == ("image-classification",) and found.plain_weights
    assert [(m.kind, m.count) for m in found.missing] == [("labels", 3)]
    assert found.preparation.size == 224 and found.preparation.mean == (0.485, 0.456, 0.406)


def test_safetensors_of_timm_with_its_own_number_of_classes(tmp_path: Path) -> None:
    path = tmp_path / "a mobilenetv3_small_050 of mine.safetensors"
    save_file(state_of("mobilenetv3_small_050", 5, "timm"), path)
    found = recognise(path)
    assert (found.runtime, found.arch) == ("timm", "mobilenetv3_small_050") and not found.plain_weights
    assert found.missing[0].count == 5 and "5 classes" in found.title


def test_a_thousand_classes_have_the_usual_names_and_names_beside_the_file_are_taken(tmp_path: Path) -> None:
    save_file(state_of("mobilenet_v3_small", 1000), tmp_path / "m.safetensors")
    found = recognise(tmp_path / "m.safetensors")
    assert len(found.label_names) == 1000 and found.missing == ()
    save_file(state_of("mobilenet_v3_small", 3), tmp_path / "n.safetensors")
    (tmp_path / "labels.txt").write_text("ant\nbee\ncat\n", encoding="utf-8")
    assert recognise(tmp_path / "n.safetensors").label_names == ("ant", "bee", "cat")
    (tmp_path / "labels.txt").write_text("ant\nbee\n", encoding="utf-8")
    assert recognise(tmp_path / "n.safetensors").label_names == ()


def test_the_family_is_searched_when_the_name_says_nothing_and_ambiguity_is_asked(
    names: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """timm's own and TensorFlow's padding have the same tensors; only the person can know."""
    only_a_few(monkeypatch)
    shapes = shapes_of(state_of("efficientnet_lite0", 4, "timm"))
    found = match(shapes, "", names)
    assert {"efficientnet_lite0", "tf_efficientnet_lite0"} <= {m.arch for m in found}
    assert {m.classes for m in found} == {4}
    # With the architecture in the file's name there is nothing to ask.
    assert [m.arch for m in match(shapes, "tf_efficientnet_lite0-best", names)] == ["tf_efficientnet_lite0"]
    assert list(names.glob("names-of-tensors-*.json"))
    assert match({"nothing.weight": (3, 3)}, "", names) == []


def test_the_search_stops_when_asked(tmp_path: Path) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        match({"nothing.weight": (3, 3)}, "", tmp_path, control)


def test_networks_are_built_without_memory_and_other_threads_are_left_alone() -> None:
    import threading

    from workbench.runtimes.signatures import meta_layers

    whole = without_memory("torchvision", "regnet_y_400mf", 7)
    assert whole is not None
    assert {p.device.type for p in whole.parameters() if p.ndim == 4} == {"meta"}
    seen: list[str] = []
    with meta_layers():
        thread = threading.Thread(target=lambda: seen.append(torch.nn.Linear(2, 2).weight.device.type))
        thread.start()
        thread.join()
        assert torch.nn.Linear(2, 2).weight.device.type == "meta"
    assert seen == ["cpu"]


class Evil:
    def __reduce__(self) -> Any:
        return (print, ("ran",))


def test_pickles_with_programs_are_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.pth"
    torch.save({"a": torch.zeros(1), "b": Evil()}, path)
    with pytest.raises(UserError, match="holds a program") as caught:
        recognise(path)
    assert caught.value.hint
    old = tmp_path / "old.pt"
    with old.open("wb") as stream:
        pickle.dump(Evil(), stream)
    with pytest.raises(UserError):
        recognise(old)
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(UserError, match="holds a program"):
        recognise(tmp_path / "whole.pt")
    (tmp_path / "x.pkl").write_bytes(b"x")
    with pytest.raises(UserError, match="may hold programs"):
        recognise(tmp_path / "x.pkl")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pth", b"not weights at all"), ("a.safetensors", b"\xff" * 100), ("a.onnx", b"junk" * 50),
     ("a.tflite", b"junk" * 50), ("a.cfg", b"[net]\n"), ("a.txt", b"hello"), ("a.gguf", b"GGUF"), ("a.onnx", b""),
     ("a.pt", b"PK\x03\x04 not a zip")],
)  # fmt: skip
def test_what_is_no_model_is_a_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        recognise(tmp_path / name)
    assert caught.value.message.endswith(".") and caught.value.hint.endswith(".")


def test_more_refusals(tmp_path: Path, names: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="not there"):
        recognise(tmp_path / "missing.onnx")
    (tmp_path / "empty folder").mkdir()
    with pytest.raises(UserError, match="holds no model"):
        recognise(tmp_path / "empty folder")
    save_file({"strange.weight": torch.zeros(2, 2)}, tmp_path / "strange.safetensors")
    with pytest.raises(UserError, match="does not know"):
        recognise(tmp_path / "strange.safetensors", names)
    torch.save({"epoch": 3}, tmp_path / "none.pt")
    with pytest.raises(UserError, match="something else"):
        recognise(tmp_path / "none.pt")
    monkeypatch.setattr("workbench.runtimes.recognise.MOST_BYTES", 10)
    with pytest.raises(UserError, match="too large"):
        recognise(tmp_path / "strange.safetensors")


def test_archives_that_unfold_to_far_more_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", b"\0" * 50_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(UserError, match="unfolds to far more"):
        recognise(path)


def test_torchscript_is_not_loaded_but_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.pt"
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), str(path))
    monkeypatch.setattr(torch.jit, "load", lambda *_: pytest.fail("loaded before it was agreed to"))
    found = recognise(path)
    assert found.runtime == "torchscript" and "consent" in found.needs and "labels" in found.needs


def hugging_face(folder: Path, config: dict[str, Any], **more: str) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file({"w": torch.zeros(1)}, folder / "model.safetensors")
    for name, text in more.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("architecture", "model_type", "runtime", "task"),
    [
        ("DistilBertForSequenceClassification", "distilbert", "transformers", "text-classification"),
        ("BertForTokenClassification", "bert", "transformers_text", "token-classification"),
        ("RobertaForQuestionAnswering", "roberta", "transformers_text", "question-answering"),
        ("BertForMaskedLM", "bert", "transformers_text", "fill-mask"),
        ("GPT2LMHeadModel", "gpt2", "transformers_writer", "text-generation"),
        ("MarianMTModel", "marian", "transformers_writer", "translation"),
        ("BertModel", "bert", "transformers", "sentence-embedding"),
        ("WhisperForConditionalGeneration", "whisper", "transformers_sound", "speech-recognition"),
        ("Wav2Vec2ForCTC", "wav2vec2", "transformers_sound", "speech-recognition"),
        ("ASTForAudioClassification", "audio-spectrogram-transformer", "transformers_sound", "sound-classification"),
        ("ViTForImageClassification", "vit", "transformers_vision", "image-classification"),
        ("DetrForObjectDetection", "detr", "transformers_vision", "object-detection"),
        ("SegformerForSemanticSegmentation", "segformer", "transformers_vision", "semantic-segmentation"),
    ],
)
def test_hugging_face_folders_by_their_description(
    tmp_path: Path, architecture: str, model_type: str, runtime: str, task: str
) -> None:
    names = {"0": "cold", "1": "warm"}
    config = {"architectures": [architecture], "model_type": model_type, "id2label": names}
    page = "---\nlicense: apache-2.0\n---\n# Page\n"
    folder = hugging_face(tmp_path / "m", config, README__md=page, evil__py="print('ran')")
    found = recognise(folder)
    assert (found.runtime, found.tasks[0]) == (runtime, task)
    assert found.licence == "Apache-2.0"
    assert set(found.files) == {"config.json", "model.safetensors"}
    if "Classification" in architecture:
        assert found.label_names == ("cold", "warm")
    # The weights file chosen alone means its folder.
    assert recognise(folder / "model.safetensors").runtime == runtime


def test_what_a_hugging_face_folder_leaves_open_is_asked(tmp_path: Path) -> None:
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"},
    }
    found = recognise(hugging_face(tmp_path / "a", config))
    assert [(m.kind, m.count) for m in found.missing] == [("labels", 3)]
    t5 = {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5"}
    found = recognise(hugging_face(tmp_path / "b", t5))
    assert [m.key for m in found.missing] == ["task"]
    talks = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}
    assert recognise(hugging_face(tmp_path / "c", talks, chat_template__jinja="x")).tasks == ("chat", "text-generation")
    own = {"architectures": ["MyOwnThing"], "model_type": "mine", "auto_map": {"AutoModel": "code.MyOwnThing"}}
    with pytest.raises(UserError, match="never run"):
        recognise(hugging_face(tmp_path / "d", own))
    (tmp_path / "a" / "model.safetensors").unlink()
    with pytest.raises(UserError, match="no weights"):
        recognise(tmp_path / "a")
    (tmp_path / "b" / "config.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read"):
        recognise(tmp_path / "b")


def test_a_timm_folder_of_the_hub(tmp_path: Path) -> None:
    published = {"input_size": [3, 160, 160], "interpolation": "bicubic", "crop_pct": 0.9, "mean": [0.5, 0.5, 0.5],
                 "std": [0.5, 0.5, 0.5], "license": "mit"}  # fmt: skip
    config = {"architecture": "resnet18", "num_classes": 3, "pretrained_cfg": published, "label_names": ["a", "b", "c"]}
    found = recognise(hugging_face(tmp_path / "m", config))
    assert (found.runtime, found.arch, found.label_names, found.licence) == ("timm", "resnet18", ("a", "b", "c"), "MIT")
    assert (found.preparation.size, found.preparation.crop, found.preparation.interpolation) == (160, 0.9, "bicubic")


def test_onnx_that_keeps_its_weights_elsewhere(tmp_path: Path) -> None:
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    def write(location: str) -> Path:
        weight = numpy_helper.from_array(np.zeros((12, 2), np.float32), "w")
        flat = helper.make_node("Flatten", ["x"], ["f"])
        product = helper.make_node("MatMul", ["f", "w"], ["y"])
        graph = helper.make_graph(
            [flat, product], "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, 2, 2])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])], [weight],
        )  # fmt: skip
        path = tmp_path / "net.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.save_model(model, str(path), save_as_external_data=True, location="parts.bin", size_threshold=0)
        path.write_bytes(path.read_bytes().replace(b"parts.bin", location.encode()))
        return path

    assert set(recognise(write("parts.bin")).files) == {"net.onnx", "parts.bin"}
    with pytest.raises(UserError, match="outside of its folder"):
        recognise(write("../a/x.bi"))
    with pytest.raises(UserError, match="beside it"):
        recognise(write("other.bin"))
