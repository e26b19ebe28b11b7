"""Models leave in many forms, and each is asked in a process that has never heard of this app."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
import textwrap
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import onnxruntime
import pytest
import soundfile
from PIL import Image
from small_own_models import KINDS, LABELS, own_listener, own_model

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.types import Sample
from workbench.engine.export_formats import all_formats, format_by_id, formats_for
from workbench.engine.export_formats.base import Exported
from workbench.engine.export_formats.python_package import package_name
from workbench.engine.export_formats.web_page import BESIDE, LICENCE, network_of
from workbench.engine.predict import predict
from workbench.errors import Cancelled, UserError
from workbench.tasks.predictions import Scores
from workbench.tasks.registry import get_task

WORDS = ("A short text.", "Long: " + "one word and another, " * 60, "Ünïcode 黄 \N{GRINNING FACE}")


@pytest.fixture
def samples(tmp_path: Path) -> dict[str, list[Sample]]:
    """As people's files come: large, see-through, turned, grey, with few colours."""
    photo = Image.open(resources() / "samples" / "try" / "china.jpg").convert("RGB")
    photo.save(tmp_path / "photo.jpg")
    clear = photo.resize((90, 70)).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    clear.save(tmp_path / "clear.png")
    turned = Image.Exif()
    turned[0x0112] = 6
    photo.resize((200, 120)).save(tmp_path / "turned.jpg", exif=turned)
    photo.resize((50, 120)).convert("L").save(tmp_path / "grey.png")
    photo.resize((64, 64)).convert("P").save(tmp_path / "few.gif")
    names = ("photo.jpg", "clear.png", "turned.jpg", "grey.png", "few.gif")
    rng = np.random.default_rng(2)
    for name, rate, seconds, channels in (("short", 8000, 0.3, 1), ("long", 44_100, 12.0, 2), ("tiny", 32_000, 7.0, 1)):
        hum = np.sin(np.arange(int(rate * seconds)) * (0.05 + 0.1 * channels))[:, None] * rng.uniform(
            0.2, 0.6, channels
        )
        soundfile.write(tmp_path / f"{name}.wav", hum + rng.normal(size=hum.shape) * 0.05, rate)
    return {
        "sound": [Sample("sound", name, path=tmp_path / f"{name}.wav") for name in ("short", "long", "tiny")],
        "picture": [Sample("picture", name, path=tmp_path / name) for name in names],
        "text": [Sample("text", text=text) for text in WORDS],
    }


def exported(form: str, card: ModelCard, samples: dict[str, list[Sample]], place: Path) -> Exported:
    given = samples[get_task(card.main_task).info.media]
    made = format_by_id(form).export(card, place, given, Control())
    assert made.check is not None
    assert (made.check.samples, made.check.agreement, made.check.passed) == (len(given), 1.0, True), made.sentence()
    assert (
        f"Gives the same answers as here: largest difference 0.0000{made.sentence().split('0.0000')[1][0]}"
        in made.sentence()
    )
    return made


