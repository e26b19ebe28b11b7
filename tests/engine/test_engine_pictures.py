"""Pictures through the whole app: their bits and alpha, folders of them, stopping, and the true picture beside."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from own_time import StopsLater
from PIL import Image
from torch import nn

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.exporters.pictures import png_bytes, tiff_bytes
from workbench.data.types import Sample
from workbench.data.whole_picture import WholePicture, open_whole
from workbench.engine.display import on_screen
from workbench.engine.picture_batch import free_name, into_folder
from workbench.engine.picture_truth import bicubic, compare, mean_words, truth_of
from workbench.engine.predict import PredictResult, collect_samples, predict
from workbench.engine.save import save_prediction
from workbench.errors import Cancelled, UserError
from workbench.hub.store import files
from workbench.runtimes.base import Loaded
from workbench.runtimes.registry import open_model
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Picture, Text, stopped_early
from workbench.tasks.registry import get_task
from workbench.trust.picture_quality import quality

PHOTO = resources() / "samples" / "try" / "china.jpg"
TASK = get_task("super-resolution")
CARD = ModelCard("m", "M", ("super-resolution",), "rdn", "", Source("import", "/"))


class Twice(Loaded):
    """Repeats every point: what comes out is known."""

    scale = 2

    def __init__(self, network: nn.Module | None = None) -> None:
        super().__init__(CARD, network)

    def enlarge(self, tile: Any) -> Any:
        if self.network is not None:
            self.network(torch.from_numpy(tile)[None])
        return tile.repeat(2, 1).repeat(2, 2)


def enlarge(source: Path | bytes, model: Loaded | None = None, control: Control | None = None) -> Picture:
    sample = Sample("picture", "p", path=source) if isinstance(source, Path) else Sample("picture", "p", data=source)
    model = model or Twice()
    made = TASK.predict_batch([TASK.prepare(sample, model)], model, TryOptions(), control or Control())[0]
    assert isinstance(made, Picture)
    return made


def deep(channels: int, side: int = 40) -> WholePicture:
    values = np.random.default_rng(0).integers(0, 65536, (side, side + 3, 4)).astype(np.uint16)
    return WholePicture(values[..., :3].copy() if channels > 2 else values[..., 0].copy())


# Bits, alpha, profile, direction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [png_bytes, tiff_bytes])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_go_in_and_come_out(make: Any, channels: int) -> None:
    given = deep(channels)
    made = enlarge(make(given))
    found = open_whole(made.png)
    assert (made.bits, made.width, made.height) == (16, 86, 80) and "16 bits" in made.summary()
    np.testing.assert_array_equal(found.pixels, given.pixels.repeat(2, 0).repeat(2, 1))


def test_what_is_see_through_stays_so_and_its_hidden_colour_does_not_bleed() -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)  # black where nothing is seen, as most programs leave it
    pixels[:, 20:] = 200
    alpha = np.zeros((40, 60), np.uint8)
    alpha[:, 20:] = 255
    icc = open_whole(_with_profile()).icc
    card = Catalog.load().get("enlarge-starter")
    found = open_whole(enlarge(png_bytes(WholePicture(pixels, alpha, icc)), open_model(card, files(card))).png)
    assert found.alpha is not None and found.alpha.shape == (80, 120) and found.icc == icc
    assert found.alpha[:, :36].max() == 0 and found.alpha[:, 44:].min() == 255
    assert found.pixels[4:-4, 38:-4].min() > 185  # no dark edge on the visible side


def _with_profile() -> bytes:
    from PIL import ImageCms

    stream = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4)).save(stream, "PNG", icc_profile=profile)
    return stream.getvalue()


def test_a_photo_held_sideways_comes_out_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(PHOTO).convert("RGB").resize((60, 40)).save(tmp_path / "p.jpg", exif=exif)
    made = enlarge(tmp_path / "p.jpg")
    assert (made.width, made.height) == (80, 120) and Image.open(io.BytesIO(made.png)).getexif().get(0x0112, 1) == 1


# Stopping -----------------------------------------------------------------------------------------------------------------


def test_it_stops_in_the_middle_of_a_tile() -> None:
    reached: list[int] = []
    control = Control()

    class Layer(nn.Module):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def forward(self, x: Any) -> Any:
            reached.append(self.number)
            if len(reached) == 13:  # the second tile's third layer
                control.cancel()
            return x

    with pytest.raises(Cancelled):
        enlarge(png_bytes(deep(3, 400)), Twice(nn.Sequential(*(Layer(n) for n in range(10)))), control)
    assert reached == [*range(10), 0, 1, 2]


def test_the_starter_stops_within_a_second_and_says_how_far_it_is() -> None:
    card = Catalog.load().get("enlarge-starter-x4")
    model = open_model(card, files(card))
    control = Control(lambda share, words: told.append((share, words)))
    told: list[tuple[float, str]] = []

    stop = StopsLater(control, 0.7)
    with pytest.raises(Cancelled):
        enlarge(png_bytes(deep(3, 300)), model, control)
    assert stop.seconds < 1.0
    assert told and told[0][0] == 0.0 and told[0][1].startswith("Enlarging")


def test_what_was_shown_is_kept_when_it_is_stopped() -> None:
    kept = stopped_early(Picture(b"x", 2, 3, finished=False))
    assert isinstance(kept, Picture) and kept.finished and kept.png == b"x" and "Stopped early" in kept.note
    assert isinstance(stopped_early(Text("so far", finished=False)), Text)
    assert stopped_early(Picture(b"x", 2, 3)) is None and stopped_early(None) is None


# Folders --------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "holiday"
    (folder / "beach").mkdir(parents=True)
    photo = Image.open(PHOTO).convert("RGB")
    photo.resize((24, 16)).save(folder / "a.png")
    photo.resize((20, 16)).save(folder / "a.jpg")
    photo.resize((16, 16)).save(folder / "beach" / "b.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


def results(folder: Path) -> Iterator[PredictResult]:
    card = Catalog.load().get("enlarge-starter")
    return predict(collect_samples([folder], TASK), card, TASK, device="cpu")


def test_a_folder_becomes_a_folder_and_one_broken_picture_stops_nothing(pictures: Path, tmp_path: Path) -> None:
    target = tmp_path / "large"
    found = list(into_folder(results(pictures), target))
    names = sorted(f.relative_to(target).as_posix() for f in target.rglob("*") if f.is_file())
    assert names == ["a (2).png", "a.png", "beach/b.png"]
    broken = next(r for r in found if r.problem is not None)
    assert "not a picture" in str(broken.problem)
    written = [r.prediction for r in found if isinstance(r.prediction, Picture)]
    # Nothing is held in memory any more, and everything can still be had.
    assert len(written) == 3 and not any(p.png for p in written)
    assert all(open_whole(p.data()).width == p.width for p in written)
    assert written[0].to_json()["file"] == written[0].file and "points" in written[0].lines()[0]
    list(into_folder(results(pictures / "beach"), target / "beach"))
    assert (target / "beach" / "b (2).png").is_file()


def test_a_picture_that_cannot_be_written_is_a_problem_of_its_own(tmp_path: Path) -> None:
    made = Picture(png_bytes(deep(1)), 43, 40)
    (tmp_path / "sub").write_bytes(b"a file where a folder is needed")
    samples = [Sample("picture", "sub/x.png"), Sample("picture", "y.png")]
    given = [PredictResult(n, s, made, None, 0.1) for n, s in enumerate(samples)]
    found = list(into_folder(given, tmp_path))
    assert found[0].prediction is None and "could not be written" in str(found[0].problem)
    assert isinstance(found[1].prediction, Picture) and Path(found[1].prediction.file) == tmp_path / "y.png"
    with pytest.raises(UserError, match="written into"):
        into_folder(given, tmp_path / "sub")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other names")
def test_names_never_point_out_of_the_folder(tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "/etc/passwd", "a/../../b", "..", "", "C:\\x\\y.png"):
        assert free_name(tmp_path, name, ".png").resolve().is_relative_to(tmp_path.resolve())


def test_a_picture_is_saved_in_the_form_its_ending_says(tmp_path: Path) -> None:
    made = enlarge(png_bytes(deep(3)))
    for suffix in (".png", ".tif", ".jpg"):
        save_prediction(made, tmp_path / f"p{suffix}")
        assert open_whole(tmp_path / f"p{suffix}").bits == (8 if suffix == ".jpg" else 16)
    assert (tmp_path / "p.png").read_bytes() == made.png
    gone = Picture(b"", 1, 1, file=str(tmp_path / "gone.png"))
    with pytest.raises(UserError, match="not there any more"):
        save_prediction(gone, tmp_path / "q.png")


# The true picture ---------------------------------------------------------------------------------------------------------------


def test_the_comparison_is_that_of_the_measures(tmp_path: Path) -> None:
    true = Image.open(PHOTO).convert("RGB").crop((100, 100, 165, 151))
    true.save(tmp_path / "true.png")
    small = true.crop((0, 0, 64, 50)).resize((32, 25), Image.Resampling.BICUBIC)
    small.save(tmp_path / "small.png")
    sample = Sample("picture", "small.png", path=tmp_path / "small.png")
    made = enlarge(tmp_path / "small.png")
    found = compare(made, sample, tmp_path / "true.png")
    cut = np.asarray(true)[:50, :64]
    assert found.made == quality(open_whole(made.png).pixels, cut)
    pillow = quality(np.asarray(small.resize((64, 50), Image.Resampling.BICUBIC)), cut)  # rounds between its passes
    assert found.plain is not None and found.plain.psnr == pytest.approx(pillow.psnr, abs=0.01)
    assert found.verdict().startswith("Plain enlarging came nearer") and len(found.lines()) == 2
    assert compare(made, Sample("picture", data=made.png), tmp_path / "true.png").plain is None
    assert mean_words([found, found]).startswith("Mean of 2 pictures: PSNR ")
    with pytest.raises(UserError, match="640 x 427"):
        compare(made, sample, PHOTO)


def test_bicubic_is_pillows_with_any_depth() -> None:
    pixels = np.asarray(Image.open(PHOTO).convert("RGB").resize((30, 20)))
    wanted = np.asarray(Image.fromarray(pixels).resize((67, 41), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(bicubic(pixels, 67, 41).astype(int) - wanted).max() <= 1
    made = bicubic(pixels.astype(np.uint16) * 257, 67, 41)
    assert made.dtype == np.uint16 and np.abs(made / 257 - wanted).max() <= 1
    assert bicubic(pixels[..., 0], 67, 41).shape == (41, 67)


def test_the_true_picture_is_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.tif", "sub/b.png", "c.png", "c.jpg"):
        (tmp_path / name).write_bytes(b"x")
    assert truth_of(Sample("picture", "a.png"), tmp_path).name == "a.tif"
    assert truth_of(Sample("picture", "sub/b.jpg"), tmp_path) == tmp_path / "sub" / "b.png"
    assert truth_of(Sample("picture", "c.jpg"), tmp_path).name == "c.jpg"
    assert truth_of(Sample("picture", "z"), tmp_path / "a.tif").name == "a.tif"
    for name, words in (("c.bmp", "more than one"), ("d.png", "no picture"), ("none/a.png", "no picture")):
        with pytest.raises(UserError, match=words):
            truth_of(Sample("picture", name), tmp_path)
    with pytest.raises(UserError, match="not there"):
        truth_of(Sample("picture", "a"), tmp_path / "nowhere.png")


def test_what_the_screen_gets_is_small_enough_and_whole() -> None:
    given = WholePicture(deep(3, 60).pixels, np.full((60, 63), 30_000, np.uint16))
    shown = on_screen(png_bytes(given))
    values = np.frombuffer(shown.rgba, np.uint8).reshape(60, 63, 4)
    np.testing.assert_array_equal(values[..., :3], (given.pixels.astype(int) + 128) // 257)
    assert values[..., 3].min() == values[..., 3].max() == (30_000 + 128) // 257
    small = on_screen(png_bytes(given), most=1000)
    assert small.width * small.height <= 1000 and (small.true_width, small.true_height) == (63, 60)
    large = on_screen(png_bytes(given), (126, 120))
    assert (large.width, large.height, len(large.rgba)) == (126, 120, 126 * 120 * 4)
