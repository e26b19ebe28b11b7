"""The model card for every kind of judgement, in both writers, with names that mean harm; judged by PDFium and Lexbor."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pypdfium2
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.licences import passing_on
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.checks import Finding
from workbench.data.project import Project
from workbench.data.shapes import BoxShape, Clip, TextSpan, Whole, region_from_bits
from workbench.data.types import Item, ItemPrediction, NewItem, RunRecord, Split
from workbench.errors import Cancelled, UserError
from workbench.tasks.predictions import (
    Asked,
    Box,
    Boxes,
    Event,
    Events,
    Mask,
    Score,
    Scores,
    Span,
    Text,
    to_record,
)
from workbench.tasks.temperature import TEMPERATURE
from workbench.trust.card.compose import compose
from workbench.trust.card.given import DataTerms, Given, Reason
from workbench.trust.card.html import render
from workbench.trust.card.parts import Card, Paragraph, Section, Table, Words, matrix, shown
from workbench.trust.card.pdf import pdf_bytes
from workbench.trust.card.record import from_record
from workbench.trust.card.record import to_record as card_to_record
from workbench.trust.groups import by_groups
from workbench.trust.judging import Answered, Judgement, judge

EVIL = "<script>alert(1)</script>"
HOSTILE = (EVIL, "قطة", "猫のクラス", "a\u202egnp\u202c.exe", "zero\u200bwidth", "😀 cat", "x" * 10_000, "a\x00b\nc")
KINDS = ("classes", "tags", "boxes", "mask", "spans", "words", "summary", "translation", "answers", "clips", "language")
MODEL = ModelCard(
    "mine", "My model", ("image-classification",), "timm", "tf_efficientnet_lite0", Source("folder", "/nowhere"),
    licence="Apache-2.0", label_names=("cat", "dog"), summary="Sorts pictures into: cat, dog.", trained_on="40 of your own pictures.",
    limits="Knows only these 2 classes.", base="starter", created="2026-11-01T10:00:00+00:00",
)  # fmt: skip
BASE = replace(
    MODEL, id="starter", name="Starter", source=Source("wheel", "some_package"), base="", limits="Photos only."
)


def said(number: int, prediction: Any) -> ItemPrediction:
    return ItemPrediction(number, Split.TEST, "", "", (), to_record(prediction))


def answers_of(kind: str, items: list[Item], names: tuple[str, str]) -> tuple[tuple[str, ...], list[Answered]]:
    """Some right and some wrong answers of a kind about these items."""
    one, two = names
    found = []
    for n, item in enumerate(items):
        wrong = n % 3 == 0
        if kind == "classes":
            truth, other = (one, two) if n % 2 else (two, one)
            called = other if wrong else truth
            scores = (0.8, 0.2) if called == one else (0.3, 0.7)
            found.append(Answered(item, ItemPrediction(item.id, Split.TEST, truth, called, scores)))
        elif kind == "tags":
            top = (Score(one, 0.9, 0, 0.5), Score(two, 0.2 if not wrong else 0.8, 1, 0.5))
            found.append(Answered(item, said(item.id, Scores(top, several=True)), (Annotation(Whole(), 1),), (one,)))
        elif kind == "boxes":
            truths = (Annotation(BoxShape(10, 10, 50, 50), 1), Annotation(BoxShape(55, 55, 75, 75), 2))
            boxes = (Box(10, 10, 50, 50, two if wrong else one, 0.9), Box(0, 0, 8, 8, one, 0.6))
            found.append(Answered(item, said(item.id, Boxes(boxes, 80, 80)), truths, (one, two)))
        elif kind == "mask":
            truth_map = np.zeros((12, 16), np.uint8)
            truth_map[2:8, 2:8] = 1
            region = region_from_bits(truth_map == 1)
            assert region is not None
            colours = np.roll(truth_map, 3 if wrong else 0, 1)
            stream = io.BytesIO()
            Image.fromarray(colours).save(stream, "PNG")
            mask = Mask(stream.getvalue(), 16, 12, ("background", one), (0.8, 0.2))
            found.append(Answered(item, said(item.id, mask), (Annotation(region, 1),), (one,)))
        elif kind == "spans":
            text = item.text or ""
            spans = (Span(0, 5, two if wrong else one, 0.9),)
            found.append(
                Answered(item, said(item.id, Text(text, spans, marked=True)), (Annotation(TextSpan(0, 5), 1),), (one,))
            )
        elif kind in ("words", "summary", "translation", "language"):
            right = f"the {one[:40]} sat on the mat number {n}"
            text = f"a {two[:40]} sat there" if wrong else right
            given = Text(text, surprise=1.0 + n / 10, surprise_before=2.0)
            found.append(Answered(item, said(item.id, given), (Annotation(Whole(), None, text=right),), ("",)))
        elif kind == "answers":
            question = f"What is {one[:60]}?"
            start, end = (6, 11) if wrong else (0, 5)
            asked = Asked(question, start, end, 0.8, 0.1, 1.0, True)
            kept = (Annotation(TextSpan(0, 5), None, text=question),)
            found.append(Answered(item, said(item.id, Text(item.text or "", marked=True, asked=(asked,))), kept, ("",)))
        else:
            truth_clip = (Annotation(Clip(1.0, 2.0), 1),)
            heard = Events((Event(1.0, 2.0, two if wrong else one, 0.9), Event(5.0, 6.0, one, 0.7)), 10.0)
            found.append(Answered(item, said(item.id, heard), truth_clip, (one,)))
    classes = () if kind in ("words", "summary", "translation", "answers", "language") else names
    return classes, found


MEDIA = {"classes": "picture", "boxes": "picture", "mask": "picture", "clips": "sound", "words": "sound"}
TASKS = {"picture": "image-classification", "text": "text-classification", "sound": "sound-classification"}


@pytest.fixture
def project(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Project]:
    media = getattr(request, "param", "picture")
    with Project.create(tmp_path / "p", f"Pets {EVIL}", TASKS[media]) as made:
        new = []
        for n in range(9):
            path = None
            if media == "picture":
                path = tmp_path / f"{n} <b>.png"
                Image.new("RGB", (80, 80), (20 * n, 90, 160)).save(path)
            text = f"Hello <i>world</i> number {n}, a text of some length." if media != "picture" else None
            new.append(
                NewItem(
                    "picture" if path else "text",
                    path.name if path else f"text {n} <b>",
                    path,
                    text,
                    label="cat" if n % 2 else "dog",
                )
            )
        made.add_items(new)
        made.set_splits({i: Split.TEST if i % 2 else Split.TRAIN for i in made.item_ids()})
        yield made


def given_for(project: Project, kind: str, names: tuple[str, str] = ("cat", "dog"), **more: Any) -> Given:
    items = [replace(i, seconds=10.0) for i in project.items(project.item_ids())]
    classes, answers = answers_of(kind, items, names)
    judgement = judge(kind, classes, answers)
    run = RunRecord(
        "r",
        "Run",
        "done",
        "2026-11-01",
        {"seed": 7, "how": "quick", "model": "starter", "device": "auto"},
        {},
        project.folder,
    )
    thumbnails = {i.id: i for i in items}

    def show(item: Item) -> bytes | None:
        stream = io.BytesIO()
        Image.new("RGB", (64, 48), (200, 10 * (len(thumbnails) % 20), 90)).save(stream, "JPEG")
        return stream.getvalue()

    options: dict[str, Any] = {
        "bases": (BASE,), "project": project, "run": run, "judgement": judgement, "noun": "picture", "nouns": "pictures",
        "show": show, "data_terms": DataTerms("From our own camera.", "CC BY 4.0"), "made_with": {"torch": "2.14.1"},
        "hashes": {"Weights (sha256)": "ab" * 32}, "made": "2026-11-25T12:00:00",
        "by_groups": by_groups(judgement, {"device": {i.id: "phone A" if i.id % 2 else "phone B" for i in items}}),
    }  # fmt: skip
    return Given(model=MODEL, **(options | more))


def words_of_pdf(data: bytes) -> str:
    """All text of a PDF in one line, as PDFium reads it; no page of it is blank."""
    document = pypdfium2.PdfDocument(data)
    texts = []
    for page in document:
        texts.append(page.get_textpage().get_text_bounded())
        pixels = np.asarray(page.render(scale=0.5).to_pil().convert("L"))
        assert (pixels < 200).sum() > 20
    document.close()
    return " ".join(" ".join(texts).split())


def checked_html(page: str) -> str:
    """The page's words. Nothing in it is run, and nothing comes from outside."""
    tree = LexborHTMLParser(page)
    assert not tree.css("script, iframe, object, embed, link, base, form, svg")
    for node in tree.css("*"):
        for name, value in node.attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href"):
                assert value is not None and value.startswith(
                    ("data:image/png;base64,", "data:image/jpeg;base64,", "#")
                )
    style = tree.css_first("style").text()
    assert (
        "url(" not in style
        and "@import" not in style
        and "prefers-color-scheme:dark" in style
        and "@media print" in style
    )
    for node in tree.css("style"):
        node.decompose()
    return " ".join(tree.body.text(separator=" ").split())


