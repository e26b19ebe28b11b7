"""Reading text in pictures with the real networks: pages, photos of pages, pages the wrong way up, long receipts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import pytest
from own_time import StopsLater
from pages_to_read import LINES, TRUTH, font, page, photographed, two_columns
from PIL import Image, ImageDraw

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.types import Sample
from workbench.errors import Cancelled
from workbench.hub.store import files
from workbench.runtimes.opencv_text_runtime import East
from workbench.runtimes.registry import open_model
from workbench.tasks.base import TryOptions
from workbench.tasks.predictions import Boxes
from workbench.tasks.registry import get_task
from workbench.trust.text_distance import compare_texts


@pytest.fixture(scope="module")
def starter() -> Any:
    card = Catalog.load().get("reading-starter")
    return open_model(card, files(card))


def read(model: Any, picture: Image.Image, **values: str) -> Boxes:
    import io

    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    task = get_task("text-in-pictures")
    prepared = task.prepare(Sample("picture", "page", data=stream.getvalue()), model)
    found = task.predict_batch([prepared], model, TryOptions(values=values), Control())[0]
    assert isinstance(found, Boxes)
    return found


@pytest.mark.parametrize(
    ("name", "most"),
    [("a page", 0.02), ("a photo", 0.04), ("upside down", 0.02), ("on its side", 0.02), ("a photo on its side", 0.04),
     ("askew", 0.02)],
)  # fmt: skip
def test_word_error_rate_of_a_page(starter: Any, name: str, most: float) -> None:
    """The bounds are one or two words of 79: what is read, and in the right order, whichever way the page lies."""
    made = {
        "a page": page,
        "a photo": lambda: photographed(page()),
        "upside down": lambda: page().rotate(180),
        "on its side": lambda: page().rotate(90, expand=True),
        "a photo on its side": lambda: photographed(page(), 1).rotate(270, expand=True),
        "askew": lambda: page().rotate(12, expand=True, fillcolor="white"),
    }[name]()
    found = read(starter, made)
    result = compare_texts(TRUTH, found.text())
    print(f"{name}: {result.sentence()}")
    assert result.word_error_rate <= most and result.character_error_rate <= most
    assert [b.label for b in found.boxes if b.score < 0.9] == []
    assert found.text().count("\n\n") == 1, "the wider step parts two paragraphs"


def test_words_stand_where_they_are_seen(starter: Any) -> None:
    """Each word's corners against the place it was drawn at, on a page that was then turned by a known angle."""
    flat = page()
    angle = 8.0
    found = read(starter, flat.rotate(angle, fillcolor="white"))
    pen = ImageDraw.Draw(flat)
    turn = cv2.getRotationMatrix2D((flat.width / 2, flat.height / 2), angle, 1.0)
    words = [w for b in found.boxes for w in b.words]
    assert [w.text for w in words] == TRUTH.split()
    place = 0
    for number, text in enumerate(LINES):
        at = (26 * 3, round(26 * (2.5 + 1.7 * number + (number > 3))))
        start = 0
        for word in text.split():
            start = text.index(word, start)
            x0 = at[0] + pen.textlength(text[:start], font=font(26))
            box = pen.textbbox((x0, at[1]), word, font=font(26))
            middle = turn @ ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2, 1)
            seen = np.array(words[place].corners)
            assert np.linalg.norm(seen.mean(0) - middle) < 14, word
            wide = np.linalg.norm(seen[1] - seen[0])
            assert wide == pytest.approx(box[2] - box[0], abs=26), word
            assert words[place].blank_after == (word != text.split()[-1])
            start += len(word)
            place += 1


def test_columns_of_a_photo_are_read_one_after_the_other(starter: Any) -> None:
    picture, truth = two_columns()
    result = compare_texts(truth, read(starter, photographed(picture)).text())
    print(result.sentence())
    assert result.word_error_rate <= 0.03


