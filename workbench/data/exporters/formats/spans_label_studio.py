"""Label Studio's JSON of finished tasks."""

from __future__ import annotations

from workbench.data.exporters.spans import LinesFormat, MarkedText, plain


def _task(text: MarkedText) -> str:
    results = [
        {
            "id": f"{text.item.id}-{number}",
            "type": "labels",
            "from_name": "label",
            "to_name": "text",
            "value": {"start": start, "end": end, "text": text.text[start:end], "labels": [name]},
        }
        for number, (start, end, name) in enumerate(text.pieces)
    ]
    return plain({"id": text.item.id, "data": {"text": text.text}, "annotations": [{"result": results}]})


FORMAT = LinesFormat(
    "label-studio-spans", "Label Studio (JSON)", _task, ".json", first="[\n", last="\n]\n", between=",\n"
)