@pytest.mark.parametrize(("project", "kind"), [(MEDIA.get(k, "text"), k) for k in KINDS], indirect=["project"])
def test_every_kind_has_a_card_with_the_numbers_of_its_judgement(project: Project, kind: str) -> None:
    given = given_for(project, kind)
    card = compose(given)
    assert [s.id for s in card.sections if s.id != "cost"] == [
        "headline", "purpose", "data", "metrics", "groups", "failures", "limits", "licences", "reproduction"
    ]  # fmt: skip
    judgement = given.judgement
    assert judgement is not None
    numbers = judgement.headline()
    page = checked_html(render(card))
    document = words_of_pdf(pdf_bytes(card))
    for words in (page, document):
        for number in (
            f"{numbers['score']:.1%}",
            f"{numbers['low']:.1%}",
            f"{numbers['high']:.1%}",
            f"{numbers['score']:.4f}",
        ):
            assert number in words
        assert "From our own camera." in words and "CC BY 4.0" in words and "ab" * 32 in words.replace(" ", "")
        assert "2.14.1" in words and "Apache-2.0" in words and "phone A" in words
    # The plain sentence, word by word (the PDF's line breaks are blanks).
    assert " ".join(judgement.sentence().split()) in page and " ".join(judgement.sentence().split()) in document
    _headings, rows = judgement.table()
    for row in rows[:3]:
        assert all(shown(cell, 200) in page for cell in row if cell)
    shown_failures = card.section("failures")
    assert shown_failures is not None and shown_failures.parts
    # Without examples no item's name, words or picture is left.
    private = compose(replace(given, examples=False, show=None))
    page = render(private)
    assert "&lt;b&gt;" not in page and "data:image/jpeg" not in page and "sat on the mat" not in page
    assert "&lt;i&gt;world" not in page and from_record(json.loads(json.dumps(card_to_record(private)))) == private


