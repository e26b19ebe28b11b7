"""A training's report, the papers that every export carries, and the page the Hub reads; judged by huggingface_hub."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from huggingface_hub import ModelCard as HubCard
from huggingface_hub import metadata_load
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from workbench.__main__ import main
from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.types import Item, Split
from workbench.engine.evaluate import evaluate
from workbench.engine.explain.kinds import Explanation, WordShare
from workbench.engine.export import export_folder, export_onnx, import_folder
from workbench.engine.fit import How, fit, new_config
from workbench.engine.report import reasons
from workbench.engine.report.choices import Choices
from workbench.engine.report.gather import given_of_run
from workbench.engine.report.make import HTML, KEPT, PDF, README, kept_card, make_report, put_papers
from workbench.engine.report.pictures import shower
from workbench.engine.report.provenance import items_hash, made_with
from workbench.engine.report.readme import front_matter, readme
from workbench.errors import Cancelled, UserError
from workbench.trust.card.compose import compose
from workbench.trust.card.given import DataTerms
from workbench.trust.card.items import picture_of
from workbench.trust.metrics import Evaluation

Capture = pytest.CaptureFixture[str]
OWN = ModelCard(
    "mine", "Mine: <b>cats</b> & dogs", ("image-classification",), "timm", "resnet18", Source("folder", ""), licence="Apache-2.0",
    label_names=("a", "b"), base="timm-resnet", languages=("en",), summary="Sorts.", trained_on="[x](http://evil)",
    metrics={"n": 40, "score": 0.875, "low": 0.74, "high": 0.95, "metric": "accuracy", "split": "test"},
)  # fmt: skip
BASE = replace(OWN, id="timm-resnet", source=Source("timm", "timm/resnet18.a1_in1k"), base="")


def text_of(page: str) -> str:
    tree = LexborHTMLParser(page)
    assert not tree.css("script")
    return " ".join(tree.body.text(separator=" ").split())


def words_of(pdf: Path) -> str:
    document = pypdfium2.PdfDocument(pdf)
    words = " ".join(" ".join(page.get_textpage().get_text_bounded() for page in document).split())
    document.close()
    return words


def test_a_training_has_a_report_and_every_export_carries_it(
    digits_folder: Callable[..., Path],
    make_project: Callable[[Path], Project],
    catalog: Catalog,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = digits_folder(("one", "three", "seven"), 14)
    # Two ones are called sevens, so that there are mistakes.
    for n, file in enumerate(sorted((folder / "one").iterdir())[:3]):
        file.rename(folder / "seven" / f"x{n}.png")
    project = make_project(folder)
    DataTerms("Digits by the UCI.", "CC BY 4.0").keep(project)
    *_, finished = fit(new_config(project, catalog.get("picture-starter"), How.QUICK, seed=5), project, catalog)
    own = catalog.get(finished.model_id)

    # At the end of the training a card without anything of the items lies beside the model.
    kept = kept_card(own)
    assert kept is not None and own.name == kept.title
    raw = (Path(own.source.ref) / KEPT).read_text(encoding="utf-8")
    assert ".png" not in raw and "/tmp" not in raw and str(folder) not in raw

    # The report says what the judgement says, in both forms.
    monkeypatch.setattr(reasons, "_EACH", 1)
    judged = evaluate(project, finished.run_id, catalog=catalog)
    assert isinstance(judged, Evaluation)
    html, pdf = make_report(
        project,
        finished.run_id,
        catalog,
        tmp_path / "r.html",
        tmp_path / "r.pdf",
        Choices(True, bool(judged.mistakes or judged.n)),
    )
    page, words = html.read_text(encoding="utf-8"), words_of(pdf)
    digest = hashlib.sha256((Path(own.source.ref) / "model.safetensors").read_bytes()).hexdigest()
    tested = items_hash(project, project.split_items(Split.TEST), Control())
    for text in (text_of(page), words):
        assert f"{judged.accuracy:.1%}" in text and f"{judged.low:.1%} to {judged.high:.1%}" in text
        assert digest in text.replace(" ", "") and tested in text.replace(" ", "")
        assert "Digits by the UCI." in text and "CC BY 4.0" in text and made_with()["torch"] in text
        assert "EfficientNet" in text or "Picture starter" in text
        assert "Why it answers so" in text and "Grad-CAM" in text and "shuffled" in text
    assert page.count("data:image/jpeg;base64,") >= 1 + min(12, len(judged.mistakes)) and str(tmp_path) not in page
    # The test set's hash knows contents and labels, not places and order.
    some = project.split_items(Split.TEST)
    assert items_hash(project, some[::-1], Control()) == tested != items_hash(project, some[1:], Control())
    changed = project.class_by_name("three" if some[0].class_id != project.class_by_name("three").id else "one")  # type: ignore[union-attr]
    assert changed is not None
    project.set_label([some[0].id], changed.id)
    assert items_hash(project, project.split_items(Split.TEST), Control()) != tested
    project.set_label([some[0].id], some[0].class_id)

    # What is kept was brought up to date, still without the items.
    again = kept_card(own)
    assert again is not None and "Digits by the UCI." in (Path(own.source.ref) / KEPT).read_text(encoding="utf-8")
    assert "data:image/jpeg" not in json.dumps(raw) and [s.id for s in again.sections][:2] == ["headline", "purpose"]

    # Every export carries it.
    exported = export_folder(own, tmp_path / "out")
    check = export_onnx(own, tmp_path / "onnx", [i.sample() for i in some[:2]])
    assert {f.name for f in (tmp_path / "onnx").iterdir()} == {
        f"{own.id}.onnx", f"{own.id}.json", f"{own.id}-{HTML}", f"{own.id}-{PDF}", f"{own.id}-{README}"
    } and check.passed  # fmt: skip
    for place, prefix in ((exported, ""), (tmp_path / "onnx", f"{own.id}-")):
        assert f"{judged.accuracy:.1%}" in text_of((place / f"{prefix}{HTML}").read_text(encoding="utf-8"))
        assert digest in words_of(place / f"{prefix}{PDF}").replace(" ", "")
        data = metadata_load(place / f"{prefix}{README}")
        assert data is not None and data["license"] == "apache-2.0" and data["base_model"] == "picture-starter"
        hub = HubCard.load(place / f"{prefix}{README}").data
        assert hub.eval_results is not None and hub.eval_results[0].metric_value == pytest.approx(judged.accuracy)
    # It goes along when the folder comes in elsewhere and goes out again.
    back = import_folder(exported, catalog)
    assert kept_card(back) == again

    # The command line makes the same one.
    project.close()
    place = str(project.folder)
    target = tmp_path / "cli.pdf"
    assert (
        main(["report", place, own.id, "--pdf", str(target), "--without-examples", "--data-terms", "CC0", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert told["files"] == [str(target)] and told["run"] == finished.run_id
    shared = words_of(target)
    assert "CC0" in shared and "No item is shown" in shared and f"{judged.accuracy:.1%}" in shared
    assert main(["report", place, "nobody"]) == 1 and own.id in capsys.readouterr().err

    # Without its model it still says what the run kept.
    catalog.remove_own(own.id)
    with Project.open(project.folder) as opened:
        card = compose(given_of_run(opened, finished.run_id, Catalog.load(), Choices()))
        assert "was deleted" in card.sections[0].sentence
        stopped = Control()
        stopped.cancel()
        with pytest.raises(Cancelled):
            make_report(
                opened, finished.run_id, Catalog.load(), tmp_path / "n.html", tmp_path / "n.pdf", control=stopped
            )
    assert not list(tmp_path.glob("*n.html*")) and not list(tmp_path.glob("*n.pdf*"))


def test_the_hub_reads_the_page(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(readme(OWN, (BASE,)), encoding="utf-8")
    card = HubCard.load(tmp_path / "README.md")
    data = card.data
    assert (data.license, data.base_model, data.pipeline_tag) == (
        "apache-2.0",
        "timm/resnet18.a1_in1k",
        "image-classification",
    )
    assert data.language == ["en"] and data.metrics == ["accuracy"] and "model-workbench" in data.tags
    (result,) = data.eval_results
    assert (result.task_type, result.metric_type, result.metric_value) == ("image-classification", "accuracy", 0.875)
    assert result.dataset_type == "private" and data.model_name == OWN.name
    assert "&lt;b>cats" in card.text and "\\[x](" in card.text
    # Licences the Hub has no name for, and names with marks of YAML in them.
    other = front_matter(replace(OWN, licence="the provider's: terms # 1", metrics={}))
    assert (
        other["license"] == "other" and other["license_name"] == "the provider's: terms # 1" and "metrics" not in other
    )
    (tmp_path / "o.md").write_text(readme(replace(OWN, licence="a: b\n- c", name="---\nx: 1")), encoding="utf-8")
    again = metadata_load(tmp_path / "o.md")
    assert again is not None and again["license_name"] == "a: b - c" and "x" not in again


def test_papers_of_a_model_of_which_little_is_known(tmp_path: Path, catalog: Catalog) -> None:
    files = put_papers(replace(OWN, source=Source("folder", str(tmp_path / "gone"))), tmp_path / "out")
    assert [f.name for f in files] == [HTML, PDF, README] and "87.5%" in words_of(files[1])


def test_recordings_are_shown_as_spectrograms_and_missing_files_as_nothing(tmp_path: Path) -> None:
    import soundfile

    wave = np.sin(np.arange(16_000) * 0.2).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", wave, 16_000)
    show = shower()
    data = show(Item(1, "sound", "a.wav", tmp_path / "a.wav"))
    assert data is not None
    with Image.open(io.BytesIO(data)) as picture:
        pixels = np.asarray(picture.convert("L")).astype(float)
    # One tone at 509 Hz of 8,000: a bright line low in the picture.
    assert pixels.shape == (150, 480) and abs(pixels.mean(1).argmax() - 150 * (1 - 509 / 8000)) < 4
    assert show(Item(2, "text", "t", None, "words")) is None
    gone = Item(3, "picture", "g.png", tmp_path / "gone.png")
    with pytest.raises(UserError):
        show(gone)
    assert picture_of(gone, show) is None


def test_a_text_is_coloured_by_what_spoke_for_the_answer() -> None:
    text = "A lovely film, but long."
    words = (WordShare(2, 8, 1.0), WordShare(9, 13, 0.01), WordShare(19, 23, -0.5))
    line = reasons.coloured(Explanation("good", 0.9, "Integrated Gradients", words=words), text)
    assert isinstance(line, tuple) and "".join(w.text for w in line) == text
    tones = {w.text: (w.tone, w.strength) for w in line}
    assert tones["lovely"] == ("good", 1.0) and tones["film"] == ("", 0.01) and tones["long"] == ("bad", 0.5)
