"""Preparing items ahead of the network: by others only where it takes long, never more than a bounded number, in order, stopped
at once; and what a picture becomes is what it was with the slower ways."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from workbench.app_paths import resources
from workbench.catalog.card import Preparation
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.media import read_picture
from workbench.data.types import Sample
from workbench.engine import read_ahead
from workbench.engine.predict import predict
from workbench.engine.read_ahead import Asked, Prepared, ReadAhead
from workbench.errors import Cancelled, UserError
from workbench.runtimes.base import Loaded
from workbench.tasks.base import BaseTask, TaskInfo, TryOptions
from workbench.tasks.image_classification import _centre, _tensor
from workbench.tasks.predictions import Prediction, Score, Scores


class Slow(BaseTask):
    """Takes its time to prepare; answers with the number in the item's text."""

    info = TaskInfo("slow", "Slow", "", "text", "text", "texts", "text")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.prepared = 0
        self.most_waiting = 0
        self.answered = 0
        self.threads: set[str] = set()
        self.lock = threading.Lock()

    def prepare(self, sample: Sample, model: Loaded, *, augment_seed: int | None = None) -> dict[str, Any]:
        with self.lock:
            self.prepared += 1
            self.most_waiting = max(self.most_waiting, self.prepared - self.answered)
            self.threads.add(threading.current_thread().name)
        time.sleep(self.seconds)
        if sample.text == "13":
            raise UserError("It cannot be read.", "")
        return {"number": int(sample.text)}

    def predict_batch(
        self, samples: Sequence[Mapping[str, Any]], model: Loaded, options: TryOptions, control: Control | None = None
    ) -> list[Prediction]:
        with self.lock:
            self.answered += len(samples)
        return [Scores((Score(str(s["number"]), 1.0),)) for s in samples]


class Pool:
    """One model that does nothing."""

    def use(self, *_: object) -> Any:
        return nullcontext(Loaded(Catalog.load().get("picture-starter")))


def ask(task: Slow, count: int, control: Control | None = None) -> Any:
    samples = (Sample("text", text=str(n)) for n in range(count))
    card = Catalog.load().get("picture-starter")
    return predict(samples, card, task, pool=Pool(), control=control)  # type: ignore[arg-type]


@pytest.mark.parametrize(("seconds", "worth"), [(0.0, 1e9), (0.004, 0.0)])
def test_answers_come_in_order_and_few_items_wait(
    seconds: float, worth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "_WORTH_SECONDS", worth)
    task = Slow(seconds)
    found = list(ask(task, 150))
    assert [r.index for r in found] == list(range(150))
    said = [r.prediction.top[0].name if isinstance(r.prediction, Scores) else None for r in found]
    assert said == [str(n) if n != 13 else None for n in range(150)]
    assert found[13].problem is not None
    # A batch, and what is read meanwhile.
    assert task.most_waiting <= 16 + 16 + 2
    handed_over = any(name.startswith("reader") for name in task.threads)
    assert handed_over == (worth == 0)


def test_a_stop_is_obeyed_at_once_whoever_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, worth in ((0.0005, 1e9), (0.02, 0.0)):
        monkeypatch.setattr(read_ahead, "_WORTH_SECONDS", worth)
        task, control = Slow(seconds), Control()
        with pytest.raises(Cancelled):
            for result in ask(task, 100_000, control):
                if result.index == 40:
                    control.cancel()
        assert task.prepared < 40 + 70
        assert not any(t.name.startswith("reader") and t.is_alive() for t in threading.enumerate())


def test_a_single_item_is_read_by_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "reader_threads", lambda _count: pytest.fail("there is nothing to hand over"))
    assert len(list(ask(Slow(0.01), 1))) == 1