@pytest.mark.parametrize("kind", ["classes", "boxes"])
@pytest.mark.parametrize("number", range(0, len(HOSTILE), 2))
def test_names_that_mean_harm_are_words(project: Project, kind: str, number: int) -> None:
    names = HOSTILE[number], HOSTILE[number + 1]
    given = given_for(project, kind, names)
    given = replace(
        given,
        model=replace(MODEL, name=names[0], label_names=names, limits=names[1]),
        data_terms=DataTerms(names[0], names[1]),
    )
    card = compose(given)
    page = render(card)
    checked_html(page)
    assert len(page) < 600_000 and "\u202e" not in page and "\x00" not in page
    data = pdf_bytes(card)
    document = pypdfium2.PdfDocument(data)
    assert len(document) < 25 and document.get_metadata_value("Title") == shown(names[0], 240)
    document.close()
    words = words_of_pdf(data)
    for name in names:
        if name.isascii() and len(name) < 100:
            assert shown(name) in words
    if number == 2:
        assert "猫のクラス" in words


def test_letters_of_other_scripts_are_in_the_pdf_and_missing_ones_are_owned_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.trust.card.fonts._folders", list)
    words = "Ελληνικά Привет 中文 カタカナ Հայերեն ქართული"
    card = Card("Scripts", "", (Section("s", "Scripts", words, (Paragraph((Words("हिन्दी", "strong"),)),)),), "", "App")
    read = words_of_pdf(pdf_bytes(card))
    assert words in read and "has no font for some letters (Devanagari)" in read
    assert "no font" not in words_of_pdf(pdf_bytes(replace(card, sections=(replace(card.sections[0], parts=()),))))
    # From right to left: the letters are those of the word, whichever way a reader gives them.
    turned = words_of_pdf(pdf_bytes(replace(card, sections=(Section("s", "S", "שלום"),))))
    assert "שלום" in turned or "שלום"[::-1] in turned


