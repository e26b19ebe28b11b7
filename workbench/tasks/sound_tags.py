"""Several labels per recording: what of a list of things is heard in it, none or more of them."""

from __future__ import annotations

from workbench.tasks.sound_classification import SoundClassification
from workbench.tasks.tags import Tags, tags_info


class SoundTags(Tags, SoundClassification):
    """See `workbench.tasks.base.PooledTask`."""

    info = tags_info(
        SoundClassification.info,
        id="sound-tags",
        title="Several labels per recording",
        summary="Says which of your labels fit a recording: none, one or several (multi-label classification).",
        icon="tags",
        question="give recordings several labels at once",
    )
    prepared_as = SoundClassification.info.id


TASK = SoundTags()
