"""A folder for Python without this app: weights as their own library reads them, a short program, and a notebook."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.export_formats.base import Checked, FolderFormat, compared
from workbench.engine.export_formats.notebook import notebook
from workbench.engine.export_formats.original import Given, Original, sorts
from workbench.errors import UserError
from workbench.runtimes.plain_folder import opener, save_plain

NOTE, PROGRAM, NOTEBOOK = "preparation.json", "example.py", "example.ipynb"
# What a program has to install, by who opens the folder.
_NEEDS = {
    "timm": "timm pillow",
    "torchvision": "torchvision safetensors pillow",
    "picture_classifier": "transformers torch pillow",
    "text_classifier": "transformers torch",
    "text_encoder": "transformers torch",
    "sound_starter": "timm safetensors scipy soundfile",
    "sound_classifier": "transformers torch scipy soundfile",
}
# The pieces of a program that prepare its items, by what is asked about.
PREPARES = {"picture": ("picture",), "sound": ("recording",)}


class PlainPython(FolderFormat):
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "python-folder"
    title = "A folder for Python"
    summary = (
        "For someone who programs: opens with the usual free libraries alone, with a short program and a notebook."
    )
    term = "safetensors under the names of timm, torchvision or transformers; config.json with id2label; example.py, .ipynb"
    icon = "book-open"
    place = 30

    def fits(self, card: ModelCard) -> bool:
        return sorts(card, "picture", "text", "sound") and bool(opener(card))

    def write(self, source: Original, work: Path, control: Control) -> str:
        info = source.task.info
        note = source.answering() | source.preparing()
        save_plain(source.model, work)
        control.check()
        (work / NOTE).write_text(json.dumps(note, indent=1, ensure_ascii=False), encoding="utf-8")
        by = opener(source.card)
        parts = parts_of(by, info.media)
        (work / PROGRAM).write_text(_program(by, parts, info.noun), encoding="utf-8")
        pages = notebook(source.card, _NEEDS[by], parts, info.noun)
        (work / NOTEBOOK).write_text(json.dumps(pages, indent=1, ensure_ascii=False), encoding="utf-8")
        return f"Begin with {PROGRAM} or {NOTEBOOK} in it; they need: pip install {_NEEDS[by]}."

    def check(self, source: Original, work: Path, given: Sequence[Given], control: Control) -> Checked:
        return asked(work / PROGRAM, source.labels, given, control)


def part(name: str) -> str:
    """A piece of the programs that are written."""
    return (resources() / "exports" / f"{name}.txt").read_text(encoding="utf-8")


def parts_of(by: str, media: str) -> list[tuple[str, str]]:
    """The program in pieces: a sentence about each, and its lines."""
    more = "from math import gcd\n" if media == "sound" else ""
    head = f"import json\n{more}from pathlib import Path\n\nimport numpy as np\n\nHERE = Path({{here}}).resolve()\n"
    head += f'NOTE = json.loads((HERE / "{NOTE}").read_text("utf-8"))'
    return [
        ("Labels, and how things are prepared.", head),
        *(("What the model is given.", part(name).rstrip()) for name in PREPARES.get(media, ())),
        ("From the model's numbers to shares.", part("share").rstrip()),
        ("The model itself.", part(f"open_{by}").rstrip()),
    ]


def _program(by: str, parts: Sequence[tuple[str, str]], noun: str) -> str:
    *first, (_, last) = (p for p in parts)
    # All that is imported stands at the top, as one expects of a program.
    imports, _, rest = last.partition("\n\n")
    head = first[0][1].format(here="__file__").replace("resolve()", "resolve().parent")
    head = head.replace("import numpy as np\n", f"import numpy as np\n{imports}\n")
    name = "TEXT" if by.startswith("text") else "FILE"
    about = f'"""Asks the model about a {noun}: python {PROGRAM} {name}\n\nNeeds: pip install {_NEEDS[by]}\n"""\n'
    end = (
        'if __name__ == "__main__":\n    import sys\n\n    for label, share in list(predict(sys.argv[1]).items())[:5]:\n'
        '        print(f"{share:7.1%}  {label}")\n'
    )
    where, _, opened = rest.strip().partition("\n\n\n")
    pieces = [*(text.rstrip() for _, text in first[1:]), f"{where}\n\n\n{opened}", end]
    return f"{about}\n{head}\n\n\n" + "\n\n\n".join(pieces)


def asked(program: Path, labels: Sequence[str], given: Sequence[Given], control: Control) -> Checked:
    """Ask a program that was just written by this app, by its own function `predict`.

    Raises:
        UserError: when it does not run. Cancelled: when asked to stop.
    """
    try:
        predict = _function(program)
        rows = []
        for one in given:
            control.check()
            said = predict(one.value)
            rows.append([said[label] for label in labels])
    except (ImportError, OSError, RuntimeError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UserError("The exported program does not run.", "Choose another form of export.") from error
    return compared(given, rows)


def _function(program: Path) -> Callable[[str], dict[str, float]]:
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec = importlib.util.spec_from_file_location("exported_program", program)
        assert spec is not None and spec.loader is not None
        module: Any = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
        shutil.rmtree(program.parent / "__pycache__", ignore_errors=True)
    found: Callable[[str], dict[str, float]] = module.predict
    return found


FORMAT = PlainPython()
