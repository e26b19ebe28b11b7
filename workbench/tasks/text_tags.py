"""Several labels per text: which of its labels fit a text, none or more of them."""

from __future__ import annotations

from workbench.catalog.card import ModelCard
from workbench.tasks.tags import Tags, tags_info
from workbench.tasks.text_classification import TextClassification


class TextTags(Tags, TextClassification):
    """See `workbench.tasks.base.PooledTask`."""

    info = tags_info(
        TextClassification.info,
        id="text-tags",
        title="Several labels per text",
        summary="Says which of your labels fit a text: none, one or several (multi-label classification).",
        icon="tags",
        question="give texts several labels at once",
    )
    prepared_as = TextClassification.info.id

    def needs_labels(self, card: ModelCard) -> bool:
        # Nearness of meaning says which label fits best, not how many fit.
        return False


TASK = TextTags()
