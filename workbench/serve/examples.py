"""Programs that ask the server, ready to be copied: they run as they are."""

from __future__ import annotations

import json
from dataclasses import dataclass

from workbench.catalog.card import ModelCard
from workbench.serve.uploads import takes_text
from workbench.tasks.base import Task
from workbench.tasks.registry import get_task

# Stands for the token where an example is only shown.
HIDDEN = "•" * 12
_FILES = {"picture": "photo.jpg", "sound": "recording.wav"}
_TEXTS = {
    "text": "The parcel came late and the box was broken.", "series": "12 14 13 17 16 19 21 20 24 23 27 26",
    "row": '{"age": 42, "city": "Oslo"}',
    "molecule": "CC(=O)Oc1ccccc1C(=O)O",
}  # fmt: skip
_LABELS = ("praise", "complaint")


@dataclass(frozen=True)
class Example:
    """A program. `language`: "curl", "python", "javascript", "openai"; `title`: what it is called on the screen."""

    language: str
    title: str
    text: str


def examples(address: str, token: str, card: ModelCard, task_id: str = "") -> list[Example]:
    """How this model is asked.

    Args:
        token: goes into the programs as it is; `HIDDEN` for those that are only shown.
    """
    task = get_task(task_id or card.main_task)
    url = f"{address}/v1/predict/{card.id}"
    made = _with_text(url, token, card, task) if takes_text(task) else _with_file(url, token, card, task)
    if {"chat", "text-generation"} & set(card.tasks):
        made.append(Example("openai", "Python with OpenAI's library", _openai(address, token, card)))
    return made


def _with_file(url: str, token: str, card: ModelCard, task: Task) -> list[Example]:
    file = _FILES[task.info.media]
    fields = _fields(card, task)
    files = {o.id: "style.jpg" for o in task.info.options if o.needed and o.kind in ("picture", "file")}
    forms = "".join(f' -F "{k}=@{v}"' for k, v in files.items())
    forms += "".join(f' -F "{k}={_quoted(v)}"' for k, v in fields.items())
    more = "".join(f', "{k}": open("{v}", "rb")' for k, v in files.items())
    data = f"    data={fields!r},\n" if fields else ""
    appended = "".join(f'form.append("{k}", {json.dumps(v, ensure_ascii=False)});\n' for k, v in fields.items())
    appended += "".join(f'form.append("{k}", new Blob([await readFile("{v}")]), "{v}");\n' for k, v in files.items())
    return [
        Example("curl", "curl", f'curl -H "Authorization: Bearer {token}" -F "file=@{file}"{forms} {url}'),
        Example(
            "python",
            "Python",
            f'import requests\n\nanswer = requests.post(\n    "{url}",\n'
            f'    headers={{"Authorization": "Bearer {token}"}},\n'
            f'    files={{"file": open("{file}", "rb"){more}}},\n{data})\nprint(answer.json()["summary"])',
        ),
        Example(
            "javascript",
            "JavaScript (Node)",
            'import { readFile } from "node:fs/promises";\n\nconst form = new FormData();\n'
            f'form.append("file", new Blob([await readFile("{file}")]), "{file}");\n{appended}'
            f'const answer = await fetch("{url}", {{\n  method: "POST",\n'
            f'  headers: {{ Authorization: "Bearer {token}" }},\n  body: form,\n}});\n'
            "console.log((await answer.json()).summary);",
        ),
    ]


def _with_text(url: str, token: str, card: ModelCard, task: Task) -> list[Example]:
    asked: dict[str, object] = {"text": _TEXTS.get(task.info.media, "")}
    if task.info.id != card.main_task:
        asked["task"] = task.info.id
    if task.needs_labels(card):
        asked["labels"] = list(_LABELS)
    if options := _options(card, task):
        asked["options"] = options
    body = json.dumps(asked, ensure_ascii=False)
    return [
        Example(
            "curl", "curl",
            f'curl -H "Authorization: Bearer {token}" -H "Content-Type: application/json" -d "{_quoted(body)}" {url}',
        ),
        Example(
            "python", "Python",
            f'import requests\n\nanswer = requests.post(\n    "{url}",\n'
            f'    headers={{"Authorization": "Bearer {token}"}},\n    json={asked!r},\n)\nprint(answer.json()["summary"])',
        ),
        Example(
            "javascript", "JavaScript (Node)",
            f'const answer = await fetch("{url}", {{\n  method: "POST",\n  headers: {{\n'
            f'    Authorization: "Bearer {token}",\n    "Content-Type": "application/json",\n  }},\n'
            f"  body: JSON.stringify({body}),\n}});\nconsole.log((await answer.json()).summary);",
        ),
    ]  # fmt: skip


def _openai(address: str, token: str, card: ModelCard) -> str:
    return (
        f'from openai import OpenAI\n\nclient = OpenAI(base_url="{address}/v1", api_key="{token}")\n'
        f'stream = client.chat.completions.create(\n    model="{card.id}",\n'
        '    messages=[{"role": "user", "content": "What is a good name for a grey cat?"}],\n    stream=True,\n)\n'
        "for part in stream:\n    if part.choices:\n"
        '        print(part.choices[0].delta.content or "", end="", flush=True)'
    )


def _fields(card: ModelCard, task: Task) -> dict[str, str]:
    """Of a form, beside its files."""
    found: dict[str, str] = {}
    if task.info.id != card.main_task:
        found["task"] = task.info.id
    if task.needs_labels(card):
        found["labels"] = ",".join(_LABELS)
    if options := _options(card, task):
        found["options"] = json.dumps(options, ensure_ascii=False)
    return found


def _options(card: ModelCard, task: Task) -> dict[str, str]:
    """What must be set: a question, languages."""
    found: dict[str, str] = {}
    for option in task.info.options:
        choices = [key for key, _words in task.choices(card, option)] if option.kind == "choice" else []
        if option.needed and option.kind in ("text", "words"):
            found[option.id] = "What was broken?"
        elif option.needed and choices:
            found[option.id] = choices[0]
    return found


def _quoted(text: str) -> str:
    """Inside double quotes, for the shells of all systems but PowerShell."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