def test_what_takes_long_only_later_is_handed_over_then(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def prepare(samples: Sequence[Sample]) -> list[Prepared]:
        threads.append(threading.current_thread().name)
        time.sleep(0.001)
        return [{"number": int(s.text or "")} for s in samples]

    with ReadAhead(prepare) as readers:
        asked = [Asked(n, Sample("text", text=str(n))) for n in range(9)]
        for place, worth in ((0, 1e9), (3, 0.0)):
            monkeypatch.setattr(read_ahead, "_WORTH_SECONDS", worth)
            for one in asked[place : place + 3]:
                assert not readers.ahead
                assert readers.ready([one]) == [{"number": one.index}]
                readers.decide()
        assert not any(name.startswith("reader") for name in threads)
        # It slept: the processor is free, so it is read while the network computes.
        assert readers.ahead
        readers.begin(asked[6])
        assert readers.ready(asked[6:8], asked[8:]) == [{"number": 6}, {"number": 7}]
        assert readers.ready(asked[8:]) == [{"number": 8}]
        assert all(name.startswith("reader") for name in threads[6:]) and len(threads) == 9


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_takes_the_processors_time_is_read_before_the_network_computes(
    elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_ahead, "_WORTH_SECONDS", 0.0)
    monkeypatch.setattr(read_ahead, "_BUSY", 0.0)  # whatever takes the time here, it counts as the processor
    begun: list[str] = []

    def prepare(samples: Sequence[Sample]) -> list[Prepared]:
        begun.extend(s.text or "" for s in samples)
        return [{"text": s.text} for s in samples]

    asked = [Asked(n, Sample("text", text=str(n))) for n in range(12)]
    with ReadAhead(prepare, elsewhere) as readers:
        readers.ready(asked[:3])
        readers.decide()
        assert readers.ahead == elsewhere
        for one in asked[3:7]:
            readers.begin(one)
        if not elsewhere:
            assert len(begun) == 3
        # All that is there is prepared at once, and nothing more afterwards.
        assert readers.ready(asked[3:6], asked[6:7]) == [{"text": str(n)} for n in (3, 4, 5)]
        if not elsewhere:
            assert sorted(begun, key=int) == [str(n) for n in range(7)]
        assert readers.ready(asked[6:7]) == [{"text": "6"}]
    assert sorted(begun, key=int) == [str(n) for n in range(7)]


# Pictures ----------------------------------------------------------------------------------------------------------------------


def slowly(picture: Image.Image, preparation: Preparation) -> torch.Tensor:
    """As the textbook says."""
    values = np.asarray(picture, dtype=np.float32) / 255.0
    mean, std = (np.array(numbers, np.float32) for numbers in (preparation.mean, preparation.std))
    return torch.from_numpy(np.ascontiguousarray(((values - mean) / std).transpose(2, 0, 1), dtype=np.float32))


@pytest.mark.parametrize("preparation", [Preparation(), Preparation(mean=(0.5,) * 3, std=(0.25, 0.5, 1.0))])
def test_looking_values_up_gives_the_very_numbers(preparation: Preparation) -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = Image.fromarray(np.stack([every, every[::-1], every.T], -1))
    assert torch.equal(_tensor(picture, preparation), slowly(picture, preparation))
    photo = _centre(Image.open(resources() / "samples" / "try" / "china.jpg").convert("RGB"), preparation)
    assert torch.equal(_tensor(photo, preparation), slowly(photo, preparation))


def _turned(picture: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(path, exif=exif, quality=95)


@pytest.mark.parametrize(
    ("name", "save", "wanted"),
    [
        ("a.jpg", lambda p, f: p.save(f, quality=95), (30, 20)),
        ("b.jpg", _turned, (20, 30)),
        ("c.png", lambda p, f: p.save(f), (30, 20)),
        ("d.png", lambda p, f: p.convert("RGBA").save(f), (30, 20)),
        ("e.gif", lambda p, f: p.convert("P").save(f), (30, 20)),
        ("f.png", lambda p, f: p.convert("L").save(f), (30, 20)),
    ],
)
def test_pictures_are_upright_and_in_three_colours_without_copies(
    name: str, save: Callable[[Image.Image, Path], None], wanted: tuple[int, int], tmp_path: Path
) -> None:
    from PIL import ImageOps

    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    save(Image.fromarray(noise), tmp_path / name)
    found = read_picture(tmp_path / name).picture
    with Image.open(tmp_path / name) as opened:
        expected = ImageOps.exif_transpose(opened).convert("RGB")
    assert found.mode == "RGB" and found.size == wanted
    assert np.array_equal(np.asarray(found), np.asarray(expected))
