"""Reasons with real weights and planted truths: what was put there is what is pointed at."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import captum.attr
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image, ImageDraw

from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import ItemFilter, Sample
from workbench.engine.events import Finished, How
from workbench.engine.explain import boxes, drawing
from workbench.engine.explain.alike import most_alike, taught_in
from workbench.engine.explain.asked import ask
from workbench.engine.explain.reasons import explain, explain_box
from workbench.engine.explain.sanity import compare, shuffled
from workbench.engine.explain.text import token_shares
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Box
from workbench.tasks.registry import get_task

PICTURES, TEXTS, SOUNDS = (get_task(f"{kind}-classification") for kind in ("image", "text", "sound"))
CHINA = Sample("picture", "china.jpg", path=resources() / "samples" / "try" / "china.jpg")


def photo(kind: str, seed: int) -> tuple[Image.Image, tuple[float, float]]:
    """A grainy ground with a disc or a cross somewhere; and its middle in shares of the picture."""
    rng = random.Random(seed)
    noise = np.random.default_rng(seed).normal(120, 25, (224, 224, 3)).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(noise)
    draw, radius = ImageDraw.Draw(picture), 26
    x, y = rng.randint(50, 174), rng.randint(50, 174)
    if kind == "disc":
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(200, 40, 40))
    else:
        draw.rectangle((x - radius, y - 8, x + radius, y + 8), fill=(40, 60, 200))
        draw.rectangle((x - 8, y - radius, x + 8, y + radius), fill=(40, 60, 200))
    return picture, (x / 224, y / 224)


@pytest.fixture
def shapes(tmp_path: Path, make_project: Callable[[Path], Project]) -> Project:
    for kind in ("disc", "cross"):
        (tmp_path / "shapes" / kind).mkdir(parents=True)
        for number in range(24):
            photo(kind, number + 1000 * (kind == "disc"))[0].save(tmp_path / "shapes" / kind / f"{number}.png")
    return make_project(tmp_path / "shapes")


def taught(project: Project, base: str) -> Any:
    catalog = Catalog.load()
    finished = list(fit(new_config(project, catalog.get(base), How.QUICK), project, catalog))[-1]
    assert isinstance(finished, Finished)
    return Catalog.load().get(finished.model_id)


def test_the_thing_that_was_learnt_is_pointed_at(shapes: Project, tmp_path: Path) -> None:
    """The pointing game (Zhang et al. 2018): the hottest place lies on the thing."""
    card = taught(shapes, "picture-starter")
    hits, depends = 0, 0
    for number in range(12):
        kind = ("disc", "cross")[number % 2]
        picture, (x, y) = photo(kind, 5000 + number)
        picture.save(tmp_path / "new.png")
        found = explain(Sample("picture", "new.png", path=tmp_path / "new.png"), card, PICTURES, target=kind)
        assert found.heat is not None and found.heat.max() == 1.0 and found.sanity is not None
        rows, columns = found.heat.shape
        left, top, right, bottom = found.part
        place = int(found.heat.argmax())
        at = (
            left + (place % columns + 0.5) / columns * (right - left),
            top + (place // columns + 0.5) / rows * (bottom - top),
        )
        # A map of 7 x 7 places is fine to within one of them; the thing itself is 52 of 224 points wide.
        hits += abs(at[0] - x) < 0.2 and abs(at[1] - y) < 0.2
        depends += found.sanity.depends
    print(f"pointed at the thing in {hits} of 12; the explanation depended on the weights in {depends} of 12")
    assert hits >= 9 and depends >= 10
    near = most_alike(Sample("picture", path=tmp_path / "new.png"), card, shapes)
    assert taught_in(shapes, card) and not taught_in(shapes, Catalog.load().get("picture-starter"))
    assert len(near) == 6 and [a.label for a in near].count("cross") >= 5
    assert [a.likeness for a in near] == sorted((a.likeness for a in near), reverse=True)
    kept = shapes.items(shapes.item_ids(ItemFilter()))
    itself = most_alike(next(i for i in kept if i.id == near[0].item.id).sample(), card, shapes, 1)[0]
    assert itself.item.id == near[0].item.id and itself.likeness == pytest.approx(1, abs=1e-4)


def test_words_agree_with_captum(catalog: Catalog) -> None:
    text = "The soup was cold 😀 and the waiter rude; dreadful."
    options = TryOptions(("a good review", "a bad review"))
    with shared_pool().use_network(catalog.get("text-starter")) as model:
        asked = ask(TEXTS, model, Sample("text", text=text), options, "a bad review")  # type: ignore[arg-type]
        ours = token_shares(asked, Control())
        table: Any = model.backbone.get_input_embeddings()  # type: ignore[operator]
        batch = asked.batch()

        def forward(ids: torch.Tensor) -> torch.Tensor:
            mask = batch["attention_mask"].expand(len(ids), -1)
            return asked.numbers(model.features({"input_ids": ids, "attention_mask": mask}))

        ids = batch["input_ids"]
        blank = torch.where(
            torch.isin(ids, torch.tensor(model.tokenizer.all_special_ids)), ids, model.tokenizer.pad_token_id
        )
        judged = captum.attr.LayerIntegratedGradients(forward, table).attribute(ids, blank, n_steps=32)
    torch.testing.assert_close(ours, judged.sum(-1)[0].detach().float(), rtol=1e-3, atol=1e-5)
    found = explain(Sample("text", text=text), catalog.get("text-starter"), TEXTS, options, "a bad review")
    assert found.sanity is not None and found.sanity.depends and found.heat is None
    words = {text[w.start : w.end]: w.share for w in found.words}
    assert "😀" in words and "soup" in words and max(abs(v) for v in words.values()) == 1.0
    assert "dreadful" in found.strongest(text)[0]
    page = drawing.html(found, "<b>" + text[3:])
    assert "<b>" not in page and "&lt;b&gt;" in page


def test_the_time_and_pitch_of_a_sound(tmp_path: Path, make_project: Callable[[Path], Project]) -> None:
    """A whistle or a rumble, a second long, somewhere in five seconds of hiss."""

    def record(kind: str, seed: int, file: Path) -> float:
        rng = np.random.default_rng(seed)
        sound = rng.normal(0, 0.01, 5 * 32_000)
        begins = float(rng.uniform(0.3, 3.7))
        time = np.arange(32_000) / 32_000
        tone = np.sin(2 * np.pi * (6000 if kind == "whistle" else 300) * time) * np.hanning(32_000) * 0.4
        at = int(begins * 32_000)
        sound[at : at + 32_000] += tone
        soundfile.write(file, sound.astype(np.float32), 32_000)
        return begins + 0.5

    for kind in ("whistle", "rumble"):
        (tmp_path / "sounds" / kind).mkdir(parents=True)
        for number in range(12):
            record(kind, number + 100 * (kind == "rumble"), tmp_path / "sounds" / kind / f"{number}.wav")
    card = taught(make_project(tmp_path / "sounds"), "sound-starter")
    hits = 0
    for number in range(6):
        kind = ("whistle", "rumble")[number % 2]
        middle = record(kind, 900 + number, tmp_path / "new.wav")
        sample = Sample("sound", "new.wav", path=tmp_path / "new.wav")
        found = explain(sample, card, SOUNDS, target=kind)
        assert found.heat is not None and found.sanity is not None and found.sanity.depends
        columns = found.heat.shape[1]
        hits += abs((int(found.heat.argmax()) % columns + 0.5) / columns * 5 - middle) < 1.1
    print(f"pointed at the second of the sound in {hits} of 6")
    assert hits >= 5
    drawing.save(found, tmp_path / "why.png", sample)
    assert Image.open(tmp_path / "why.png").size == (1200, 256)
    with pytest.raises(UserError, match=r"cannot be saved as “\.html”"):
        drawing.save(found, tmp_path / "why.html", sample)


class Seer(Loaded):
    """Finds a lamp where the picture is bright at a known place, and another thing elsewhere."""

    def __init__(self, card: Any) -> None:
        super().__init__(card, torch.nn.Linear(1, 1), ("lamp", "cat"))

    def detect(self, pictures: Any, threshold: float = 0.05) -> list[Detections]:
        found = []
        for picture in pictures:
            bright = float(picture[20:40, 60:90].mean()) / 255
            edges = np.array([[60, 20, 90, 40], [0, 0, 30, 30]], np.float32)
            found.append(Detections(edges, np.array([0, 1]), np.array([bright, 0.9], np.float32)))
        return found


def test_the_parts_a_box_needs(catalog: Catalog) -> None:
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[20:40, 60:90] = 255
    control = Control()
    steps = list(boxes.heat(Seer(catalog.get("picture-starter")), picture, Box(60, 20, 90, 40, "lamp", 0.9), control))
    heat = steps[-1]
    assert len(steps) == boxes.MASKS / 24 and heat.shape == (48, 48) and heat.max() == 1.0 and heat.min() == 0.0
    inside = heat[round(0.2 * 48) : round(0.4 * 48), round(0.5 * 48) : round(0.75 * 48)]
    assert inside.mean() > 0.6 and inside.mean() > 2 * np.delete(heat.ravel(), slice(0, 1)).mean()
    control.cancel()
    with pytest.raises(Cancelled):
        next(boxes.heat(Seer(catalog.get("picture-starter")), picture, Box(60, 20, 90, 40, "lamp", 0.9), control))


def test_what_does_not_come_from_the_weights_fails_the_check() -> None:
    """Edges of the picture look convincing and are the same whatever the model learnt (Adebayo et al. 2018)."""
    pixels = np.asarray(Image.open(CHINA.path or "").convert("L").resize((64, 64)), np.float32)
    edges = np.abs(np.diff(pixels, axis=0))
    assert not compare(edges, edges).depends and "Do not rely" in compare(edges, edges).sentence()
    assert not compare(edges, edges**2 + 1).depends
    assert compare(edges, np.random.default_rng(0).random(edges.shape)).depends
    assert not compare(np.zeros(5), np.zeros(5)).depends and compare(np.arange(5), np.zeros(5)).depends


def test_shuffling_leaves_the_model_itself_alone(catalog: Catalog) -> None:
    with shared_pool().use_network(catalog.get("picture-starter")) as model:
        before = {k: v.clone() for k, v in model.state().items()}
        other = shuffled(model.module)
        assert all(torch.equal(v, before[k]) for k, v in model.state().items())
        head, mixed = model.module.head.weight, other.head.weight  # type: ignore[union-attr]
        assert not torch.equal(head, mixed) and torch.equal(head.flatten().sort()[0], mixed.flatten().sort()[0])  # type: ignore[union-attr,operator]


def test_single_points_another_class_and_what_cannot_be(catalog: Catalog) -> None:
    card = catalog.get("picture-starter")
    found = explain(CHINA, card, PICTURES, target="lakeside", method="points", check=False)
    assert (found.target, found.method) == ("lakeside", "Integrated Gradients") and found.sanity is None
    assert found.heat is not None and found.heat.shape == (56, 56)
    rare = explain(CHINA, card, PICTURES, target="toaster", check=False)
    assert rare.score < 0.01 and rare.heat is not None
    with pytest.raises(UserError, match="knows no class “unicorn”"):
        explain(CHINA, card, PICTURES, target="unicorn")
    with pytest.raises(UserError, match="cannot be explained"):
        explain(CHINA, card, get_task("object-detection"))
    with pytest.raises(UserError, match="cannot do this"):
        list(explain_box(CHINA, card, Box(0, 0, 50, 50, "palace", 1.0)))
