"""From a hub on loopback to a prediction: the same code a person's download runs."""

from __future__ import annotations

import hashlib
import io
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.hub.plan import PickleQuestion
from workbench.hub.sources.torchvision import BASE_VARIABLE
from workbench.hub.store import delete, disk_bytes, download, files, is_present
from workbench.tasks.registry import get_task

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hub_server import serving


@pytest.fixture(scope="module")
def resnet() -> tuple[str, bytes]:
    """Random weights of the real ResNet-18 under a name that carries their hash, as the official ones do."""
    import torch
    from torchvision.models import resnet18

    torch.manual_seed(0)
    stream = io.BytesIO()
    torch.save(resnet18().state_dict(), stream)
    data = stream.getvalue()
    return f"resnet18-{hashlib.sha256(data).hexdigest()[:8]}.pth", data


def test_a_broken_download_goes_on_where_it_stopped_and_predicts(
    resnet: tuple[str, bytes], catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, data = resnet
    card = catalog.get("resnet18")
    card = replace(card, source=replace(card.source, path=name, size=len(data)))
    with pytest.raises(UserError, match="not on this computer"):
        files(card)
    with serving({f"/{name}": data}) as hub:
        monkeypatch.setenv(BASE_VARIABLE, hub.url)
        hub.cut = 1_000_000
        told: list[float] = []
        download(card, Control(lambda fraction, _text: told.append(fraction)))
        assert hub.ranges(f"/{name}") == ["", "bytes=1000000-"]
    assert told and told[-1] == 1.0
    assert is_present(card) and disk_bytes(card) == len(data)
    picture = tmp_path / "a.png"
    Image.new("RGB", (40, 40), "green").save(picture)
    result = next(
        predict([Sample("picture", "a", path=picture)], card, get_task("image-classification"), pool=ModelPool())
    )
    assert result.prediction is not None and len(result.prediction.top) == 20
    delete(card)
    assert not is_present(card)


def test_a_wrong_file_is_refused(resnet: tuple[str, bytes], catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    name, data = resnet
    card = catalog.get("resnet18")
    card = replace(card, source=replace(card.source, path=name))
    with serving({f"/{name}": data[:-1] + b"x"}) as hub:
        monkeypatch.setenv(BASE_VARIABLE, hub.url)
        with pytest.raises(UserError, match="is damaged"):
            download(card)
    assert not is_present(card)


def test_stopping_a_download_keeps_what_came(
    resnet: tuple[str, bytes], catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, data = resnet
    card = catalog.get("resnet18")
    card = replace(card, source=replace(card.source, path=name))
    control = Control()
    control._on_progress = lambda fraction, _text: control.cancel() if fraction > 0.2 else None
    with serving({f"/{name}": data}) as hub:
        monkeypatch.setenv(BASE_VARIABLE, hub.url)
        with pytest.raises(Cancelled):
            download(card, control)
        download(card)
        assert hub.asked[1][1].startswith("bytes=")
    assert is_present(card)


def test_no_server_is_one_sentence(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as hub:
        monkeypatch.setenv(BASE_VARIABLE, hub.url)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        with pytest.raises(UserError, match="not found on its server"):
            download(catalog.get("resnet18"))
        with pytest.raises(UserError, match="not found on its server"):
            download(catalog.get("distilbert-sst2"))
    with pytest.raises(UserError, match="could not be downloaded"):
        download(catalog.get("resnet18"))
    with pytest.raises(UserError, match="Check the internet"):
        download(catalog.get("distilbert-sst2"))


@pytest.mark.parametrize("safe", [True, False])
def test_a_text_classifier_comes_from_a_hub(
    safe: bool, catalog: Catalog, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "bad", "film"]
    (tmp_path / "vocab.txt").write_text("\n".join(words))
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        id2label={0: "negative", 1: "positive"}, label2id={"negative": 0, "positive": 1},
    )  # fmt: skip
    torch.manual_seed(1)
    model = BertForSequenceClassification(config).eval()
    folder = tmp_path / "hub"
    model.save_pretrained(folder)
    if not safe:
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    tokenizer = BertTokenizerFast(str(tmp_path / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    card = catalog.get("distilbert-sst2")
    with serving() as hub:
        hub.add_folder(card.source.ref, folder)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        if not safe:
            with pytest.raises(PickleQuestion, match="old file format"):
                download(card)
        download(card, allow_pickle=not safe)
    result = next(predict([Sample("text", text="good film")], card, get_task("text-classification"), pool=ModelPool()))
    assert result.prediction is not None
    with torch.inference_mode():
        wanted = torch.softmax(model(**tokenizer("good film", return_tensors="pt")).logits[0], -1)
    got = {s.name: s.value for s in result.prediction.top}
    assert got["positive"] == pytest.approx(float(wanted[1]), abs=1e-5)
