"""Messages made of pieces, each of a topic or of none: texts with no label, one, or several of them."""

from __future__ import annotations

import random

from workbench.data.annotations import NewAnnotation
from workbench.data.shapes import Whole
from workbench.data.types import NewItem

PIECES: dict[str, tuple[str, ...]] = {
    "delivery": (
        "the parcel came four days late", "the courier left the box in the rain", "shipping took two weeks",
        "it arrived a day early", "the driver could not find our house", "the tracking number never worked",
        "my package got lost on its way", "the delivery van came at seven in the morning",
    ),
    "price": (
        "it is far too expensive", "I paid less than in the shop downtown", "the discount was not taken off",
        "you charged me twice", "good value for so little money", "the invoice shows a wrong amount",
        "forty euros is a lot for this", "the refund has not reached my bank account",
    ),
    "staff": (
        "the woman at the counter was very kind", "your support team never answers", "the waiter was rude to my mother",
        "an assistant helped me choose", "nobody at the desk knew anything", "the young man on the phone was patient",
        "the employees laughed at my question", "your colleague called me back at once",
    ),
    "food": (
        "the soup was cold and salty", "the bread tasted wonderful", "we loved the chocolate cake",
        "the salad leaves were brown", "their coffee is the best in town", "the fish smelled odd",
        "the pasta was overcooked", "breakfast came with fresh fruit",
    ),
}  # fmt: skip
NEUTRAL = (
    "I am writing about last week", "this is my second visit", "we were there on a Sunday", "just so that you know",
    "I thought I should tell you", "here are a few words from me", "we come from the north", "it was a grey afternoon",
)  # fmt: skip


def messages(count: int, seed: int = 0) -> list[NewItem]:
    """So many different texts with 0 to 3 topics; their labels are exactly the topics that occur."""
    rng = random.Random(seed)
    found: dict[str, NewItem] = {}
    while len(found) < count:
        topics = rng.sample(sorted(PIECES), rng.choices((0, 1, 2, 3), (2, 3, 3, 2))[0])
        parts = [rng.choice(PIECES[topic]) for topic in topics] + [rng.choice(NEUTRAL)]
        rng.shuffle(parts)
        text = ", and ".join(parts).capitalize() + "."
        marks = tuple(NewAnnotation(Whole(), topic) for topic in sorted(topics))
        found.setdefault(text, NewItem("text", " ".join(text.split()[:8]), text=text, annotations=marks))
    return list(found.values())
