"""How networks that colour areas are taught: cutting, losses, kept features, folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from workbench.catalog.card import ModelCard, Preparation, Source
from workbench.catalog.catalog import Catalog, read_own_card
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.shapes import BoxShape
from workbench.data.types import Item, Sample
from workbench.errors import UserError
from workbench.hub.store import ModelFiles, files
from workbench.runtimes.areas import NOTHING, AreaNetwork
from workbench.runtimes.folder import save_folder
from workbench.runtimes.registry import open_model
from workbench.tasks import segmentation_lesson
from workbench.tasks.base import TryOptions
from workbench.tasks.kept_features import KeptFeatures
from workbench.tasks.lesson import Example, How, Material
from workbench.tasks.masks import IGNORED, values_of
from workbench.tasks.registry import get_trainable
from workbench.tasks.segmentation_lesson import SegmentationLesson, area_loss, dice_loss

TASK = get_trainable("semantic-segmentation")
SIDE = 64


def card_of(runtime: str, arch: str, **more: Any) -> ModelCard:
    return ModelCard(
        "m", "m", ("semantic-segmentation",), runtime, arch, Source("url", "x"),
        trainable_for=("semantic-segmentation",), preparation=Preparation(size=SIDE), **more,
    )  # fmt: skip


def torchvision_model(arch: str, names: tuple[str, ...] = ("background", "cat", "dog")) -> Any:
    from workbench.runtimes.torchvision_segmentation_runtime import TorchvisionSegmenter, make

    torch.manual_seed(0)
    return TorchvisionSegmenter(card_of("torchvision_segmentation", arch), make(arch, len(names)), names)


def smp_model(classes: int = 3) -> Any:
    from workbench.runtimes.unet_runtime import SmpSegmenter, smp_network

    torch.manual_seed(0)
    options = {"encoder_name": "resnet18", "decoder_channels": [32, 16, 16, 8, 8], "classes": classes}
    names = (NOTHING, *(f"kind {n}" for n in range(1, max(2, classes))))
    return SmpSegmenter(card_of("unet", "smp:Unet"), smp_network("Unet", options), names, options)


def brain_model() -> Any:
    from workbench.runtimes.unet_runtime import BrainSegmenter, brain_unet

    torch.manual_seed(0)
    return BrainSegmenter(card_of("unet", "brain-unet"), brain_unet(), (NOTHING, "abnormality"))


def starter() -> Any:
    card = replace(
        Catalog.load().get("area-starter"), preparation=Preparation(size=SIDE, mean=(0.5,) * 3, std=(0.5,) * 3)
    )
    return open_model(card, files(card))


MODELS: dict[str, Callable[[], Any]] = {
    "lraspp": lambda: torchvision_model("lraspp_mobilenet_v3_large"),
    "deeplabv3": lambda: torchvision_model("deeplabv3_mobilenet_v3_large"),
    "fcn": lambda: torchvision_model("fcn_resnet50"),
    "unet": smp_model,
    "brain": brain_model,
    "starter": starter,
}


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    """Four pictures of three sizes: a bright square on a dark ground, and a strip that shall not count."""
    found = []
    for number, (width, height) in enumerate(((64, 64), (96, 64), (64, 64), (50, 80)), 1):
        pixels = np.full((height, width, 3), 40, np.uint8)
        pixels[16:40, 10:34] = (230, 200, 60)
        path = tmp_path / f"{number}.png"
        Image.fromarray(pixels).save(path)
        marks = (Annotation(BoxShape(10, 16, 34, 40), 1), Annotation(BoxShape(0, 0, width, 4), 1, ignored=True))
        item = Item(
            number, "picture", path.name, path, content_hash=f"h{number}", width=width, height=height, marked=True
        )
        found.append(Example(item, -1, marks, (0, 0)))
    return found


def material(model: Any, examples: list[Example], tmp_path: Path, how: How = How.QUICK, **more: Any) -> Material:
    given = {"classes": ("square", "other"), "augment": True, **more}
    return Material(model, how=how, device="cpu", control=Control(), train=tuple(examples), features=tmp_path / "kept", **given)  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_every_weight_has_one_stage_and_each_way_changes_its_share(
    name: str, examples: list[Example], tmp_path: Path
) -> None:
    sizes = {}
    for how in How:
        model = MODELS[name]()
        lesson = TASK.lesson(material(model, examples, tmp_path, how))
        ids = [id(p) for stage in model.stages() for p in stage]
        assert len(ids) == len(set(ids)) and set(ids) == {id(p) for p in model.module.parameters()}
        assert model.labels == (NOTHING, "square", "other")
        sizes[how] = sum(p.numel() for stage in lesson.stages() for p in stage)
        if how is How.QUICK:
            head = {id(p) for part in model.head_parts() for p in part.parameters()}
            assert {id(p) for stage in lesson.stages() for p in stage} == head
    assert 0 < sizes[How.QUICK] < sizes[How.BALANCED] < sizes[How.THOROUGH]
    assert sizes[How.THOROUGH] == sum(p.numel() for p in model.module.parameters())


@pytest.mark.parametrize("name", ["lraspp", "deeplabv3", "unet", "brain", "starter"])
def test_a_taught_model_is_saved_and_opened_with_the_same_answers(
    name: str, examples: list[Example], tmp_path: Path
) -> None:
    model: AreaNetwork = MODELS[name]()
    lesson: Any = TASK.lesson(material(model, examples, tmp_path, How.THOROUGH))
    optimiser = torch.optim.AdamW([p for stage in lesson.stages() for p in stage], lr=1e-3)
    lesson.training_mode()
    before = lesson.step([lesson.prepare(e, 1) for e in examples])
    before.loss.backward()
    optimiser.step()
    assert torch.isfinite(before.loss)
    lesson.module.eval()
    checked = lesson.check([lesson.prepare(e) for e in examples])
    own = replace(
        model.card,
        id="own",
        tasks=("semantic-segmentation",),
        label_names=("square", "other"),
        source=Source("folder", "x"),
    )
    save_folder(lesson.result(), own, tmp_path / "own")
    card = read_own_card(tmp_path / "own")
    again = open_model(card, ModelFiles(tmp_path / "own"))
    assert again.labels == (NOTHING, "square", "other")
    for example, said in zip(examples, checked.predictions, strict=True):
        prepared = TASK.prepare(example.item.sample(), again)
        mask: Any = TASK.predict_batch([prepared], again, TryOptions())[0]
        assert (mask.width, mask.height) == (example.item.width, example.item.height)
        assert (values_of(mask) == values_of(said)).all() and mask.sure == pytest.approx(said.sure, abs=1e-5)
        assert 0 < mask.certainty <= 1
    # It is taught further like any other, and what it knows it does not forget at the start.
    row = again.last_layers()[0].weight[1].clone()
    TASK.lesson(material(again, examples, tmp_path, classes=("new", "square")))
    assert torch.equal(again.last_layers()[0].weight[2], row)


def test_the_starter_says_that_it_must_be_taught_first() -> None:
    model = starter()
    assert model.labels == ()
    with pytest.raises(UserError, match="has not been taught"):
        model.segment([np.zeros((20, 20, 3), np.uint8)])


def test_the_starters_eyes_are_the_picture_starters() -> None:
    card = Catalog.load().get("picture-starter")
    whole: Any = open_model(card, files(card))
    model = starter()
    pixels = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        seen = model.trunk(pixels)
        kept: list[torch.Tensor] = []
        hook = whole.backbone.blocks.register_forward_hook(lambda _m, _i, out: kept.append(out))
        whole.backbone(pixels)
        hook.remove()
    torch.testing.assert_close(seen[-1], kept[0], atol=1e-4, rtol=1e-4)
    assert [tuple(f.shape[1:]) for f in seen] == [
        (3, 64, 64),
        (16, 32, 32),
        (24, 16, 16),
        (40, 8, 8),
        (112, 4, 4),
        (320, 2, 2),
    ]


def test_new_layers_come_from_the_seed_alone() -> None:
    made = []
    for other in (1, 2):
        model = starter()
        torch.manual_seed(other)
        model.set_classes(("a",), seed=5)
        made.append(torch.cat([p.reshape(-1) for part in model.head_parts() for p in part.parameters()]))
        assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(other)))
    assert torch.equal(*made)
    model.set_classes(("b",), seed=6)
    assert not torch.equal(model.last_layers()[0].weight, made[0][-model.last_layers()[0].weight.numel() :].view(-1)[0])


# Losses ----------------------------------------------------------------------------------------------------------------------


def test_the_dice_loss_is_the_papers_formula_and_ignored_points_do_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 6, 5, generator=generator)
    truth = torch.randint(0, 2, (2, 6, 5), generator=generator)  # the third class is not there
    truth[0, :2] = IGNORED
    p, t = torch.softmax(logits, 1).numpy(), truth.numpy()
    counted = t != IGNORED
    shares = []
    for kind in (0, 1):
        a, g = p[:, kind][counted], (t[counted] == kind).astype(float)
        shares.append(2 * (a * g).sum() / ((a**2).sum() + (g**2).sum()))
    assert float(dice_loss(logits, truth)) == pytest.approx(1 - np.mean(shares), abs=1e-6)
    plain = torch.nn.functional.cross_entropy(
        logits.permute(0, 2, 3, 1)[truth != IGNORED], truth[truth != IGNORED], weight=torch.tensor([1.0, 3.0, 1.0])
    )
    assert float(area_loss(logits, truth, torch.tensor([1.0, 3.0, 1.0]), 0.0)) == pytest.approx(float(plain))
    changed = logits.clone()
    changed[0, :, :2] += 7.0
    assert float(area_loss(changed, truth, None, 0.5)) == pytest.approx(float(area_loss(logits, truth, None, 0.5)))


def test_rare_classes_weigh_more_by_their_area(examples: list[Example], tmp_path: Path) -> None:
    rare = [replace(e, annotations=(*e.annotations, Annotation(BoxShape(40, 40, 44, 44), 2)), classes=(0, 0, 1)) for e in examples]  # fmt: skip
    lesson: Any = TASK.lesson(material(smp_model(), rare, tmp_path, class_weights=torch.ones(2)))
    weights = lesson._weights
    assert weights[0] < weights[1] < weights[2] <= 10 and weights.shape == (3,)
    assert float(weights[1]) == pytest.approx(1.0)  # the median of the three


def test_a_picture_of_which_nothing_counts_teaches_nothing(examples: list[Example], tmp_path: Path) -> None:
    void = replace(examples[0], annotations=(Annotation(BoxShape(0, 0, 64, 64)),), classes=(-1,))
    for how in (How.QUICK, How.THOROUGH):
        lesson: Any = TASK.lesson(material(smp_model(), examples, tmp_path, how))
        lesson.training_mode()
        step = lesson.step([lesson.prepare(void)])
        step.loss.backward()
        assert float(step.loss.detach()) == 0.0
        assert all(p.grad is None or not p.grad.any() for p in lesson.module.parameters())
        lesson.module.eval()
        assert lesson.check([lesson.prepare(void)]).losses == [0.0]


# Reading -----------------------------------------------------------------------------------------------------------------------


def test_truth_goes_with_the_picture_however_it_is_varied(examples: list[Example], tmp_path: Path) -> None:
    lesson: Any = TASK.lesson(material(smp_model(), examples, tmp_path, How.THOROUGH))
    plain = lesson.prepare(examples[0])
    assert plain["pixels"].shape == (3, 64, 64) and plain["size"] == (64, 64)
    assert (plain["truth"][:4] == IGNORED).all() and (plain["truth"][16:40, 10:34] == 1).all()
    agreeing = []
    for seed in range(12):
        one, again = lesson.prepare(examples[0], seed), lesson.prepare(examples[0], seed)
        assert torch.equal(one["pixels"], again["pixels"]) and (one["truth"] == again["truth"]).all()
        assert one["pixels"].shape == (3, 64, 64) and one["truth"].shape == (64, 64)
        # The square is far brighter than the ground, whatever the light.
        grey = one["pixels"].mean(0).numpy()
        inside, outside = grey[one["truth"] == 1], grey[one["truth"] == 0]
        if inside.size and outside.size:
            agreeing.append((inside > (inside.mean() + outside.mean()) / 2).mean())
    assert np.mean(agreeing) > 0.95


def test_a_turned_photo_is_marked_as_it_is_shown(tmp_path: Path) -> None:
    """The file says 1200 x 900 and "turned by the camera"; people mark it upright."""
    pixels = np.full((900, 1200, 3), 40, np.uint8)
    pixels[0:450, 600:1200] = 240  # the upper right of the file is the lower right of what is shown
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(path, exif=exif, quality=95)
    item = Item(1, "picture", "turned", path, content_hash="t", width=1200, height=900, marked=True)
    example = Example(item, -1, (Annotation(BoxShape(450, 600, 900, 1200), 1),), (0,))
    lesson: Any = TASK.lesson(material(smp_model(), [example], tmp_path, How.THOROUGH, options={"augment": dict.fromkeys(("zoom", "stretch", "light", "colour", "flip"), False)}))  # fmt: skip
    for seed in (None, 3):
        one = lesson.prepare(example, seed)
        assert one["pixels"].shape == (3, 64, 64)
        grey = one["pixels"].mean(0).numpy()
        assert grey[one["truth"] == 1].mean() > grey[one["truth"] == 0].mean() + 1
        assert 0.2 < (one["truth"] == 1).mean() < 0.3


def test_pictures_of_other_sizes_learn_in_one_batch_as_they_would_alone(
    examples: list[Example], tmp_path: Path
) -> None:
    lesson: Any = TASK.lesson(
        material(torchvision_model("lraspp_mobilenet_v3_large"), examples, tmp_path, options={"dice": 0})
    )
    lesson.module.eval()
    ready = [lesson.prepare(e) for e in (examples[0], examples[1])]
    with torch.no_grad():
        together = float(lesson.step(ready).loss)
        alone = [float(lesson.step([one]).loss) for one in ready]
    counts = [int((one["truth"] != IGNORED).sum()) for one in ready]
    assert together == pytest.approx(float(np.average(alone, weights=counts)), rel=1e-5)


# Kept features -----------------------------------------------------------------------------------------------------------------


def passes(lesson: Any, examples: list[Example]) -> int:
    """How many pictures the trunk looks at in two rounds of all pictures."""
    seen = []
    real = lesson._model.trunk
    lesson._model.trunk = lambda pixels: (seen.append(len(pixels)), real(pixels))[1]
    try:
        for _round in range(2):
            for e in examples:
                lesson.step([lesson.prepare(e)])
    finally:
        lesson._model.trunk = real
    return sum(seen)


def test_what_was_seen_is_kept_for_the_next_training(examples: list[Example], tmp_path: Path) -> None:
    lesson: Any = TASK.lesson(material(smp_model(), examples, tmp_path))
    assert lesson.notes() == [] and passes(lesson, examples) == 4
    again: Any = TASK.lesson(material(smp_model(), examples, tmp_path, classes=("a", "b", "c")))
    assert passes(again, examples) == 0
    other = smp_model()
    with torch.no_grad():
        next(iter(other.module.encoder.parameters())).add_(1.0)
    assert passes(TASK.lesson(material(other, examples, tmp_path)), examples) == 4


def test_without_room_it_looks_anew_says_so_and_learns_the_same(
    examples: list[Example], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = []
    for room in (10**9, 1000):
        monkeypatch.setattr(KeptFeatures, "budget", staticmethod(lambda _folder, room=room: room))
        lesson: Any = TASK.lesson(material(smp_model(), examples, tmp_path / str(room), augment=False))
        lesson.training_mode()
        losses.append([float(lesson.step([lesson.prepare(e) for e in examples]).loss.detach()) for _ in range(2)])
        if room == 1000:
            assert "anew in every round" in lesson.notes()[0]
            assert not list((tmp_path / "1000").rglob("*.safetensors"))
    assert losses[0] == losses[1]


def test_features_of_unused_models_make_room(tmp_path: Path) -> None:
    import os

    made = (torch.zeros(4, 50, 50),)  # 20 kB in half precision
    for number, key in enumerate(("old", "newer")):
        KeptFeatures(tmp_path, key, 10**6).put("a", made)
        os.utime(tmp_path / key, (number + 1, number + 1))
    now = KeptFeatures(tmp_path, "now", 60_000)
    assert now.make_room(30_000) and not (tmp_path / "old").exists() and (tmp_path / "newer").exists()
    assert not now.make_room(70_000)
    now.put("a", made)
    found = now.get("a")
    assert found is not None and found[0].dtype is torch.float16 and found[0].shape == (4, 50, 50)
    for name in ("b", "c"):
        now.put(name, made)
    assert now.get("c") is None  # full
    (tmp_path / "now" / "a.safetensors").write_bytes(b"cut off")
    assert now.get("a") is None


def test_what_stands_in_the_way_is_said(tmp_path: Path, examples: list[Example]) -> None:
    from workbench.data.annotations import NewAnnotation
    from workbench.data.project import Project
    from workbench.data.types import NewItem

    with Project.create(tmp_path / "p", "p", "semantic-segmentation") as project:
        with pytest.raises(UserError, match="none of the pictures"):
            TASK.check(project)
        paths = [e.item.path for e in examples]
        project.add_items([NewItem("picture", "1", path=paths[0], annotations=())])
        with pytest.raises(UserError, match="No area has been marked"):
            TASK.check(project)
        mark = (NewAnnotation(BoxShape(0, 0, 9, 9), "cat"),)
        project.add_items([NewItem("picture", "2", path=paths[1], annotations=mark)])
        TASK.check(project)
    assert "cat, dog" in TASK.describe(("cat", "dog"))[0]
    with pytest.raises(UserError, match="cannot be taught areas"):
        SegmentationLesson(material(open_model(*_classifier()), examples, tmp_path))
    with pytest.raises(UserError, match="more than 254"):
        SegmentationLesson(material(smp_model(), examples, tmp_path, classes=tuple(map(str, range(255)))))


def _classifier() -> tuple[ModelCard, ModelFiles]:
    card = Catalog.load().get("picture-starter")
    return card, files(card)


def test_proposals_come_from_the_mask(examples: list[Example], tmp_path: Path) -> None:
    model = smp_model()
    model.set_classes(("square", "other"))
    mask = TASK.predict_batch(
        [TASK.prepare(Sample("picture", path=examples[0].item.path), model)], model, TryOptions()
    )[0]
    task: Any = TASK
    found = task.annotations_of(mask, {"square": 3, "other": 4})
    assert all(a.source == "model" and a.class_id in (3, 4) for a in found)
    assert segmentation_lesson.LARGEST == 4096
