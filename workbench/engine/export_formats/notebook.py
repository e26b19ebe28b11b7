"""A notebook that asks an exported model, as plain data (nbformat 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workbench.catalog.card import ModelCard


def notebook(card: ModelCard, needs: str, parts: Sequence[tuple[str, str]], noun: str) -> dict[str, Any]:
    """The pieces of a program as cells, with a sentence above each.

    Args:
        needs: what pip has to install.
    """
    value = {"text": '"Type a text here."', "recording": '"recording.wav"'}.get(noun, '"picture.jpg"')
    name = " ".join(card.name.split())
    cells = [
        _words("title", f"# {_plain(name)}\n\nAsks this model about a {noun}. Run the cells from top to bottom."),
        _code("install", f"%pip install --quiet {needs}"),
    ]
    for number, (sentence, lines) in enumerate(parts):
        cells += [_words(f"about-{number}", sentence), _code(f"part-{number}", lines.replace("{here}", '"."'))]
    cells += [
        _words("about-ask", f"Ask. Put {'your own text' if noun == 'text' else f'the name of a {noun} file'} here."),
        _code(
            "ask", f'for label, share in list(predict({value}).items())[:5]:\n    print(f"{{share:7.1%}}  {{label}}")'
        ),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _words(name: str, text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}


def _code(name: str, text: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": name, "metadata": {}, "source": text, "execution_count": None, "outputs": [],
    }  # fmt: skip


def _plain(text: str) -> str:
    """A name as words in Markdown: no tags, no links."""
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), ("[", "\\["), ("`", "\\`")):
        text = text.replace(mark, instead)
    return text
