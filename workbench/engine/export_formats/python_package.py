"""A small package for pip with one function: the model as ONNX inside, and nothing else needed than to run it."""

from __future__ import annotations

import base64
import hashlib
import json
import keyword
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.export import write_logits
from workbench.engine.export_formats.base import Checked, FolderFormat
from workbench.engine.export_formats.original import Given, Original, sorts, takes_waves
from workbench.engine.export_formats.plain_python import NOTE, PREPARES, asked, part
from workbench.engine.report.readme import model_page
from workbench.errors import UserError

VERSION = "1.0.0"
_NEEDS = {
    "picture": ("onnxruntime", "numpy", "pillow"),
    "text": ("onnxruntime", "numpy", "tokenizers"),
    "sound": ("onnxruntime", "numpy", "scipy", "soundfile"),
}
# PEP 427 wheels are zip files; the zip format's first date, so that the same model gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)
_BLOCK = 1 << 20


class PythonPackage(FolderFormat):
    """See `workbench.engine.export_formats.base.ModelFormat`."""

    id = "python-package"
    title = "A package for Python"
    summary = "For someone who programs: installed with pip, one function answers. Needs no deep-learning library."
    term = "wheel (.whl) with ONNX inside; depends on onnxruntime and numpy, and on pillow, tokenizers or soundfile"
    icon = "package"
    place = 40

    def fits(self, card: ModelCard) -> bool:
        return sorts(card, "picture", "text") or takes_waves(card)

    def write(self, source: Original, work: Path, control: Control) -> str:
        media, name = source.task.info.media, package_name(source.card)
        inside = Path(tempfile.mkdtemp(prefix=".wheel-", dir=work))
        try:
            self._fill(source, media, inside, control)
            wheel = work / f"{name}-{VERSION}-py3-none-any.whl"
            _pack(inside, wheel, name, source.card, _NEEDS[media], control)
        finally:
            shutil.rmtree(inside, ignore_errors=True)
        value = {"text": '"a text"', "sound": '"recording.wav"'}.get(media, '"picture.jpg"')
        return f"pip install {wheel.name}, then in Python: from {name} import predict; predict({value})."

    def _fill(self, source: Original, media: str, inside: Path, control: Control) -> None:
        model = source.model.standing_alone()
        note = source.answering() | source.preparing()
        write_logits(model, source.task, inside / "model.onnx")
        control.check()
        if media == "text":
            model.beside(inside)
            if not (inside / "tokenizer.json").is_file():
                raise UserError(f"The tokenizer of “{source.card.name}” is of an old kind.", "Choose another form.")
        about = f'"""{_one_line(source.card.name)}: from {package_name(source.card)} import predict"""\n\n'
        pieces = [about + part(f"package_{media}").rstrip()]
        pieces += [part(name).rstrip() for name in PREPARES.get(media, ())]
        pieces += [part("share").rstrip(), part(f"package_{media}_ask").rstrip()]
        (inside / "__init__.py").write_text("\n\n\n".join(pieces) + "\n", encoding="utf-8")
        (inside / NOTE).write_text(json.dumps(note, indent=1, ensure_ascii=False), encoding="utf-8")

    def check(self, source: Original, work: Path, given: Sequence[Given], control: Control) -> Checked:
        wheel = next(work.glob("*.whl"))
        with tempfile.TemporaryDirectory(dir=work) as opened:
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(opened)  # our own, just written
            return asked(Path(opened) / package_name(source.card) / "__init__.py", source.labels, given, control)


def package_name(card: ModelCard) -> str:
    """The card's id as a name that Python imports and pip installs, and that hides no package which is there already."""
    name = re.sub(r"[^a-z0-9]+", "_", card.id.lower()).strip("_")[:60] or "model"
    if name[0].isdigit() or keyword.iskeyword(name) or name in sys.stdlib_module_names or find_spec(name) is not None:
        name = f"model_{name}"
    return name


def _pack(inside: Path, wheel: Path, name: str, card: ModelCard, needs: Iterable[str], control: Control) -> None:
    """A wheel as PEP 427 has it: the package, METADATA, WHEEL, and RECORD with the sum of every file."""
    meta = f"{name}-{VERSION}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {VERSION}", f"Summary: {_one_line(card.name)}"]
    lines += [f"License: {_one_line(card.licence)}"] if card.licence else []
    lines += ["Requires-Python: >=3.10", *(f"Requires-Dist: {one}" for one in needs)]
    lines += ["Description-Content-Type: text/markdown", "", model_page(card)]
    written = {
        f"{meta}/METADATA": "\n".join(lines).encode(),
        f"{meta}/WHEEL": b"Wheel-Version: 1.0\nGenerator: model-workbench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(inside.iterdir()):
            # Weights hardly become smaller.
            how = zipfile.ZIP_STORED if file.suffix == ".onnx" else zipfile.ZIP_DEFLATED
            entry = zipfile.ZipInfo(f"{name}/{file.name}", _DATE)
            entry.compress_type, entry.external_attr = how, 0o644 << 16
            digest, size = hashlib.sha256(), file.stat().st_size
            with file.open("rb") as stream, packed.open(entry, "w", force_zip64=size > 1 << 31) as into:
                while block := stream.read(_BLOCK):
                    control.check()
                    digest.update(block)
                    into.write(block)
            record.append(f"{entry.filename},sha256={_sum(digest.digest())},{size}")
        for path, data in written.items():
            packed.writestr(_entry(path), data)
            record.append(f"{path},sha256={_sum(hashlib.sha256(data).digest())},{len(data)}")
        packed.writestr(_entry(f"{meta}/RECORD"), "\n".join([*record, f"{meta}/RECORD,,", ""]))


def _entry(path: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(path, _DATE)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return entry


def _sum(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _one_line(text: str) -> str:
    """Words of a person on one line, as a header or inside a string of a program has them."""
    return " ".join(text.replace("\\", "/").replace('"', "'").split()) or "model"


FORMAT = PythonPackage()
