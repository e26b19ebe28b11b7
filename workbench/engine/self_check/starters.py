"""The models inside the app: each is there, and answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.data.types import Sample
from workbench.engine.self_check.base import Place, Step, expect

_INSIDE = ("wheel", "bundled")


def photo() -> Sample:
    path = resources() / "samples" / "try" / "china.jpg"
    return Sample("picture", path.name, path=path)


def starters(cards: Iterable[ModelCard]) -> list[ModelCard]:
    """Those that arrive with the app."""
    return [card for card in cards if card.source.kind in _INSIDE]


def _there(place: Place) -> str:
    """All are in place, and those that answer nothing before they are taught can be opened."""
    from workbench.hub.store import files, is_present
    from workbench.runtimes.registry import open_model

    cards = starters(place.catalog.cards())
    missing = [card.id for card in cards if not is_present(card)]
    expect(cards and not missing, f"missing: {', '.join(missing) or 'all of them'}")
    for card in cards:
        if not card.tasks:
            open_model(card, files(card))
    return f"{len(cards)} starters"


def _picture(place: Place) -> str:
    said = place.ask("picture-starter", "image-classification", photo()).summary()
    expect("palace" in said, f"the photo of a palace is called “{said}”")
    return f"{photo().name} is a {said}"


def _text(place: Place) -> str:
    from workbench.tasks.base import TryOptions

    said = place.ask(
        "text-starter",
        "text-classification",
        Sample("text", text="Where can I park my car?"),
        TryOptions(("question", "praise")),
    ).summary()
    expect("question" in said, f"a question is called “{said}”")
    return said


def _reading(place: Place) -> str:
    from PIL import Image, ImageDraw, ImageFont

    from workbench.data.media import encode_png

    words = "Warranty until 2031"
    picture = Image.new("RGB", (520, 90), "white")
    font = ImageFont.truetype(str(resources() / "fonts" / "Inter-Medium.otf"), 44)
    ImageDraw.Draw(picture).text((20, 15), words, "black", font)
    found = place.ask("reading-starter", "text-in-pictures", Sample("picture", "a label", data=encode_png(picture)))
    said = " ".join(found.lines())
    expect("2031" in said and "arranty" in said, f"read “{said}” instead of “{words}”")
    return f"“{words}” is read"


def _enlarging(model_id: str, scale: int) -> Callable[[Place], str]:
    def run(place: Place) -> str:
        from workbench.data.media import encode_png, open_picture
        from workbench.tasks.predictions import Picture

        path = photo().path
        assert path is not None
        small = open_picture(path).resize((32, 24))
        found = place.ask(model_id, "super-resolution", Sample("picture", "a small picture", data=encode_png(small)))
        assert isinstance(found, Picture)
        size = f"{found.width} × {found.height}"
        expect(size == f"{32 * scale} × {24 * scale}", f"32 × 24 became {size}")
        return f"32 × 24 becomes {size}"

    return run


def _dictation(place: Place) -> str:
    """A tone has no words in it; that the recogniser's model and dictionary load and run is what counts."""
    import numpy as np
    import soundfile

    path = place.folder / "tone.wav"
    soundfile.write(path, np.array([0.1 * math.sin(n / 9) for n in range(16_000)], np.float32), 16_000)
    found = place.ask("dictation-starter", "speech-recognition", Sample("sound", path.name, path=path))
    return f"heard “{found.summary()[:40]}” in a tone"


STEPS = (
    Step("starters", "The starters are there", _there),
    Step("pictures", "Picture starter", _picture),
    Step("texts", "Text starter", _text),
    Step("reading", "Reading starter", _reading),
    Step("enlarging", "Enlarging starter, twice", _enlarging("enlarge-starter", 2)),
    Step("enlarging-4", "Enlarging starter, four times", _enlarging("enlarge-starter-x4", 4)),
    Step("dictation", "Dictation starter", _dictation),
)
