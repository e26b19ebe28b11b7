"""Teaching models that read one text and write another, by pairs: T5, BART, Marian and NLLB in small, from the loopback hub."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path[:0] = [
    str(Path(__file__).resolve().parent.parent),
    str(Path(__file__).resolve().parent.parent / "catalog"),
]
from hub_server import Hub, serving  # noqa: E402
from small_copies import served  # noqa: E402

from workbench.catalog.card import ModelCard  # noqa: E402
from workbench.catalog.catalog import Catalog  # noqa: E402
from workbench.control import Control  # noqa: E402
from workbench.data.annotations import Annotation  # noqa: E402
from workbench.data.importers import ColumnChoice, sniff  # noqa: E402
from workbench.data.shapes import Whole  # noqa: E402
from workbench.data.types import Item, Split  # noqa: E402
from workbench.engine.evaluate import evaluate  # noqa: E402
from workbench.engine.events import EpochDone, Finished, How  # noqa: E402
from workbench.engine.fit import fit, new_config  # noqa: E402
from workbench.engine.journey import project_from_plan  # noqa: E402
from workbench.engine.pool import shared_pool  # noqa: E402
from workbench.errors import UserError  # noqa: E402
from workbench.hub.store import download, files  # noqa: E402
from workbench.runtimes.base import Writing  # noqa: E402
from workbench.runtimes.registry import open_model  # noqa: E402
from workbench.tasks.changing_lesson import ChangingLesson  # noqa: E402
from workbench.tasks.lesson import Example, Material  # noqa: E402
from workbench.trust.overlap_judgement import OverlapJudgement  # noqa: E402


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


def fetched(name: str, hub: Hub, folder: Path, catalog: Catalog) -> ModelCard:
    card = catalog.get(name)
    download(served(card, hub, folder / name))
    return card


def pairs(folder: Path) -> Path:
    lines = ["text,translation"]
    for number in range(40):
        day = ("monday", "tuesday", "sunday")[number % 3]
        lines.append(f"on {day} we bake {number} loaves,{'gut' if day == 'sunday' else 'brot'}")
    file = folder / "pairs.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "task", "how", "rate"),
    [
        ("t5-small", "summarisation", How.THOROUGH, 1e-2),
        ("bart-base", "summarisation", How.BALANCED, 5e-2),
    ],
)
def test_pairs_are_learnt(
    name: str, task: str, how: How, rate: float, hub: Hub, tmp_path: Path, catalog: Catalog
) -> None:
    card = fetched(name, hub, tmp_path, catalog)
    plan = sniff([pairs(tmp_path)])
    plan.choose(ColumnChoice("text", "", False, "translation"))
    project, _ = project_from_plan(plan, task_id=task)
    with project:
        config = new_config(project, card, how, epochs=5 if how is How.THOROUGH else 2, learning_rate=rate, patience=9)
        events = list(fit(config, project, catalog))
        finished = events[-1]
        assert isinstance(finished, Finished)
        epochs = [e for e in events if isinstance(e, EpochDone)]
        judged = evaluate(project, finished.run_id, Split.TEST, catalog)
        assert isinstance(judged, OverlapJudgement) and judged.n >= 4 and judged.before
        numbers = judged.headline()
        print(name, {k: round(v, 3) for k, v in numbers.items() if isinstance(v, float)})
        assert epochs[-1].validation_loss < epochs[0].validation_loss
        assert numbers["perplexity"] < numbers["perplexity_before"]
        if how is How.THOROUGH:
            assert judged.scores[-1].value > judged.before[-1].value + 10
        assert "signature" in str(judged.to_json()) and "Before it was taught" in judged.sentence()
        own = catalog.get(finished.model_id)
        assert own.runtime == "transformers_writer" and own.arch == "AutoModelForSeq2SeqLM"
        case = judged.cases[0]
        with shared_pool().use(own, "cpu") as model:
            asked = [{"role": "user", "content": case.given}]
            again = "".join(model.write(asked, Writing(max_tokens=2 * len(case.wanted) + 22), Control())).strip()  # type: ignore[attr-defined]
        assert again[: len(case.written)] == case.written


@pytest.mark.parametrize("name", ["t5-small", "bart-large-cnn", "opus-mt-en-de", "nllb-600m"])
def test_the_loss_is_transformers_own_and_the_decoder_begins_as_at_use(
    name: str, hub: Hub, tmp_path: Path, catalog: Catalog
) -> None:
    card = fetched(name, hub, tmp_path, catalog)
    model: Any = open_model(card, files(card))
    options = {"source": "eng_Latn", "target": "deu_Latn"} if "nllb" in name else {}
    if "nllb" in name:
        with pytest.raises(UserError, match="language"):
            ChangingLesson(_material(model, {}))
    lesson = ChangingLesson(_material(model, options))
    examples = [("on monday", "am montag"), ("a somewhat longer text than that", "lang"), ("short", "ein langer text")]
    prepared = [lesson.prepare(_example(n, a, b)) for n, (a, b) in enumerate(examples)]
    first = model.first_tokens(Writing(target=options.get("target", "")))
    said = lesson.check(prepared)
    for sample, loss in zip(prepared, said.losses, strict=True):
        assert (
            sample["begins"][: len(first)] == first and sample["labels"][-1] == model.net.generation_config.eos_token_id
        )
        assert [i for i in sample["labels"] if i != -100][:-1] == sample["begins"][len(first) :]
        with torch.inference_mode():
            wanted = model.net(
                input_ids=torch.tensor([sample["ids"]]),
                decoder_input_ids=torch.tensor([sample["begins"]]),
                labels=torch.tensor([sample["labels"]]),
            ).loss
        assert loss == pytest.approx(float(wanted), rel=1e-4)
    if "nllb" in name:
        assert first[-1] == model.tokenizer.convert_tokens_to_ids("deu_Latn")
        # The taught model keeps to its languages: nobody has to choose them again.
        taught = lesson.result().card
        assert taught.options["target"] == "deu_Latn" and "languages" not in taught.options
        assert list(model.write([{"role": "user", "content": "Hello"}], Writing(max_tokens=3), Control())) is not None


def test_texts_longer_than_the_model_reads_are_counted(hub: Hub, tmp_path: Path, catalog: Catalog) -> None:
    card = fetched("t5-small", hub, tmp_path, catalog)
    model = open_model(card, files(card))
    long = _example(1, "word " * 400, "w")
    lesson = ChangingLesson(_material(model, {}, (long, _example(2, "short", "s"))))
    assert lesson.notes() == ["1 of your texts is longer than the model reads at once: it learns from the beginning."]
    with pytest.raises(UserError, match="no right answer"):
        lesson.prepare(_example(3, "text", " "))


def _material(model: Any, options: dict[str, Any], train: tuple[Example, ...] = ()) -> Material:
    return Material(model, (), How.THOROUGH, "cpu", Control(), train, Path("unused"), options=options)


def _example(number: int, given: str, wanted: str) -> Example:
    item = Item(number, "text", str(number), text=given, marked=True, split=Split.TEST)
    return Example(item, annotations=(Annotation(Whole(), None, text=wanted),), classes=(-1,))
