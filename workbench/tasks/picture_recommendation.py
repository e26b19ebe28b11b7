"""Recommending things that are told by their pictures: clothes, paintings, furniture."""

from __future__ import annotations

from workbench.data.media import PICTURE_SUFFIXES
from workbench.tasks.base import TaskInfo
from workbench.tasks.recommending import COUNT, WAYS, Recommending


class PictureRecommendation(Recommending):
    """See `workbench.tasks.base.Task`."""

    info = TaskInfo(
        id="picture-recommendation",
        title="Recommend by pictures",
        summary="Recommends things by their pictures and by who liked them: drop a picture of something that is liked.",
        media="picture",
        noun="thing",
        nouns="things",
        icon="heart",
        result="ranking",
        editor="likes",
        judge="ranking",
        trainable=True,
        learns_as_is=True,
        taught_only=True,
        options=(COUNT,),
        file_suffixes=PICTURE_SUFFIXES,
        group="Recommendations",
        question="recommend things by their pictures and by what people liked",
        import_formats=("table",),
        ways=WAYS,
        dropped="a picture of a thing",
        many="Drop a folder of pictures: for each you get a list of what goes with it. The lists are saved as a table (CSV).",
    )


TASK = PictureRecommendation()
