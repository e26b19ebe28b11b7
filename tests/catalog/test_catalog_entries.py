"""Every entry of the catalogue: its facts, its architecture, and one of each kind from the hub to a prediction."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.catalog.licences import is_known, question_before_export, terms
from workbench.catalog.reader import read_cards
from workbench.errors import UserError
from workbench.hub.sources.torchvision import BASE_VARIABLE
from workbench.hub.store import files as stored_files
from workbench.runtimes.blueprint import blueprint
from workbench.runtimes.registry import runtime_of
from workbench.tasks.predictions import Prediction
from workbench.tasks.registry import all_tasks, get_task

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]
from darknet_cfgs import yolo_cfg  # noqa: E402
from hub_server import serving  # noqa: E402
from journeys import journey  # noqa: E402
from small_copies import hub_folder, labels_fit, served  # noqa: E402

CARDS = [c for f in sorted((resources() / "catalog").glob("*.toml")) for c in read_cards(f)]
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}
# What the mission names: words that must be in the name or family of an entry.
NAMED = """AlexNet; VGG-11; VGG-13; VGG-16; VGG-19; VGG-11 with batch norm; VGG-13 with batch norm; VGG-16 with batch norm;
VGG-19 with batch norm; ResNet-18; ResNet-34; ResNet-50; ResNet-101; ResNet-152; GoogLeNet; Inception v3; Inception-ResNet v2;
DenseNet-121; DenseNet-169; DenseNet-201; MobileNet v2; MobileNet v3; EfficientNet B0; EfficientNet B7; ViT; ConvNeXt; Faster R-CNN;
SSD300; SSDlite; RetinaNet; YOLOv3; YOLOv3 tiny; DETR; RT-DETR; FCN ResNet-50; FCN ResNet-101; DeepLabV3; LR-ASPP; U-Net; Neural style;
Magenta; EAST; PP-OCR; ESRGAN; Real-ESRGAN; BERT base (cased); BERT base (uncased); BERT large (cased); BERT large (uncased);
BERT base, 104 languages; DistilBERT; RoBERTa; XLNet base; XLNet large; sentiment; Names in English; Answers from a text; T5 small;
FLAN-T5; BART; Marian; NLLB; GPT-2 (124M); GPT-2 medium; GPT-2 large; GPT-2 XL; DistilGPT-2; GPT-Neo; Qwen; SmolLM2; GPT-3;
Wav2Vec 2.0 base; Wav2Vec 2.0 large; XLSR; Whisper; HuBERT; AST; DeepSpeech; sentence embedder; ChemBERTa; Chronos"""


def test_there_are_enough_and_the_missions_systems_are_among_them() -> None:
    assert len(CARDS) >= 150
    assert not [i for i, n in Counter(c.id for c in CARDS).items() if n > 1]
    words = [f"{c.name} {c.family}".casefold() for c in CARDS]
    missing = [n.strip() for n in NAMED.split(";") if not any(n.strip().casefold() in w for w in words)]
    assert not missing


@pytest.mark.parametrize("card", CARDS, ids=lambda c: c.id)
def test_an_entry_says_what_a_person_must_know(card: ModelCard) -> None:
    for text in (card.summary, card.trained_on, card.strengths, card.limits):
        assert len(text) > 4 and text.endswith("."), text
    assert card.licence and (is_known(card.licence) or card.licence == "not stated")
    assert card.paper.startswith("https://") and card.licence_url.startswith("https://") and terms(card).sentence
    assert card.tasks or card.trainable_for
    for task_id in (*card.tasks, *card.trainable_for):
        get_task(task_id)
    assert runtime_of(card) and labels_fit(card)
    if not card.is_remote:
        assert card.source.size > 0 and card.minimum_memory > card.source.size * 0.8


def _counted(card: ModelCard) -> bool:
    return (
        bool(card.config) or card.runtime in ("timm", "torchvision", "style") or card.runtime.startswith("torchvision_")
    )


def _beside(card: ModelCard, network: Any) -> int:
    """Bytes a published file holds beside the network's weights."""
    config = getattr(network, "config", None)
    if card.family == "GPT-2":  # a mask of attention per layer, four bytes a value
        return int(config.n_layer * config.n_positions**2 * 4)
    if card.family == "GPT-Neo":  # one for every second layer, one byte a value
        return int(config.num_layers // 2 * config.max_position_embeddings**2)
    if card.id in ("qwen3-0.6b", "qwen3-1.7b"):  # the layer of words once more, for writing
        return int(config.vocab_size * config.hidden_size * 2)
    if card.family == "DeBERTa":  # the head of its first training, twice
        return 3_450_000
    if card.id.startswith("chemberta-zinc"):  # pooler or word layer of its first training
        return 2_360_000
    return 0


@pytest.mark.parametrize("card", [c for c in CARDS if _counted(c) and not c.starter], ids=lambda c: c.id)
def test_the_number_of_weights_and_the_size_are_the_architectures(card: ModelCard) -> None:
    network = blueprint(card)
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    stored = {id(t): t for t in network.state_dict(keep_vars=True).values()}.values()
    width = BYTES[card.dtype]
    expected = sum(t.numel() * (width if t.is_floating_point() else t.element_size()) for t in stored)
    expected += _beside(card, network)
    # Names and shapes in the file's head take some bytes as well: up to 180 kB in torch's old format.
    assert abs(card.source.size - expected) <= 0.01 * expected + 50_000, card.source.size / expected


@pytest.mark.parametrize("card", [c for c in CARDS if c.runtime == "darknet"], ids=lambda c: c.id)
def test_darknet_networks_have_the_published_number_of_weights_and_size(card: ModelCard) -> None:
    from workbench.runtimes.darknet_net import build, parse_cfg

    network = build(parse_cfg(yolo_cfg(card.id, 416, 1.0)))
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    # The header is 20 bytes: three int32 of version and an int64 of pictures seen.
    kept = [t for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")]
    assert sum(t.numel() for t in kept) * 4 + 20 == card.source.size == card.source.files[1].size


@pytest.mark.parametrize("card", [c for c in CARDS if c.runtime == "unet"], ids=lambda c: c.id)
def test_unets_have_the_stated_number_of_weights(card: ModelCard) -> None:
    from workbench.runtimes.unet_runtime import brain_unet, smp_network

    options = {k: v for k, v in card.options.items() if k not in ("beginning", "enlarge")}
    network = brain_unet() if card.arch == "brain-unet" else smp_network(card.arch.removeprefix("smp:"), options)
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    # What comes with a classifier's weights holds its last layers as well.
    assert (
        card.options.get("beginning")
        or abs(card.source.size - sum(t.numel() * 4 for t in network.state_dict().values())) < 0.01 * card.source.size
    )


def test_licences_are_asked_about_before_a_model_is_passed_on() -> None:
    by_id = {c.id: c for c in CARDS}
    assert question_before_export(by_id["resnet50"]) == ""
    assert "Not for business" in question_before_export(by_id["nllb-600m"])
    assert ("research only", "warn") in terms(by_id["segformer-b0"]).badges()
    assert ("share alike", "plain") in terms(by_id["east-text"]).badges()
    assert ("licence unclear", "warn") in terms(by_id["chemberta-zinc"]).badges()


def _kinds() -> list[ModelCard]:
    """The smallest entry of each kind of loading: runtime, class and architecture."""
    chosen: dict[tuple[str, str, str, str], ModelCard] = {}
    for card in sorted(CARDS, key=lambda c: c.source.size):
        if card.starter or card.is_remote:
            continue
        style = card.arch if card.runtime == "spandrel" else card.id if card.runtime == "darknet" else ""
        family = card.config.rpartition("-")[0] or card.runtime
        chosen.setdefault((card.runtime, card.arch if card.config else style, family, card.source.kind), card)
    return list(chosen.values())


@pytest.mark.parametrize("card", _kinds(), ids=lambda c: c.id)
def test_one_of_each_kind_goes_from_the_hub_to_a_prediction(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as hub:
        for name in (BASE_VARIABLE, "HF_ENDPOINT", "WORKBENCH_URL_BASE"):
            monkeypatch.setenv(name, hub.url)
        asked = served(card, hub, tmp_path / "copy")
        found, teachable = journey(asked, tmp_path)
    assert found is not None and (isinstance(found, Prediction) or found.ndim == 2)
    assert teachable == bool(card.trainable_for)


def test_weights_that_are_missing_are_never_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.torch import load_file, save_file

    card = next(c for c in CARDS if c.id == "distilbert-sst2")
    with serving() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        served(card, hub, tmp_path / "copy")
        repo = hub.repos[card.source.ref]
        weights = load_file(tmp_path / "copy" / "model.safetensors")
        weights.pop("classifier.weight")
        save_file(weights, tmp_path / "w", {"format": "pt"})
        repo.files["model.safetensors"] = (tmp_path / "w").read_bytes()
        with pytest.raises(UserError, match="lack some of its weights"):
            journey(card, tmp_path)


def test_flan_t5_opens_with_the_output_layer_of_its_file(tmp_path: Path) -> None:
    """The library shares that layer with the words by default, which would make FLAN-T5 talk nonsense."""
    import torch
    from safetensors.torch import load_file

    card = next(c for c in CARDS if c.id == "flan-t5-small")
    folder = hub_folder(card, tmp_path / "copy")
    state = load_file(folder / "model.safetensors")
    model = runtime_of(card).open_pretrained(card, folder)
    assert torch.equal(model.network.lm_head.weight, state["lm_head.weight"])
    assert torch.equal(model.network.shared.weight, state["shared.weight"])
    assert not torch.equal(state["lm_head.weight"], state["shared.weight"])


def test_detr_opens_in_the_form_it_is_published_in(tmp_path: Path) -> None:
    """With its backbone under timm's names and a config that says where that once came from: nothing is fetched."""
    import json

    import numpy as np
    import torch
    import transformers as tf

    card = next(c for c in CARDS if c.id == "detr-resnet-50")
    sizes: dict[str, Any] = {"num_queries": 5, "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "num_labels": 91}  # fmt: skip
    config = tf.DetrConfig(use_timm_backbone=True, backbone="resnet10t", use_pretrained_backbone=False, **sizes)
    torch.manual_seed(0)
    network = tf.DetrForObjectDetection(config)
    network.save_pretrained(tmp_path)
    saved = {k for k in network.state_dict() if "num_batches_tracked" not in k}
    published = {"model_type": "detr", "backbone": "resnet10t", "backbone_config": None, "use_timm_backbone": True, "use_pretrained_backbone": True, **sizes}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(published))
    tf.DetrImageProcessor(size={"shortest_edge": 64, "longest_edge": 96}).save_pretrained(tmp_path)
    model = runtime_of(card).open_pretrained(card, tmp_path)
    opened = model.network.state_dict()
    assert saved <= set(opened) and all(torch.equal(opened[k], network.state_dict()[k]) for k in saved)
    found = model.detect([np.zeros((40, 60, 3), np.uint8)], threshold=0.0)[0]
    assert len(found.boxes) == 5


@pytest.mark.parametrize("card", [c for c in CARDS if c.starter], ids=lambda c: c.id)
def test_a_starters_size_is_that_of_its_files(card: ModelCard) -> None:
    place = stored_files(card).path
    files = [place] if place.is_file() else [f for f in place.rglob("*") if f.is_file() and f.suffix != ".pyc"]
    # Another release of a package may differ by a small file, not by a model.
    assert abs(sum(f.stat().st_size for f in files) - card.source.size) < 100_000


def test_every_task_has_a_model() -> None:
    can = {t for c in CARDS for t in c.tasks}
    assert {t.info.id for t in all_tasks() if not t.info.taught_only} <= can
    assert all(len(set(label_names(c))) == len(label_names(c)) or c.labels == "coco-91" for c in CARDS)