def test_the_pdf_has_bookmarks_page_numbers_and_a_title(project: Project) -> None:
    card = compose(given_for(project, "classes"))
    document = pypdfium2.PdfDocument(pdf_bytes(card))
    titles = [entry.get_title() for entry in document.get_toc()]
    assert titles == [s.title for s in card.sections]
    for number, page in enumerate(document, 1):
        assert f"Page {number}" in page.get_textpage().get_text_bounded()
    assert document.get_metadata_value("Title") == "My model" and document.get_metadata_value("Subject") == "Model card"
    document.close()


def test_what_was_found_and_decided_is_told(project: Project) -> None:
    findings = (
        Finding("leak", "bad", "3 test pictures are also in the training.", "Take them out."),
        Finding("note", "info", "Only for your information.", ""),
    )
    options = {TEMPERATURE: 1.5, "decision": {"class": "cat", "threshold": 0.2, "cost": 5.0, "sure_from": 0.6}}
    reasons = (
        Reason(
            "a.png",
            "cat (90%)",
            True,
            "Grad-CAM",
            None,
            (Words("fur", tone="good", strength=0.8),),
            True,
            "Likeness 3%.",
        ),
        Reason("b.png", "dog (80%)", False, "Grad-CAM", None, (Words("tail", tone="bad"),), False, "Likeness 90%."),
    )
    given = given_for(
        project, "classes", findings=findings, reasons=reasons, alike=4, unlike="It warns in 2 % of cases."
    )
    words = checked_html(render(compose(replace(given, model=replace(MODEL, options=options)))))
    assert "3 test pictures are also in the training." in words and "Only for your information" not in words
    assert (
        "temperature 1.50" in words and "a missed one costs 5 times as much" in words and "less than 60% sure" in words
    )
    assert (
        "1 of 2 change as they should" in words
        and "must not be relied on" in words
        and "It warns in 2 % of cases." in words
    )
    assert "4 pictures are nearly the same" in words and "Fewer than 10 tested examples of: “cat”" in words
    assert "“Starter”" in words and "Photos only." in words and "wheel: some_package" in words


def test_licences_are_joined_by_the_strictest() -> None:
    free, unknown = MODEL, replace(MODEL, licence="")
    private, research = replace(MODEL, licence="CC-BY-NC-SA-4.0"), replace(MODEL, licence="NVIDIA-SegFormer")
    assert "for everything, business too" in passing_on([free]) and "not stated" in passing_on([free])
    assert "not for business" in passing_on([free, private], "CC0") and "same licence" in passing_on([free, private])
    assert "research and study only" in passing_on([private, research])
    assert "not clear" in passing_on([free, unknown]) and "see there" in passing_on([free], "CC0")


def test_a_model_of_which_only_its_card_is_known(project: Project) -> None:
    metrics = {"n": 40, "score": 0.9, "low": 0.77, "high": 0.96, "metric": "accuracy", "split": "test", "baseline": 0.5}
    card = compose(Given(model=replace(MODEL, metrics=metrics), nouns="pictures", noun="picture"))
    words = checked_html(render(card))
    assert "90.0%" in words and "right on 90% (about 9 of 10) of 40 pictures" in words and "77% to 96%" in words
    assert "40 of your own pictures" in words and card.section("metrics") is None
    untested = checked_html(render(compose(Given(model=MODEL))))
    assert "was not measured" in untested


def test_the_settings_name_no_place_of_this_computer(project: Project) -> None:
    given = given_for(project, "classes")
    assert given.run is not None
    config = {**given.run.config, "options": {"file": "/home/ann/secret"}, "other": "C:\\Users\\ann", "epochs": 3}
    page = render(compose(replace(given, run=replace(given.run, config=config))))
    assert "ann" not in checked_html(page).split() and "/home/" not in page and "secret" not in page
    assert "epochs" in page and str(project.folder) not in page


def test_a_large_test_makes_no_large_card(tmp_path: Path) -> None:
    """6,000 items, 150 classes: the card holds a few."""
    names = tuple(f"class {n}" for n in range(150))
    with Project.create(tmp_path / "p", "Large", "image-classification") as project:
        predictions = [
            Answered(
                Item(n, "picture", f"{n}.png"),
                ItemPrediction(n, Split.TEST, names[n % 150], names[n * 7 % 150], (0.5,) * 150),
            )
            for n in range(6_000)
        ]
        judgement: Judgement = judge("classes", names, predictions)
        card = compose(Given(model=replace(MODEL, label_names=names), project=project, judgement=judgement))
        assert len(render(card)) < 400_000 and len(pdf_bytes(card)) < 1_000_000
        tables = [p for s in card.sections for p in s.all_parts() if isinstance(p, Table)]
        assert max(len(t.rows) for t in tables) <= 60 and "of 150" in render(card)


