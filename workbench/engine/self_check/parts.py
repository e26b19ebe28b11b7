"""The libraries: those that a packaged app loses most easily, each asked for the thing it was lost for."""

from __future__ import annotations

from importlib import import_module

from workbench.engine.self_check.base import Place, Step, expect

# Loaded by name somewhere in the app; each has compiled code or files of its own.
_LIBRARIES = (
    "torch", "torchvision", "transformers", "timm", "peft", "safetensors.torch", "tokenizers", "sentencepiece", "onnx",
    "onnxruntime", "onnxscript", "cv2", "scipy.signal", "scipy.optimize", "sklearn.linear_model", "segmentation_models_pytorch",
    "spandrel", "pydicom", "openpyxl", "soundfile", "sacrebleu", "pycocotools.mask", "rapidfuzz.distance", "defusedxml.ElementTree",
    "yaml", "rich.progress", "huggingface_hub", "filelock", "charset_normalizer", "psutil",
)  # fmt: skip


def _libraries(_place: Place) -> str:
    import sys

    for name in _LIBRARIES:
        import_module(name)
    if sys.platform != "win32":
        import_module("ai_edge_litert.interpreter")
    import torch
    import torchvision
    import transformers

    return f"torch {torch.__version__}, torchvision {torchvision.__version__}, transformers {transformers.__version__}"


def _modules(_place: Place) -> str:
    """Every module of ours that is found by name can be imported."""
    import pkgutil

    from workbench.data import documents
    from workbench.data.exporters import formats as writers
    from workbench.data.importers import formats as readers
    from workbench.tasks.registry import all_tasks

    count = 0
    for package in ("catalog", "hub", "runtimes", "data", "tasks", "trust", "engine"):
        found = import_module(f"workbench.{package}")
        for module in pkgutil.walk_packages(found.__path__, f"workbench.{package}."):
            import_module(module.name)
            count += 1
    tasks, read, write = all_tasks(), readers.all_formats(), writers.all_formats()
    kinds = documents.document_suffixes()
    expect(count > 300 and len(tasks) > 20 and read and write and ".pdf" in kinds, f"only {count} modules are there")
    return (
        f"{count} modules, {len(tasks)} tasks, {len(read)} formats read, {len(write)} written, {len(kinds)} documents"
    )


def _suppression(place: Place) -> str:
    """A detector of torchvision from end to end. Its weights are drawn by lot, so what is looked at is that it finds
    something at all, and that of boxes on top of each other one stays (torchvision's own operator)."""
    import numpy as np
    import torch
    import torchvision

    from workbench.data.media import open_picture
    from workbench.engine.self_check.starters import photo
    from workbench.runtimes.torchvision_detection_runtime import network_of

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    expect(kept == [0, 2], f"non-maximum suppression kept {kept}")
    torch.manual_seed(0)
    network = network_of("ssdlite320_mobilenet_v3_large", 91).eval()
    network.score_thresh = 0.0
    pixels = torch.from_numpy(np.array(open_picture(photo()))).permute(2, 0, 1) / 255
    with torch.inference_mode():
        found = network([pixels])[0]
    count = len(found["boxes"])
    expect(count > 0 and bool(torch.isfinite(found["boxes"]).all()), "the detector gave no boxes")
    return f"SSDlite: {count} boxes after suppression"


def _by_name(_place: Place) -> str:
    """What transformers finds by the name in a config, and a chat template, which is Jinja."""
    import torch
    import transformers

    torch.manual_seed(0)
    configs = (
        transformers.BertConfig(
            vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        ),
        transformers.LlamaConfig(
            vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        ),
        transformers.ViTConfig(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32
        ),
    )
    bert = transformers.AutoModelForSequenceClassification.from_config(configs[0]).eval()
    llama = transformers.AutoModelForCausalLM.from_config(configs[1]).eval()
    vit = transformers.AutoModelForImageClassification.from_config(configs[2]).eval()
    words = torch.tensor([[1, 2, 3]])
    with torch.inference_mode():
        shapes = (
            tuple(bert(words).logits.shape),
            tuple(llama.generate(words, max_new_tokens=2, do_sample=False).shape),
            tuple(vit(torch.zeros(1, 3, 32, 32)).logits.shape),
        )
    expect(shapes == ((1, 2), (1, 5), (1, 2)), f"shapes {shapes}")
    return "BERT, Llama and ViT built by name and run"


def _keyring(_place: Place) -> str:
    """Where keys are kept: that this system has such a place is not asked, only that the part that looks is there."""
    import keyring.backend

    found = sorted({type(backend).__module__.split(".")[-1] for backend in keyring.backend.get_all_keyring()})
    expect(found, "keyring knows no place for keys")
    return ", ".join(found)


STEPS = (
    Step("libraries", "Libraries", _libraries),
    Step("modules", "Our own modules", _modules),
    Step("detector", "A torchvision detector", _suppression),
    Step("by-name", "Models built by name", _by_name),
    Step("keyring", "Places for keys", _keyring),
)
