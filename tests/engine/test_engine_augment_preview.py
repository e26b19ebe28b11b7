"""What a training will make of a project's pictures, shown before it begins."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import NewAnnotation
from workbench.data.project import Project
from workbench.data.shapes import BoxShape
from workbench.data.types import NewItem, Split
from workbench.engine.augment_preview import can_preview, variations, varied_pictures, varies
from workbench.engine.events import How
from workbench.engine.reading import drawn_seed
from workbench.errors import Cancelled, UserError
from workbench.tasks.augment import VARIATIONS, vary

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
import shapes_set  # noqa: E402

NONE = {v.id: False for v in VARIATIONS}


def options(*wanted: str) -> dict[str, Any]:
    return {"augment": NONE | dict.fromkeys(wanted, True)}


def pixels(png: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(png)))


@pytest.fixture
def red_squares(tmp_path: Path) -> Any:
    """Grey pictures with one red square each, at the left."""
    project = Project.create(tmp_path / "squares", "squares", "object-detection")
    items = []
    for number in range(6):
        values = np.full((60, 120, 3), 90, np.uint8)
        x, y = 4 + 3 * number, 10 + number
        values[y : y + 20, x : x + 24] = (250, 10, 10)
        path = tmp_path / f"red-{number}.png"
        Image.fromarray(values).save(path)
        items.append(
            NewItem(
                "picture", path.name, path=path, annotations=(NewAnnotation(BoxShape(x, y, x + 24, y + 20), "red"),)
            )
        )
    project.add_items(items)
    yield project
    project.close()


def test_boxes_follow_a_mirrored_picture(red_squares: Project, catalog: Catalog) -> None:
    card = catalog.get("picture-starter")  # the model does not matter for boxes
    mirrored = {False: 0, True: 0}
    for showing in range(3):
        for shown in varied_pictures(red_squares, card, options("flip"), showing=showing):
            values = pixels(shown.png).astype(int)
            red = (values[..., 0] > 200) & (values[..., 1] < 60)
            columns, rows = np.flatnonzero(red.any(0)), np.flatnonzero(red.any(1))
            height, width = red.shape
            seen = columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height
            (marked,) = shown.boxes
            assert np.allclose(marked.box, seen, atol=1.5 / height)
            assert marked.colour == red_squares.classes()[0].colour and shown.words.endswith(": red")
            mirrored[seen[0] > 0.5] += 1
    assert mirrored[False] and mirrored[True]


def test_the_same_seed_gives_the_same_pictures(red_squares: Project, catalog: Catalog) -> None:
    card = catalog.get("picture-starter")
    usual = varied_pictures(red_squares, card, {}, seed=3)
    assert len(usual) == 5 and usual == varied_pictures(red_squares, card, {}, seed=3)
    assert [p.png for p in usual] != [p.png for p in varied_pictures(red_squares, card, {}, seed=4)]
    assert [p.png for p in usual] != [p.png for p in varied_pictures(red_squares, card, {}, seed=3, showing=1)]
    # Switching one choice leaves which pictures they are.
    assert [p.item_id for p in usual] == [p.item_id for p in varied_pictures(red_squares, card, options(), seed=3)]


def test_it_is_what_the_training_draws(red_squares: Project, catalog: Catalog) -> None:
    """Small pictures are not made smaller on the way: point for point what the training's variation gives."""
    (shown, *_) = varied_pictures(
        red_squares, catalog.get("picture-starter"), options("flip", "rotate", "light"), seed=7
    )
    (item,) = red_squares.items([shown.item_id])
    assert item.path is not None
    given = np.asarray(Image.open(item.path))
    box = red_squares.annotations(item.id)[0].shape
    assert isinstance(box, BoxShape)
    expected = vary(
        given, np.array([[box.x0, box.y0, box.x1, box.y1]]), seed=drawn_seed(7, 1, item.id),
        choices=("flip", "rotate", "light"),
    )  # fmt: skip
    assert np.array_equal(pixels(shown.png), expected.pixels)


def test_areas_follow_and_few_pictures_come_up_several_times(tmp_path: Path, catalog: Catalog) -> None:
    with Project.create(tmp_path / "areas", "areas", "semantic-segmentation") as project:
        project.add_items(shapes_set.new_items(tmp_path / "pictures", 2, marks="regions", size=(96, 64)))
        card = catalog.get("area-starter")
        plain = {p.item_id: p for p in varied_pictures(project, card, options())}
        flipped = varied_pictures(project, card, options("flip_vertical"), showing=2)
        assert len(flipped) == 5 and {p.item_id for p in flipped} == set(plain)
        turned = 0
        for shown in flipped:
            before, after = plain[shown.item_id], pixels(shown.png)
            over = not np.array_equal(pixels(before.png), after)
            turned += over
            step = -1 if over else 1
            assert np.array_equal(after, pixels(before.png)[::step])
            assert np.array_equal(pixels(shown.areas), pixels(before.areas)[::step])
        assert 0 < turned < 5
        names = {c.name for c in project.classes()}
        assert all(any(name in p.words for name in names) for p in flipped)


def test_classified_pictures_are_varied_too(
    digits_folder: Callable[..., Path], make_project: Callable[[Path], Project], catalog: Catalog
) -> None:
    project, card = make_project(digits_folder()), catalog.get("picture-starter")
    shown = varied_pictures(project, card, {})
    size = card.preparation.size
    assert all(pixels(p.png).shape == (size, size, 3) and not p.boxes and not p.areas for p in shown)
    assert {p.words.rsplit(": ", 1)[1] for p in shown} <= {"one", "two", "three"}
    # Quick keeps what it sees of the pictures as they are.
    assert (
        not varies(project.task_id, How.QUICK)
        and varies(project.task_id, How.BALANCED)
        and variations(project.task_id) == ()
    )


def test_only_what_is_learnt_from_is_shown(red_squares: Project, catalog: Catalog) -> None:
    ids = red_squares.item_ids()
    red_squares.ensure_splits()
    kept = {i.id for i in red_squares.items(ids) if i.split is Split.TRAIN}
    assert {p.item_id for p in varied_pictures(red_squares, catalog.get("picture-starter"), {})} <= kept
    assert variations(red_squares.task_id) == VARIATIONS and varies(red_squares.task_id, How.QUICK)


def test_what_cannot_be_shown_is_said(red_squares: Project, catalog: Catalog, tmp_path: Path) -> None:
    card = catalog.get("picture-starter")
    files = [i.path for i in red_squares.items(red_squares.item_ids())]
    assert all(files)
    for file in files[:-1]:
        assert file is not None
        file.unlink()
    shown = varied_pictures(red_squares, card, {})
    assert {p.name for p in shown} == {"red-5.png"}  # the others are passed over
    assert files[-1] is not None
    files[-1].unlink()
    with pytest.raises(UserError, match="not there any more"):
        varied_pictures(red_squares, card, {})
    with Project.create(tmp_path / "empty", "empty", "object-detection") as empty, pytest.raises(UserError, match="labelled"):  # fmt: skip
        varied_pictures(empty, card, {})
    with Project.create(tmp_path / "texts", "texts", "text-classification") as texts:
        assert not can_preview(texts.task_id) and not varies(texts.task_id, How.THOROUGH)
        with pytest.raises(UserError, match="varied"):
            varied_pictures(texts, card, {})
    stopped = Control()
    stopped.cancel()
    with pytest.raises(Cancelled):
        varied_pictures(red_squares, card, {}, control=stopped)