def no_more_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The report takes as long as all the rest; that it goes along is seen once in each test that looks."""
    monkeypatch.setattr("workbench.engine.export_formats.base.put_papers", lambda *_: [])


def ours(card: ModelCard, samples: list[Sample]) -> list[dict[str, float]]:
    """What the app itself says."""
    said = [r.prediction for r in predict(samples, card, get_task(card.main_task), device="cpu")]
    return [{s.name: s.value for s in one.top} for one in said if isinstance(one, Scores)]


def elsewhere(code: str, folder: Path, forbidden: tuple[str, ...] = ("workbench",)) -> list[list[dict[str, float]]]:
    """What a process says that cannot import these, as JSON in its last line."""
    head = f"""
    import importlib.util, json, sys
    class No:
        def find_spec(self, name, *_):
            if name.split(".")[0] in {forbidden!r}:
                raise ImportError(name)
    sys.meta_path.insert(0, No())
    def opened(file):
        spec = importlib.util.spec_from_file_location("it", file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    """
    program = textwrap.dedent(head) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[dict[str, float]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def alike(said: list[dict[str, float]], wanted: list[dict[str, float]]) -> None:
    assert len(said) == len(wanted)
    for one, other in zip(said, wanted, strict=True):
        assert one == pytest.approx(other, abs=1e-4) and next(iter(one)) == next(iter(other))


def values(samples: list[Sample]) -> list[str]:
    return [s.text if s.text is not None else str(s.path) for s in samples]


def test_folders_and_finished_networks_answer_in_plain_python(
    samples: dict[str, list[Sample]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """timm, torchvision and transformers open what they are given by themselves; so does PyTorch alone."""
    cards = [*(own_model(kind) for kind in KINDS), own_listener(), own_model("sound-classifier")]
    cards[0] = replace(cards[0], options={"temperature": 1.7})
    cards[3] = replace(
        cards[3],
        options={
            "multi_label": True,
            "thresholds": [0.2, 0.5, 0.9],
            "scales": [0.5, 1.5, 2.0],
            "shifts": [0.1, 0.0, -0.4],
        },
    )
    work, wanted = [], []
    for card in cards:
        folder = exported("python-folder", card, samples, tmp_path / "out").path
        given = samples[get_task(card.main_task).info.media]
        work.append([str(folder), values(given)])
        wanted.append(ours(card, given))
        names = {f.name for f in folder.iterdir()}
        assert {
            "model.safetensors",
            "config.json",
            "preparation.json",
            "README.md",
            "report.html",
            "report.pdf",
        } <= names
        assert not any(name.startswith((".", "__")) for name in names)
        note = json.loads((folder / "preparation.json").read_text(encoding="utf-8"))
        assert note["labels"] == list(LABELS) and note["licence"] == card.licence
        pages = nbformat.read(folder / "example.ipynb", as_version=4)
        nbformat.validate(pages)
        assert "<b>" not in pages.cells[0].source
    config = json.loads(Path(work[2][0], "config.json").read_text(encoding="utf-8"))
    assert [config["id2label"][str(n)] for n in range(3)] == list(LABELS)
    program = format_by_id("torch-program").export(cards[2], tmp_path / "out", samples["picture"], Control()).path
    code = f"""
    from pathlib import Path
    work = json.loads({json.dumps(json.dumps(work))})
    said = []
    for folder, given in work:
        module = opened(folder + "/example.py")
        said.append([module.predict(one) for one in given])
    import nbformat, os
    for folder, given in (work[0], work[3]):  # the notebook's cells, as a person runs them
        os.chdir(folder)
        room = {{}}
        for cell in nbformat.read("example.ipynb", as_version=4).cells:
            if cell.cell_type == "code" and not cell.source.startswith("%"):
                exec(cell.source.replace('"picture.jpg"', repr(given[0])), room)
        said.append([room["predict"](one) for one in given])
    import torch
    module = opened(work[2][0] + "/example.py")
    network = torch.export.load({str(program / "model.pt2")!r}).module()
    pixels = torch.from_numpy(module.np.concatenate([module.prepared(one) for one in work[2][1]]))
    said.append([module.shares(row.detach().numpy()) for row in network(pixels)])
    print(json.dumps(said))
    """
    said = elsewhere(code, tmp_path)
    for one, other in zip(said, [*wanted, wanted[0], wanted[3], wanted[2]], strict=True):
        alike(one, other)


@pytest.mark.parametrize("kind", ["timm", "text-encoder", "listener"])
def test_a_package_is_installed_by_pip_and_answers(
    kind: str, samples: dict[str, list[Sample]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_more_papers(monkeypatch)
    card = own_listener() if kind == "listener" else own_model(kind)
    wheel = next(exported("python-package", card, samples, tmp_path / "out").path.glob("*.whl"))
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", "here", str(wheel)]
    subprocess.run(pip, cwd=tmp_path, check=True, timeout=120, capture_output=True)
    given = samples[get_task(card.main_task).info.media]
    name = package_name(card)
    assert name == {"timm": "model_timm", "text-encoder": "text_encoder"}.get(kind, kind)
    said = elsewhere(
        f"""
        import importlib.metadata
        sys.path.insert(0, "here")
        from {name} import predict
        assert "Apache-2.0" in importlib.metadata.distribution("{name}").metadata["License"]
        print(json.dumps([[predict(one) for one in json.loads({json.dumps(json.dumps(values(given)))})]]))
        """,
        tmp_path,
        ("workbench", "torch", "transformers", "timm", "torchvision"),
    )
    alike(said[0], ours(card, given))


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the words between them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_web_page_holds_all_it_needs_and_no_words_become_markup(
    samples: dict[str, list[Sample]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = own_model("timm")
    folder = exported("web-page", card, samples, tmp_path / "out").path
    page = folder / "timm.html"
    text = page.read_text(encoding="utf-8")
    elements = Elements()
    elements.feed(text)
    # The elements of the template and none besides, whatever the labels and the name say.
    template = Elements()
    template.feed((resources() / "web" / "page.html").read_text(encoding="utf-8"))
    tags = [tag for tag, _ in elements.found]
    assert sorted(tags) == sorted([*(tag for tag, _ in template.found), "script"])
    assert not any(key.startswith("on") for _, found in elements.found for key in found)
    assert not [found for _, found in elements.found if "src" in found or "href" in found]
    policy = next(found["content"] for tag, found in elements.found if "http-equiv" in found)
    assert policy is not None and policy.startswith("default-src 'none'") and "http" not in policy
    note = json.loads(next(w for w in elements.words if w.startswith('{"name"')))
    assert note["labels"] == list(LABELS) and note["size"] == 64
    assert "A <b>model</b>" in elements.words
    # What is inside: the very files that came with the app, and the network.
    for file, name in (("ort.wasm.bundle.min.mjs", "runtime"), ("ort-wasm-simd-threaded.wasm.gz", "wasm")):
        inside = re.search(f'<script id="{name}" type="text/plain">([^<]*)</script>', text)
        assert inside is not None and base64.b64decode(inside[1]) == (resources() / "web" / file).read_bytes()
    session = onnxruntime.InferenceSession(network_of(page))
    for size in (1, 3, 8):
        assert session.run(None, {"pixels": np.zeros((size, 3, 64, 64), np.float32)})[0].shape == (size, 3)
    # Those may read it who may read the place: a server, for one.
    assert {f.stat().st_mode & 0o444 for f in (folder, *folder.iterdir())} == {folder.parent.stat().st_mode & 0o444}
    assert "Microsoft" in (folder / LICENCE).read_text() and (folder / "report.html").is_file()
    no_more_papers(monkeypatch)
    # A large network lies beside the page, as a script, since pages on a disk may read nothing else.
    monkeypatch.setattr("workbench.engine.export_formats.web_page._MOST_INSIDE", 1000)
    made = exported("web-page", card, samples, tmp_path / "large")
    large = (made.path / "timm.html").read_text(encoding="utf-8")
    assert f'<script src="{BESIDE}"></script>' in large
    assert "script-src 'unsafe-inline' 'wasm-unsafe-eval' blob: 'self' file:;" in large
    assert network_of(made.path / "timm.html") == network_of(page) and f"Keep {BESIDE} beside it" in made.sentence()
    listener = own_listener()
    assert "web-page" in [f.id for f in formats_for(listener)]
    heard = exported("web-page", listener, samples, tmp_path / "heard").path / "listener.html"
    assert 'accept="audio/*"' in heard.read_text(encoding="utf-8")
    monkeypatch.setattr("workbench.engine.export_formats.web_page._MOST", 1000)
    with pytest.raises(UserError, match="too large for a web page"):
        exported("web-page", card, samples, tmp_path / "larger")
    assert not any((tmp_path / "larger").iterdir())


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(61, 47), (20, 33), (150, 30)])
def test_the_page_sees_exactly_what_the_app_sees(qapp: object, interpolation: str, size: tuple[int, int]) -> None:
    """Its own program, run by Qt's engine for JavaScript, beside Pillow: every number the same to rounding."""
    from PySide6.QtQml import QJSEngine

    from workbench.catalog.card import Preparation
    from workbench.tasks.image_classification import _centre, _tensor

    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    preparation = Preparation(size=24, crop=0.9, interpolation=interpolation)
    wanted = _tensor(_centre(Image.fromarray(pixels), preparation), preparation).numpy()
    note = {
        "size": 24, "shorter_side": round(24 / 0.9), "interpolation": interpolation,
        "mean": preparation.mean, "std": preparation.std,
    }  # fmt: skip
    rgba = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    given = {"width": size[0], "height": size[1], "data": rgba.ravel().tolist()}
    engine = QJSEngine()
    program = (resources() / "web" / "prepare.js").read_text(encoding="utf-8")
    assert not engine.evaluate(program).isError()
    said = engine.evaluate(f"JSON.stringify(Array.from(prepared({json.dumps(given)}, {json.dumps(note)})))")
    assert not said.isError(), said.toString()
    assert np.abs(np.array(json.loads(said.toString())).reshape(wanted.shape) - wanted).max() < 1e-6


def test_the_page_hears_exactly_what_the_app_hears(qapp: object, tmp_path: Path) -> None:
    """The rate of a file, the change of rate and the pieces: beside soundfile, SciPy and the app's own cutting."""
    from math import gcd

    from PySide6.QtQml import QJSEngine
    from scipy.signal import resample_poly

    from workbench.runtimes.sound_network import SoundNetwork

    engine = QJSEngine()
    assert not engine.evaluate((resources() / "web" / "prepare.js").read_text(encoding="utf-8")).isError()

    def said(expression: str) -> Any:
        found = engine.evaluate(f"JSON.stringify({expression})")
        assert not found.isError(), found.toString()
        return json.loads(found.toString())

    wave = np.random.default_rng(4).normal(size=3000).astype(np.float32)
    given = f"new Float32Array({json.dumps(wave.tolist())})"
    for own, rate in ((44_100, 32_000), (8_000, 32_000), (48_000, 32_000)):
        shared = gcd(own, rate)
        wanted = resample_poly(wave, rate // shared, own // shared)
        made = np.array(said(f"Array.from(atRate({given}, {own}, {rate}))"))
        assert made.shape == wanted.shape and np.abs(made - wanted).max() < 1e-5

    class Cutting(SoundNetwork):
        def __init__(self, size: int) -> None:
            self.fills, self.sample_rate, self.window_seconds = True, size, 1.0

    for length, size in ((3000, 800), (3000, 1000), (90, 800), (200, 800), (800, 800)):
        pieces = said(f"cut({given}.slice(0, {length}), {size}).map((p) => Array.from(p))")
        assert np.array_equal(np.array(pieces, np.float32), np.stack(Cutting(size).cut(wave[:length])))
    for name, rate in (("a.wav", 22_050), ("b.flac", 44_100), ("c.ogg", 16_000), ("d.mp3", 48_000), ("e.mp3", 22_050)):
        soundfile.write(tmp_path / name, wave[:, None].repeat(2, 1), rate)
        head = list((tmp_path / name).read_bytes()[:8192])
        assert said(f"rateOf(new Uint8Array({head}))") == rate
    assert said("rateOf(new Uint8Array([1, 2, 3]))") == 0


def test_the_page_answers_as_was_decided(qapp: object) -> None:
    from PySide6.QtQml import QJSEngine

    engine = QJSEngine()
    engine.evaluate((resources() / "web" / "prepare.js").read_text(encoding="utf-8"))

    def answer(shares: list[float], **note: object) -> str:
        known = {"labels": ["a", "b", "c"], "activation": "softmax", **note}
        return str(engine.evaluate(f"answerOf({json.dumps(shares)}, {json.dumps(known)})").toString())

    missed = {"class": "b", "threshold": 0.2, "sure_from": 0.0}
    assert answer([0.7, 0.2, 0.1]) == "a"
    assert answer([0.7, 0.2, 0.1], decision=missed) == "b"
    assert answer([0.5, 0.4, 0.1], decision={**missed, "threshold": 0.6}) == "a"
    assert answer([0.3, 0.5, 0.2], decision={**missed, "threshold": 0.6}) == "a"
    assert answer([0.4, 0.35, 0.25], decision={"class": "", "threshold": 0.5, "sure_from": 0.5}) == "not sure"
    several = {"activation": "sigmoid", "thresholds": [0.5, 0.1, 0.9]}
    assert answer([0.6, 0.2, 0.8], **several) == "a, b" and answer([0, 0, 0], **several) == "none of them"
    assert answer([0.6, 0.2, 0.8], **several, decision={"labels": {}, "sure_from": 0.5}) == "not sure"
    note = {"activation": "sigmoid", "scales": [2.0, 1.0], "shifts": [0.0, 1.0]}
    said = json.loads(engine.evaluate(f"JSON.stringify(shares([1, -1], {json.dumps(note)}))").toString())
    assert said == pytest.approx([1 / (1 + np.exp(-2)), 0.5])


def test_onnx_says_inside_how_things_are_prepared(samples: dict[str, list[Sample]], tmp_path: Path) -> None:
    for kind in ("timm", "text-classifier"):
        made = exported("onnx", own_model(kind), samples, tmp_path / kind)
        session = onnxruntime.InferenceSession(str(made.path))
        inside = session.get_modelmeta().custom_metadata_map
        beside = json.loads(made.path.with_suffix(".json").read_text(encoding="utf-8"))
        assert json.loads(inside["labels"]) == list(LABELS) and inside["licence"] == "Apache-2.0"
        assert json.loads(inside["preparation"]) == beside["preparation"]
        for size in (1, 3, 8):
            shape = (size, 3, 64, 64) if kind == "timm" else (size, 9)
            given = {i.name: np.ones(shape, np.float32 if kind == "timm" else np.int64) for i in session.get_inputs()}
            assert session.run(None, given)[0].shape == (size, 3)


def test_what_is_stopped_or_refused_leaves_nothing(samples: dict[str, list[Sample]], tmp_path: Path) -> None:
    card = own_model("timm")
    for form in map(format_by_id, ("web-page", "python-folder", "python-package", "folder")):

        class Stopping(Control):
            """Stops once it is at its end, before it lies there."""

            def progress(self, done: float, total: float, text: str = "") -> None:
                if text == "Writing the report":
                    self.cancel()

        with pytest.raises(Cancelled):
            form.export(card, tmp_path / form.id, samples["picture"], Stopping())
        assert not any((tmp_path / form.id).iterdir()), form.id
    exported("python-folder", card, samples, tmp_path / "twice")
    with pytest.raises(UserError, match="already a folder"):
        exported("python-folder", card, samples, tmp_path / "twice")
    deep = replace(card, preparation=replace(card.preparation, window=(40.0, 400.0)))
    from workbench.engine.pool import shared_pool

    shared_pool().clear()
    with pytest.raises(UserError, match="more than 256 greys"):
        format_by_id("web-page").export(deep, tmp_path / "deep", [], Control())
    assert not any((tmp_path / "deep").iterdir())


def test_forms_are_offered_where_they_fit() -> None:
    from workbench.catalog.catalog import Catalog

    assert len({f.id for f in all_formats()}) == len(all_formats())
    fitting = {kind: [f.id for f in formats_for(own_model(kind))] for kind in ("timm", "text-classifier")}
    assert fitting["timm"] == ["folder", "web-page", "python-folder", "python-package", "onnx", "torch-program"]
    assert "web-page" not in fitting["text-classifier"] and "python-package" in fitting["text-classifier"]
    # One that was not taught here has no folder of ours, but can be given away as well.
    assert [f.id for f in formats_for(Catalog.load().get("picture-starter"))] == fitting["timm"][1:]
    assert [f.id for f in formats_for(Catalog.load().get("text-starter"))] == []
    with pytest.raises(UserError, match="There is no format"):
        format_by_id("floppy")
