"""Writing down speech, taught from recordings and their words: a small network that knows nothing learns five words from
made-up voices (and from espeak-ng's, where that program is), and says them of voices it has not heard."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile
import torch

from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.annotations import Annotation
from workbench.data.project import Project
from workbench.data.shapes import Whole
from workbench.data.types import Item, ItemPrediction, Split
from workbench.engine.evaluate import evaluate
from workbench.engine.events import EpochDone, Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.predict import predict
from workbench.errors import UserError
from workbench.runtimes.ctc_spelling import Spelling, to_be_learnt
from workbench.runtimes.registry import open_model
from workbench.tasks import ctc_lesson
from workbench.tasks.ctc_lesson import CtcLesson, varied
from workbench.tasks.lesson import Example, Material
from workbench.tasks.predictions import Span, Text, to_record
from workbench.tasks.registry import get_task
from workbench.trust.judge_words import WordsJudgement
from workbench.trust.judging import Answered, judge

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from speech_models import own_listener, small_transcriber
from voices import RATE, saved, say

WORDS = ("yes", "no", "stop", "six", "five")


def table(folder: Path, rows: list[tuple[str, str]]) -> Path:
    file = folder / "clips.tsv"
    file.write_text("file\ttranscript\n" + "".join(f"{a}\t{b}\n" for a, b in rows), encoding="utf-8")
    return file


def formants(folder: Path, count: int) -> Path:
    rng = random.Random(0)
    rows = []
    for number in range(count):
        word = rng.choice(WORDS)
        saved(folder / f"{number}.wav", say(word, number))
        rows.append((f"{number}.wav", word))
    return table(folder, rows)


def espeak(folder: Path, count: int) -> Path:
    rng = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        word, voice = rng.choice(WORDS), rng.choice(["m1", "m3", "m5", "f1", "f2", "f4", "croak"])
        how = ["-v", f"en-us+{voice}", "-s", str(rng.randint(120, 190)), "-p", str(rng.randint(25, 75))]
        subprocess.run(["espeak-ng", *how, "-w", str(folder / f"{number}.wav"), word], check=True)
        rows.append((f"{number}.wav", word.capitalize() + "."))
    return table(folder, rows)


@pytest.mark.parametrize(("voices", "rounds", "most_wrong"), [(formants, 15, 0.6), (espeak, 4, 1.0)])
def test_a_network_that_knows_nothing_learns_words(
    voices: Callable[[Path, int], Path],
    rounds: int,
    most_wrong: float,
    make_project: Callable[[Path], Project],
    catalog: Catalog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if voices is espeak and not shutil.which("espeak-ng"):
        pytest.skip("espeak-ng is not installed here; the made-up voices are taught all the same")
    # Random layers must move further than taught ones.
    monkeypatch.setitem(ctc_lesson._BODY_RATE, How.THOROUGH, 5e-4)
    project = make_project(voices(tmp_path / "clips", 80))
    assert project.task_id == "speech-recognition" and project.counts().labelled == 80
    base = own_listener(catalog, tmp_path)
    config = new_config(project, base, How.THOROUGH, epochs=rounds, learning_rate=0.008, batch_size=4, patience=rounds)
    events = list(fit(config, project, catalog))
    finished = events[-1]
    assert isinstance(finished, Finished)
    epochs = [e for e in events if isinstance(e, EpochDone) and e.epoch > 0]  # 0: what it could do before
    print(f"loss {epochs[0].train_loss:.1f} to {epochs[-1].train_loss:.2f}, {finished.metrics['words']}")
    assert epochs[-1].train_loss < epochs[0].train_loss / 5 and {e.metric for e in epochs} == {"words right"}
    # espeak-ng's voices are harder: in so few rounds only the loss falls.
    assert finished.metrics["word_error_rate"] <= most_wrong
    # Opened again from its folder it says the same, and knows words of voices it never heard.
    own = catalog.get(finished.model_id)
    assert own.runtime == "transformers_sound" and own.trainable_for == ("speech-recognition",)
    judged = evaluate(project, finished.run_id, Split.TEST, catalog)
    assert isinstance(judged, WordsJudgement) and judged.headline()["score"] == finished.metrics["score"]
    items = project.split_items(Split.TEST)
    said = {c.item_id: c.said for c in judged.cases}
    for result in predict([i.sample() for i in items], own, get_task(project.task_id)):
        assert isinstance(result.prediction, Text)
        assert result.prediction.text == said[items[result.index].id]
    # It can be taught further.
    again = list(fit(new_config(project, own, How.QUICK, epochs=2), project, catalog))
    first = next(e for e in again if isinstance(e, EpochDone) and e.epoch > 0)
    assert first.train_loss < epochs[0].train_loss / 3


@pytest.fixture
def material(tmp_path: Path) -> Callable[..., Material]:
    """`material([("zero one", "words"), …], How.QUICK)`: clips with what is written for them."""

    def make(clips: list[tuple[str, str]], how: How = How.QUICK, **more: Any) -> Material:
        examples = []
        for number, (spoken, words) in enumerate(clips):
            sample = saved(tmp_path / f"{number}.wav", say(spoken, number))
            item = Item(
                number, "sound", sample.name, path=sample.path, content_hash=f"{number:x}" * 8, marked=True,
                seconds=soundfile.info(sample.path).duration,
            )  # fmt: skip
            examples.append(Example(item, -1, (Annotation(Whole(), text=words),), (-1,)))
        model = small_transcriber(tmp_path / "parts", **more)
        return Material(model, (), how, "cpu", Control(), tuple(examples), tmp_path / "features")

    return make


CLIPS = [("yes", "Yes."), ("no stop", "no stop"), ("six five seven", "six, five seven"), ("go", "")]


@pytest.mark.parametrize("how", list(How))
def test_the_loss_is_transformers_own(material: Callable[..., Material], how: How) -> None:
    made = material(CLIPS, how)
    lesson = CtcLesson(made)
    net = lesson.module
    net.config.ctc_loss_reduction = "sum"
    prepared = [lesson.prepare(e) for e in made.train]
    losses = lesson.check(prepared).losses
    for sample, loss in zip(prepared[:3], losses, strict=False):
        inputs = made.model.inputs([sample["wave"]])  # type: ignore[attr-defined]
        wanted = net(**inputs, labels=torch.tensor([sample["tokens"]])).loss
        # What Quick learns from is kept in half precision.
        assert loss == pytest.approx(
            float(wanted.detach()) / len(sample["tokens"]), rel=2e-3 if how is How.QUICK else 1e-5
        )
    assert losses[3] > 0  # nothing is said: all of it should be blanks
    net.eval()
    step = float(lesson.step(prepared).loss.detach())
    # Filled up to the longest, a clip is heard a little otherwise: this kind of network knows no mask.
    assert step == pytest.approx(sum(losses) / 4, rel=0.1)


def test_quick_hears_each_clip_once(material: Callable[..., Material], monkeypatch: pytest.MonkeyPatch) -> None:
    made = material(CLIPS)
    lesson = CtcLesson(made)
    heard = 0
    real = made.model.body.forward  # type: ignore[attr-defined]

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal heard
        heard += 1
        return real(*args, **more)

    monkeypatch.setattr(made.model.body, "forward", counted)  # type: ignore[attr-defined]
    head = [p.detach().clone() for p in lesson.stages()[0]]
    assert len(lesson.stages()) == 1
    optimiser = torch.optim.AdamW(lesson.stages()[0], lr=0.05)
    losses = []
    for _ in range(15):
        lesson.training_mode()
        step = lesson.step([lesson.prepare(e, 1) for e in made.train])
        optimiser.zero_grad()
        step.loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        losses.append(float(step.loss.detach()))
    assert heard == len(CLIPS) and losses[-1] < losses[0] / 3
    assert not torch.equal(head[0], lesson.stages()[0][0])
    # Another lesson on the same network finds what was kept; on another network it does not.
    CtcLesson(made).step([CtcLesson(made).prepare(made.train[0])])
    assert heard == len(CLIPS)
    other = material(CLIPS, seed=1)
    assert "wave" in CtcLesson(other).prepare(other.train[0])


def test_balanced_leaves_the_lower_part_alone(material: Callable[..., Material]) -> None:
    made = material(CLIPS, How.BALANCED, layers=3)
    lesson = CtcLesson(made)
    body = made.model.body  # type: ignore[attr-defined]
    taught = {id(p) for stage in lesson.stages() for p in stage}
    assert all(id(p) in taught for p in body.encoder.layers[2].parameters())
    assert not any(id(p) in taught for p in body.encoder.layers[0].parameters())
    whole = CtcLesson(material(CLIPS, How.THOROUGH))
    everything = {id(p) for stage in whole.stages() for p in stage}
    network = whole.module
    fixed = {id(p) for p in network.wav2vec2.feature_extractor.parameters()}  # type: ignore[union-attr]
    assert everything | fixed == {id(p) for p in network.parameters()} and not everything & fixed
    assert sum(len(s) for s in whole.stages()) == len(everything)


def test_letters_it_does_not_know_are_added_and_said(material: Callable[..., Material], tmp_path: Path) -> None:
    clips = [("yes", "Straße schön"), ("no", "größe Öl § café"), ("six", "süß, böse"), ("go", "grün 5")]
    made = material(clips)
    lesson = CtcLesson(made)
    model: Any = made.model
    assert lesson.learnt_letters == ["Ö"] and model.net.lm_head.out_features == 32 + 1
    assert "Ö" in " ".join(lesson.notes()) and "§" in " ".join(lesson.notes())
    spelling = Spelling.of(model.letters)
    assert spelling.case == "upper"
    # What is too rare to be learnt is written without its accent; what has no letter at all is left out.
    assert "".join(model.letters.texts[t] or "_" for t in spelling.tokens("größe Öl § café")) == "GRÖSSE_ÖL_CAFE"
    assert model.spell(tuple(spelling.tokens("schön"))) == "SCHÖN"
    # From a folder it comes back with its letters.
    from dataclasses import replace

    from workbench.catalog.card import Source
    from workbench.hub.store import ModelFiles
    from workbench.runtimes.folder import save_folder

    folder = tmp_path / "own"
    card = replace(lesson.result().card, id="own", source=Source("folder", str(folder)))
    save_folder(lesson.result(), card, folder)
    opened: Any = open_model(card, ModelFiles(folder))
    assert opened.letters == model.letters
    wave = say("yes", 1)
    np.testing.assert_allclose(opened.shares(wave), model.shares(wave), atol=1e-5)


def test_which_letters_are_worth_learning() -> None:
    spelling = Spelling.of(small_letters())
    unknown = spelling.unknown(["aña", "EÑE ñ", "1 2", "- - - -", "É"])
    assert to_be_learnt(unknown) == ["ñ"]
    assert spelling.tokens("Ñ É") == spelling.tokens("n e")
    assert spelling.tokens("’don’t’") == spelling.tokens("'don't'") and spelling.tokens("") == []


def small_letters() -> Any:
    from workbench.runtimes.ctc import Letters

    return Letters(("", "", *"abcdefghijklmnopqrstuvwxyz'", ""), 0, 29)


def test_clips_that_cannot_be_learnt_from_are_named(material: Callable[..., Material], tmp_path: Path) -> None:
    made = material(CLIPS)
    lesson = CtcLesson(made)
    long = saved(tmp_path / "long.wav", np.zeros(RATE * 31))
    item = Item(9, "sound", "long", path=long.path, marked=True, seconds=31)
    with pytest.raises(UserError, match="longer than 30 seconds"):
        lesson.prepare(Example(item, -1, (Annotation(Whole(), text="yes"),), (-1,)))
    short = saved(tmp_path / "short.wav", say("yes", 0)[:1600])
    item = Item(10, "sound", "short", path=short.path, marked=True, seconds=0.1)
    with pytest.raises(UserError, match="too short for all its words"):
        lesson.prepare(Example(item, -1, (Annotation(Whole(), text="far too many words for it"),), (-1,)))
    with pytest.raises(UserError, match="cannot be taught to write down speech"):
        from workbench.runtimes.base import Loaded

        CtcLesson(Material(Loaded(made.model.card), (), How.QUICK, "cpu", Control(), (), tmp_path))


def test_variations_are_drawn_from_their_seed(material: Callable[..., Material]) -> None:
    wave = say("yes", 1)
    assert (varied(wave, 5) == varied(wave, 5)).all() and len(varied(wave, 5)) != len(varied(wave, 6))
    assert 0.89 * len(wave) < len(varied(wave, 5)) < 1.12 * len(wave)
    made = material(CLIPS, How.THOROUGH)
    lesson = CtcLesson(made)
    lesson.training_mode()
    one, again, other = (float(lesson.step([lesson.prepare(made.train[1], s)]).loss.detach()) for s in (3, 3, 4))
    assert one == again != other


def test_a_training_that_was_cut_off_ends_as_if_it_had_not_been(
    make_project: Callable[[Path], Project], catalog: Catalog, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    project = make_project(formants(tmp_path / "clips", 14))
    base = own_listener(catalog, tmp_path, width=32, layers=1)
    states = []
    for cut in (False, True):
        config = new_config(project, base, How.THOROUGH, epochs=2, name=f"cut {cut}", batch_size=4)
        run = fit(config, project, catalog)
        if cut:
            for event in run:
                if isinstance(event, EpochDone):
                    break
            run.close()  # type: ignore[attr-defined]
            run = fit(config, project, catalog, resume=True)
        last = list(run)[-1]
        assert isinstance(last, Finished)
        states.append(load_file(Path(catalog.get(last.model_id).source.ref) / "model.safetensors"))
    assert all(torch.equal(states[0][k], states[1][k]) for k in states[0])


# Judging ----------------------------------------------------------------------------------------------------------------


def answered(number: int, truth: str, said: str) -> Answered:
    item = Item(number, "sound", f"{number}.wav")
    spans = (Span(0, len(said), "", 1.0, 0.0, 1.0),) if said else ()
    kept = ItemPrediction(number, Split.TEST, "", "", (), to_record(Text(said, spans)))
    return Answered(item, kept, (Annotation(Whole(), text=truth),), ("",))


def test_the_judge_counts_as_jiwer_counts() -> None:
    rng = random.Random(4)
    vocabulary = ["the", "cat", "sat", "on", "a", "mat", "and", "ran"]
    answers, right, said = [], [], []
    for number in range(60):
        truth = rng.choices(vocabulary, k=rng.randint(1, 9))
        heard = [rng.choice(vocabulary) if rng.random() < 0.2 else w for w in truth if rng.random() > 0.1]
        heard += rng.choices(vocabulary, k=rng.choice([0, 0, 1]))
        right.append(" ".join(truth))
        said.append(" ".join(heard))
        answers.append(answered(number, " ".join(truth).capitalize() + ".", " ".join(heard).upper()))
    judged: Any = judge("words", [], answers)
    theirs = jiwer.process_words(right, said)
    letters = jiwer.process_characters(right, said)
    assert judged.words.rate == pytest.approx(theirs.wer) and judged.characters.rate == pytest.approx(letters.cer)
    counts = judged.words
    assert (counts.changed + counts.missing + counts.extra) == (
        theirs.substitutions + theirs.deletions + theirs.insertions
    )
    numbers = judged.headline()
    assert numbers["low"] < numbers["score"] < numbers["high"] and numbers["score"] == pytest.approx(1 - theirs.wer)
    assert judged.mistakes[0].words.errors >= judged.mistakes[-1].words.errors > 0
    assert sum(n for _, _, n in judged.confused) == counts.changed
    assert f"{counts.same} of {counts.units} words right" in judged.sentence()
    assert judged.table()[1][0][1] == f"{theirs.wer:.1%}"


def test_the_judge_is_honest_about_odd_cases() -> None:
    nothing: Any = judge("words", [], [])
    assert nothing.headline() == {"split": "test", "n": 0} and "nothing to test" in nothing.sentence()
    many: Any = judge("words", [], [answered(1, "yes", "no no no no")])
    assert many.score == 0 and many.words.rate == 4 and "Only 1" in many.sentence()
    silent: Any = judge("words", [], [answered(1, "", ""), answered(2, "", "something")])
    assert "none of these items has a word" in silent.sentence().lower()
    from workbench.trust.judging import compare

    better: Any = judge("words", [], [answered(n, "yes", "yes") for n in range(20)])
    worse: Any = judge("words", [], [answered(n, "yes", "no") for n in range(20)])
    assert "unlikely to be chance" in compare(better, worse).sentence("The new one", "the old one")


def test_a_project_says_what_is_missing(tmp_path: Path, make_project: Callable[[Path], Project]) -> None:
    task: Any = get_task("speech-recognition")
    project = make_project(formants(tmp_path / "clips", 6))
    with pytest.raises(UserError, match="only 6 recordings"):
        task.check(project)
    from workbench.data.annotations import AnnotationState

    project.set_annotations({i: AnnotationState() for i in project.item_ids()})
    with pytest.raises(UserError, match="For none of the recordings"):
        task.check(project)
    assert isinstance(task.annotations_of(Text("a b", (Span(0, 1, "", 0.4, 0, 1),)), {})[0], Annotation)
    assert task.annotations_of(Text(""), {}) == [] == task.annotations_of(Text(" "), {})
