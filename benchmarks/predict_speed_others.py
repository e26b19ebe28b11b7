"""The rows of `predict_speed.py` for what is no classifier: areas, boxes, words. Weights are random; the plain ways are those of the
libraries' own examples."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from predict_speed import Bench

# Share of points, boxes and words that must be the same. Boxes of random networks are all as likely, and two that overlap may
# change places.
_SAME_POINTS, _SAME_BOXES = 0.999, 0.97


def _saved(
    runtime: str, arch: str, task: str, home: Path, folder_of: Path | None = None, **more: Any
) -> tuple[Any, Any]:
    """A random network as one of the app's own models, and its card."""
    import torch

    from workbench.catalog.card import ModelCard, Source
    from workbench.runtimes.folder import save_folder
    from workbench.runtimes.registry import runtime_of

    folder = home / "models" / f"bench-{arch.lower()}"
    card = ModelCard(
        folder.name, arch, (task,), runtime, arch, Source("folder", str(folder)), trainable_for=(task,), **more
    )
    torch.manual_seed(0)
    model = runtime_of(card).build(card, folder_of or home)
    for part in model.module.backbone.modules() if hasattr(model, "module") else ():
        if isinstance(part, torch.nn.Conv2d):  # else little is left of a picture after many layers
            torch.nn.init.kaiming_normal_(part.weight)
    save_folder(model, card, folder)
    return model, card


def _areas(name: str, home: Path) -> Bench:
    import numpy as np
    import torch
    from PIL import Image
    from predict_speed import photos_in, with_ours
    from torchvision.transforms import functional

    from workbench.catalog.card import Preparation

    model, card = _saved(
        "torchvision_segmentation", "lraspp_mobilenet_v3_large", "semantic-segmentation", home,
        label_names=("cat", "dog"), preparation=Preparation(size=520),
    )  # fmt: skip
    net, p = model.module.eval(), card.preparation

    def plain(photos: Sequence[Path]) -> Any:
        found = []
        with torch.inference_mode():
            for file in photos:
                pixels = functional.to_tensor(Image.open(file).convert("RGB"))
                seen = functional.normalize(functional.resize(pixels, [p.size], antialias=True), p.mean, p.std)
                logits = net(seen[None])["out"]
                whole = functional.resize(logits, list(pixels.shape[-2:]), antialias=False)
                found.append(whole[0].argmax(0).numpy())
        return found

    def read(predictions: Sequence[Any], _model: Any) -> Any:
        return [np.asarray(Image.open(io.BytesIO(prediction.png))) for prediction in predictions]

    def off(wanted: Any, got: Any) -> str:
        share = min(float((w == g).mean()) for w, g in zip(wanted, got, strict=True))
        return "" if share >= _SAME_POINTS else f"{share:.2%} of the points are the same"

    return with_ours(name, photos_in(home / "photos"), card, plain, None, read, off)


def _boxes(name: str, home: Path) -> Bench:
    import torch
    from PIL import Image
    from predict_speed import photos_in, with_ours
    from torchvision.transforms import functional

    model, card = _saved(
        "torchvision_detection", "ssdlite320_mobilenet_v3_large", "object-detection", home, label_names=("cat", "dog")
    )
    net = model.module.eval()
    net.score_thresh = 0.05

    def plain(photos: Sequence[Path]) -> Any:
        with torch.inference_mode():
            return [net([functional.to_tensor(Image.open(f).convert("RGB"))])[0]["boxes"] for f in photos]

    def read(predictions: Sequence[Any], _model: Any) -> Any:
        return [torch.tensor([(b.x0, b.y0, b.x1, b.y1) for b in p.boxes]).reshape(-1, 4) for p in predictions]

    def off(wanted: Any, got: Any) -> str:
        shares = [
            float((torch.cdist(w, g, float("inf")) < 1).any(1).float().mean()) if len(w) == len(g) else 0.0
            for w, g in zip(wanted, got, strict=True)
        ]
        return "" if min(shares) >= _SAME_BOXES else f"{min(shares):.2%} of the boxes are the same"

    # In the network's size: the app scales larger ones before, which gives other pixels than scaling in the network.
    return with_ours(name, photos_in(home / "small photos", 320), card, plain, None, read, off)


def _words(name: str, home: Path) -> Bench:
    import csv

    import torch
    from predict_speed import ROOT, with_ours
    from transformers import AutoTokenizer, DistilBertConfig, pipeline

    from workbench.catalog.catalog import Catalog
    from workbench.hub.store import files

    tokenizer = AutoTokenizer.from_pretrained(files(Catalog.load().get("text-starter")).path)
    labels = ("B-person", "B-place", "B-thing", "B-day")
    base = home / "distilbert"
    DistilBertConfig(
        vocab_size=len(tokenizer), id2label=dict(enumerate(labels)), label2id={k: n for n, k in enumerate(labels)}
    ).save_pretrained(base)
    tokenizer.save_pretrained(base)
    model, card = _saved(
        "transformers_text", "AutoModelForTokenClassification", "token-classification", home, base, label_names=labels
    )
    net = model.net.eval()
    with (ROOT / "resources/samples/reviews.csv").open(encoding="utf-8") as stream:
        texts = [max(row, key=len) for row in list(csv.reader(stream))[1:65]]

    def plain(given: Sequence[str]) -> Any:
        found = []
        with torch.inference_mode():
            for text in given:
                batch = tokenizer(text, return_tensors="pt", truncation=True, max_length=512)
                batch.pop("token_type_ids", None)
                best = net(**batch).logits[0].argmax(-1).tolist()
                words = batch.word_ids()
                first = [n for n, word in enumerate(words) if word is not None and word != words[n - 1]]
                found.append([labels[best[n]][2:] for n in first])
        return found

    pipe = pipeline("token-classification", model=net, tokenizer=tokenizer, device="cpu")

    def piped(given: Sequence[str]) -> None:
        pipe(list(given), batch_size=8 if len(given) > 1 else 1)

    def read(predictions: Sequence[Any], _model: Any) -> Any:
        return [[span.label for span in p.spans] for p in predictions]

    def off(wanted: Any, got: Any) -> str:
        same = sum(w == g for w, g in zip(wanted, got, strict=True))
        return "" if same == len(wanted) else f"{same} of {len(wanted)} texts are marked the same"

    return with_ours(name, texts, card, plain, piped, read, off)


OTHERS: dict[str, Callable[[str, Path], Bench]] = {
    "LRASPP (areas)": _areas,
    "SSDlite (boxes)": _boxes,
    "DistilBERT (words)": _words,
}
