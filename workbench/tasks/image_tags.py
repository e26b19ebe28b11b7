"""Several labels per picture: what of a list of things a picture shows, none or more of them."""

from __future__ import annotations

from workbench.tasks.image_classification import ImageClassification
from workbench.tasks.tags import Tags, tags_info


class ImageTags(Tags, ImageClassification):
    """See `workbench.tasks.base.PooledTask`."""

    info = tags_info(
        ImageClassification.info,
        id="image-tags",
        title="Several labels per picture",
        summary="Says which of your labels fit a picture: none, one or several (multi-label classification).",
        icon="tags",
        taught_only=True,
        question="give pictures several labels at once",
    )
    prepared_as = ImageClassification.info.id


TASK = ImageTags()