def test_a_long_receipt_is_read_in_parts(starter: Any) -> None:
    lines = [f"Item {n}: {n * 37 % 100} crates of apples" for n in range(14)]
    receipt = Image.new("RGB", (640, 2400), "white")
    for number, text in enumerate(lines):
        ImageDraw.Draw(receipt).text((20, 30 + 170 * number), text, "black", font=font(24))
    found = read(starter, receipt)
    assert compare_texts("\n".join(lines), found.text()).word_error_rate <= 0.03
    assert len(found.boxes) == len(lines), "what stands where two parts overlap is found once"
    assert (found.width, found.height) == receipt.size


def test_accents_and_numbers(starter: Any) -> None:
    lines = ("Où est passé le garçon, là-bas ?", "Größe: 3,5 m², Maß 12 °C", "Zażółć gęślą jaźń; El niño comió")
    result = compare_texts("\n".join(lines), read(starter, page(lines)).text())
    print(result.sentence())
    assert result.character_error_rate <= 0.05


def test_finding_alone_reads_nothing(starter: Any) -> None:
    found = read(starter, page(), reading="no")
    assert {b.label for b in found.boxes} == {"text"} and len(found.boxes) == len(LINES)
    assert not found.reading and "not read" in found.note
    scores = [b.score for b in found.boxes]
    assert scores == sorted(scores, reverse=True)


def test_nothing_to_read(starter: Any) -> None:
    for size in ((1, 1), (3, 400)):
        assert read(starter, Image.new("RGB", size, "white")).summary() == "no text found"


def test_reading_stops_within_a_second(starter: Any) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (2000, 2000, 3)).astype(np.uint8)
    control = Control()
    stop = StopsLater(control, 0.4)
    with pytest.raises(Cancelled):
        starter.read(noise, control)
    assert stop.seconds < 1.5  # a second, and some grace for a slow machine
    assert read(starter, page(LINES[:1])).text() == LINES[0]  # and can be used again


class _Maps:
    """In the place of EAST's network: the maps it would give for upright words at known places."""

    def __init__(self, words: Sequence[tuple[float, float, float, float]]) -> None:
        self._words = words
        self._shape = (0, 0)

    def setInput(self, blob: Any) -> None:
        self._shape = (blob.shape[2] // 4, blob.shape[3] // 4)

    def forward(self, names: list[str]) -> tuple[Any, Any]:
        scores = np.zeros((1, 1, *self._shape), np.float32)
        geometry = np.zeros((1, 5, *self._shape), np.float32)
        for x0, y0, x1, y1 in self._words:
            for y in range(int(y0 // 4) + 1, int(y1 // 4)):
                for x in range(int(x0 // 4) + 1, int(x1 // 4)):
                    scores[0, 0, y, x] = 0.95
                    geometry[0, :, y, x] = (4 * y - y0, x1 - 4 * x, y1 - 4 * y, 4 * x - x0, 0)
        return scores, geometry


def test_what_east_finds_is_read_by_the_starter(starter: Any) -> None:
    picture = Image.new("RGB", (640, 320), "white")
    pen = ImageDraw.Draw(picture)
    lines = ("Harbour office, second floor", "Open from 9 to 5")
    boxes = []
    for number, text in enumerate(lines):
        x = 40.0
        for word in text.split():
            pen.text((x, 60 + 110 * number), word, "black", font=font(36))
            boxes.append(pen.textbbox((x, 60 + 110 * number), word, font=font(36)))
            x += pen.textlength(word + " ", font=font(36))
    card = ModelCard("east", "EAST", ("text-in-pictures",), "opencv_text", "EAST", Source("import", "/"))
    model = East(card, _Maps(boxes), 1, starter._reader)
    found = read(model, picture)
    assert compare_texts("\n".join(lines), found.text()).word_error_rate == 0
    assert [len(b.words) for b in found.boxes] == [4, 5]
    alone = read(model, picture, reading="no")
    assert len(alone.boxes) == len(boxes) and {b.label for b in alone.boxes} == {"text"}
