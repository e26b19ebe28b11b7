"""Every entry of the catalogue: its facts, its architecture, and one of each kind from the hub to a prediction."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import label_names
from workbench.catalog.licences import is_known, question_before_export, terms
from workbench.catalog.reader import read_cards
from workbench.errors import UserError
from workbench.hub.sources.torchvision import BASE_VARIABLE
from workbench.runtimes.blueprint import blueprint
from workbench.runtimes.registry import runtime_of
from workbench.tasks.predictions import Prediction
from workbench.tasks.registry import all_tasks, get_task

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent)]
from hub_server import serving  # noqa: E402
from journeys import journey  # noqa: E402
from small_copies import labels_fit, served  # noqa: E402

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
    assert card.paper.startswith("https://") and card.licence_url.startswith(("https://", "")) and terms(card).sentence
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


@pytest.mark.parametrize("card", [c for c in CARDS if _counted(c) and not c.starter], ids=lambda c: c.id)
def test_the_number_of_weights_and_the_size_are_the_architectures(card: ModelCard) -> None:
    network = blueprint(card)
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    held = sum(t.numel() for t in {id(t): t for t in [*network.parameters(), *network.buffers()]}.values())
    size = card.source.size
    least, most = card.parameters * BYTES[card.dtype], held * BYTES[card.dtype] * 1.02 + 2_000_000
    # GPT-2's files hold its masks of attention as well, up to a megabyte times four per layer.
    if card.family == "GPT-2":
        most += 50 * 1024 * 1024 * 4
    assert least * 0.985 <= size <= most


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
        style = card.arch if card.runtime == "spandrel" else ""
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


def test_every_task_has_a_model() -> None:
    can = {t for c in CARDS for t in c.tasks}
    assert {t.info.id for t in all_tasks()} <= can
    assert all(len(set(label_names(c))) == len(label_names(c)) or c.labels == "coco-91" for c in CARDS)