def test_stopping_takes_no_longer_than_a_part(project: Project) -> None:
    control = Control()
    card = compose(given_for(project, "classes"))
    control.cancel()
    for write in (render, pdf_bytes):
        with pytest.raises(Cancelled):
            write(card, control)
    with pytest.raises(Cancelled):
        compose(given_for(project, "classes"), control)


def test_a_kept_card_from_elsewhere_is_checked(project: Project) -> None:
    record = json.loads(json.dumps(card_to_record(compose(given_for(project, "classes")))))
    assert from_record(record).title == "My model"
    for bad in (
        None, [], {"version": 9}, {**record, "title": 5}, {**record, "title": "x" * 50_000}, {**record, "sections": [{}]},
        {**record, "sections": record["sections"] * 20},
    ):  # fmt: skip
        with pytest.raises(UserError, match="cannot be read"):
            from_record(bad)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    import base64

    for data in (b"no picture", bomb.getvalue()):
        picture = {"kind": "picture", "data": base64.b64encode(data).decode(), "alt": "", "caption": "", "width": 1}
        sections = [{"id": "a", "title": "A", "sentence": "", "parts": [picture], "expert": []}]
        with pytest.raises(UserError):
            from_record({**record, "sections": sections})


@settings(max_examples=60, deadline=None)
@drawn(st.text(max_size=300), st.integers(5, 200))
def test_shown_words_are_short_whole_and_plain(text: str, longest: int) -> None:
    found = shown(text, longest)
    assert len(found) <= longest and found == shown(found, longest) and isinstance(found.encode(), bytes)
    assert not set(found) & set("\n\r\t\x00\u202e\u2066\u200b")


def test_many_classes_become_their_most_frequent_pairs() -> None:
    names = [f"c{n}" for n in range(30)]
    counts = [[50 if a == b else (a == 3 and b == 4) * 9 for b in range(30)] for a in range(30)]
    (part,) = matrix("Is ↓ called →", names, counts)
    assert isinstance(part, Table) and part.rows == (("c3", "c4", "9 (15%)"),)
    (small,) = matrix("Is ↓ called →", names[:3], [row[:3] for row in counts[:3]])
    assert isinstance(small, Table) and small.rows[0] == ("c0", "50", "", "") and small.shades[0][1] == 1.0


def test_what_the_training_cost_is_told_where_it_was_measured(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = ModuleType("workbench.trust.report_cost")
    module.__spec__ = ModuleSpec(module.__name__, None)
    module.HEADINGS = ("", "Expected", "Took", "Off by")
    module.sentences = lambda run: ["It took 3 minutes.", "Measured by the clock."] if run.id == "r" else []
    module.table = lambda _run: [("minutes", "2", "3", "50 %")]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    given = given_for(project, "classes")
    card = compose(given)
    assert [s.id for s in card.sections][-2:] == ["cost", "reproduction"]
    words = checked_html(render(card))
    assert "It took 3 minutes." in words and "Off by" in words and "50 %" in words
    assert given.run is not None
    other = compose(replace(given, run=replace(given.run, id="before this was kept")))
    assert other.section("cost") is None


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_test_on_is_said(project: Project, kind: str) -> None:
    given = given_for(project, "classes")
    empty = judge(kind, ("cat", "dog"), [])
    words = checked_html(render(compose(replace(given, judgement=empty, by_groups=()))))
    assert "was not measured" in words and "do not rely on it before you have tested it" in words


def test_items_and_marks_are_counted_by_class_and_split(project: Project) -> None:
    cat, dog = (c.id for name in ("cat", "dog") if (c := project.class_by_name(name)) is not None)
    assert project.class_tally() == {cat: {Split.TRAIN: 4}, dog: {Split.TEST: 5}}
    first, second, third = project.item_ids()[:3]
    project.mark_broken({first: "gone"})
    project.remove_items([second])
    project.add_annotations(
        {third: [Annotation(BoxShape(1, 1, 5, 5), cat), Annotation(BoxShape(1, 1, 9, 9), cat, source="model")]}
    )
    assert project.class_tally() == {cat: {Split.TRAIN: 3, Split.TEST: 1}, dog: {Split.TEST: 4}}
