"""A web page that runs the model by itself: onnxruntime-web, its WebAssembly and the network lie inside it."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.engine.export import write_logits
from workbench.engine.export_check import file_name
from workbench.engine.export_formats.base import Checked, FolderFormat, compared
from workbench.engine.export_formats.original import Given, Original, sorts, takes_waves
from workbench.errors import UserError

_RUNTIME, _WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm.gz"
LICENCE = "LICENSE-onnxruntime-web.txt"
BESIDE = "model.js"
# Larger networks lie beside the page: a browser is slow to open one file of this size. Beyond the second bound their text is
# longer than browsers hold (2^29 characters).
_MOST_INSIDE, _MOST = 100_000_000, 380_000_000
# How a browser's answers may differ from the app's, by what is asked about (measured by packaging/check_web_export.py).
_DIFFERS = {
    "picture": "Browsers read large photos and their colour profiles a little differently: shares can differ a little.",
    "sound": "Browsers unpack MP3 and other packed recordings a little differently: shares can differ a little.",
}
_ACCEPTS = {"picture": "image/*", "sound": "audio/*"}


class WebPage(FolderFormat):
    """See `workbench.engine.export_formats.base.ModelFormat`.

    The page resizes pictures with Pillow's own arithmetic (resources/web/prepare.js; tests hold it against Pillow).
    `packaging/check_web_export.py` opens a page in a real browser and says how far its answers are from the app's.
    """

    id = "web-page"
    title = "A web page"
    summary = (
        "For everybody: one file to open in a browser, on any computer or phone, without internet. Nothing is sent."
    )
    term = "HTML with onnxruntime-web (WebAssembly, one thread) and the ONNX network inside; works from the disk"
    icon = "globe"
    place = 20

    def fits(self, card: ModelCard) -> bool:
        return sorts(card, "picture") or takes_waves(card)

    def write(self, source: Original, work: Path, control: Control) -> str:
        info = source.task.info
        note = {**source.answering(), **source.preparing(), "media": info.media}
        network = work / "model.onnx"
        write_logits(source.model.standing_alone(), source.task, network)
        control.check()
        size = sum(f.stat().st_size for f in work.iterdir())
        if size > _MOST:
            raise UserError(
                f"“{source.card.name}” is too large for a web page ({size / 1e6:,.0f} MB; at most {_MOST / 1e6:.0f} MB).",
                "Choose another form, or teach a smaller model.",
            )
        text = _as_text(network)
        network.unlink()
        beside = size > _MOST_INSIDE
        if beside:
            (work / BESIDE).write_text(f'window.MODEL="{text}";\n', encoding="ascii")
        model = (
            f'<script src="{BESIDE}"></script>' if beside else f'<script id="model" type="text/plain">{text}</script>'
        )
        control.check()
        page = work / f"{file_name(source.card)}.html"
        page.write_text(_page(source.card, info.noun, note, model, beside=beside), encoding="utf-8")
        (work / LICENCE).write_bytes((resources() / "licences" / "onnxruntime-web-MIT.txt").read_bytes())
        together = (
            f" Keep {BESIDE} beside it." if beside else " The page alone is enough; it can be sent or put on a server."
        )
        return f"Open {page.name} in a browser.{together}"

    def check(self, source: Original, work: Path, given: Sequence[Given], control: Control) -> Checked:
        page = next(work.glob("*.html"))
        from workbench.runtimes.untrusted import open_onnx

        network = work / "again.onnx"
        network.write_bytes(network_of(page))
        try:
            session = open_onnx(network)
            rows = []
            for one in given:
                control.check()
                rows.append(_answers(source, session, one))
        finally:
            network.unlink()
        return compared(given, rows, note=_DIFFERS[source.task.info.media])


def network_of(page: Path) -> bytes:
    """The ONNX file that a page holds, in itself or beside it."""
    text = page.read_text(encoding="utf-8")
    begin = '<script id="model" type="text/plain">'
    if begin in text:
        return base64.b64decode(text.split(begin, 1)[1].split("</script>", 1)[0])
    beside = (page.parent / BESIDE).read_text(encoding="ascii")
    return base64.b64decode(beside.split('"')[1])


def _answers(source: Original, session: Any, one: Given) -> list[float]:
    import torch

    from workbench.data.types import Sample

    model = source.model.standing_alone()
    prepared = source.task.prepare(Sample(source.task.info.media, path=Path(one.value)), model)
    batch = model.alone(source.task.collate([prepared], model))
    logits = session.run(["logits"], {name: tensor.numpy() for name, tensor in batch.items()})[0]
    # Of a recording the mean of its pieces counts.
    said: Any = source.task.said(torch.from_numpy(logits).mean(0, keepdim=True), source.model, [""])[0]
    row = [0.0] * len(source.labels)
    for score in said.top:
        row[score.index] = score.value
    return row


def _page(card: ModelCard, noun: str, note: dict[str, Any], model: str, *, beside: bool) -> str:
    """The whole page. What a person wrote becomes text in it, never markup."""
    web = _web()
    words = {
        "name": card.name, "summary": card.summary, "trained_on": card.trained_on, "limits": card.limits,
        "licence": card.licence or "not stated", "noun": noun, "accept": _ACCEPTS[note["media"]],
        "differs": _DIFFERS[note["media"]],
    }  # fmt: skip
    parts = {name: html.escape(text) for name, text in words.items()} | {
        "beside_source": "'self' file:" if beside else "",
        "note": _inert(json.dumps(note, ensure_ascii=False)),
        "css": (web / "page.css").read_text(encoding="utf-8"),
        "runtime": _as_text(web / _RUNTIME),
        "wasm": _as_text(web / _WASM),
        "model": model,
        "prepare": (web / "prepare.js").read_text(encoding="utf-8"),
        "page": (web / "page.js").read_text(encoding="utf-8"),
    }
    page = (web / "page.html").read_text(encoding="utf-8")
    # Piece by piece along the page: what was put in is not searched again.
    made, rest = [], page
    for name in _in_order(page, parts):
        before, _, rest = rest.partition("{" + name + "}")
        made += [before, parts[name]]
    return "".join([*made, rest])


def _in_order(page: str, parts: dict[str, str]) -> list[str]:
    """The places of a page where something is to stand, a name for each."""
    places = []
    for name in parts:
        at = page.find("{" + name + "}")
        while at >= 0:
            places.append((at, name))
            at = page.find("{" + name + "}", at + 1)
    return [name for _, name in sorted(places)]


def _inert(data: str) -> str:
    """JSON inside a script element: nothing in it may end the element or begin a comment."""
    return data.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028")


def _as_text(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode("ascii")


def _web() -> Path:
    return resources() / "web"


FORMAT = WebPage()
