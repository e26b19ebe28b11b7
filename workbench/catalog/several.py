"""Which models can give, or be taught to give, several labels per item: a classifier is the same network with another last
step, so no card needs to say it itself."""

from __future__ import annotations

from dataclasses import replace

from workbench.catalog.card import ModelCard

_SEVERAL = {
    "text-classification": "text-tags",
    "image-classification": "image-tags",
    "sound-classification": "sound-tags",
}


def with_several(card: ModelCard) -> ModelCard:
    """The card with those tasks added; a card that has them stays as it is."""
    learns = [_SEVERAL[t] for t in card.trainable_for if t in _SEVERAL and _SEVERAL[t] not in card.trainable_for]
    does = [_SEVERAL[t] for t in card.tasks if t in _SEVERAL and _SEVERAL[t] not in card.tasks]
    return replace(
        card,
        trainable_for=(*card.trainable_for, *learns),
        # A published model whose classes are independent of each other gives several labels before all.
        tasks=(*does, *card.tasks) if card.options.get("multi_label") else card.tasks,
    )
