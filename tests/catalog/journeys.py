"""From a catalogue entry to a prediction through the loopback hub, by the same code a person's click runs."""

from __future__ import annotations

import wave
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.pool import ModelPool
from workbench.engine.predict import predict
from workbench.hub.store import download
from workbench.runtimes.network import Network
from workbench.runtimes.tabicl_runtime import TabICL
from workbench.tasks.base import TryOptions
from workbench.tasks.registry import get_task

PHOTO = resources() / "samples" / "try" / "china.jpg"


@dataclass(frozen=True)
class Row:
    """What came of an entry. `exact`: every tensor of the file has its place in the network and the other way round."""

    id: str
    source: str
    exact: str
    predicted: str
    trainable: str


def sample_for(task_id: str, folder: Path) -> tuple[Sample, dict[str, Any]]:
    """Something to predict on, and what must be set."""
    media = get_task(task_id).info.media
    if media == "picture":
        small = folder / "small.png"
        if not small.exists():
            from PIL import Image

            Image.open(PHOTO).resize((48, 40)).save(small)
        path = small if task_id in ("super-resolution", "style-transfer") else PHOTO
        # The made-up EAST takes every dark spot of a photo for text: reading them all would take minutes.
        return Sample("picture", path.name, path=path), {"style": str(PHOTO), "size": 128, "reading": "no"}
    if media == "sound":
        path = folder / "second.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(i * 37 % 251 for i in range(64_000)))
        return Sample("sound", "second", path=path), {}
    if media == "series":
        return Sample("series", text=" ".join(str(v % 7) for v in range(40))), {"steps": 6}
    if media == "molecule":
        return Sample("molecule", text="CC(=O)Oc1ccccc1C(=O)O"), {}
    if media == "row":
        return Sample("row", text='{"age": "40", "town": "Ulm"}'), {}
    return Sample("text", text="The lamp ___ broken."), {"question": "What is broken?", "length": 10}


def journey(card: ModelCard, folder: Path) -> tuple[Any, bool]:
    """Download, open, predict: the prediction, and whether it can be taught."""
    download(card)
    card = replace(card, options={**card.options, "steps": 4}) if card.runtime == "style" else card
    pool = ModelPool(10**10)
    task_id = card.main_task
    with pool.use(card, "cpu") as model:
        teachable = any(
            hasattr(model, what)
            for what in ("stages", "tag", "tokens_of", "look_for", "wanted_tokens", "longest_future")
        )
        if "question-answering" in card.trainable_for:
            from workbench.runtimes.transformers_text_runtime import answerer_from

            text = "The lamp stands on the table."
            assert 0 <= answerer_from(model, 0).look_for("Where?", text, Control()).nothing <= 1
        if not card.tasks:  # a beginning for training: its features are what it gives
            import torch

            if isinstance(model, TabICL):  # what it gives needs rows to go by
                rows, truth = torch.randn(12, 3, dtype=torch.float64), torch.arange(12.0, dtype=torch.float64) % 2
                model.labels = ("a", "b")
                model.take(rows, truth, None)
                return model.class_logits({"table": rows[:4]}), True
            assert isinstance(model, Network)
            task: Any = get_task(task_id)
            sample, _ = sample_for(task_id, folder)
            with torch.inference_mode():
                return model.features(task.collate([task.prepare(sample, model)], model)), True
    sample, values = sample_for(task_id, folder)
    # A model with no classes of its own compares meanings: it is given words to choose between.
    labels = ("broken", "whole") if get_task(task_id).needs_labels(card) else ()
    if card.options.get("languages") and task_id == "translation":
        codes = [code for code, _name in card.options["languages"]]
        values |= {"source": codes[0], "target": codes[1]}
    result = next(
        predict([sample], card, get_task(task_id), TryOptions(labels=labels, values=values), pool=pool, device="cpu")
    )
    assert result.problem is None, result.problem
    return result.prediction, teachable
