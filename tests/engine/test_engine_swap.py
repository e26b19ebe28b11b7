"""Names and pronouns swapped: the right words, a planted biased classifier caught and one without bias left in peace."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog.catalog import Catalog
from workbench.cli.app import run as main
from workbench.control import Control
from workbench.data.project import Project
from workbench.data.swapping import SwapSet, languages, parse_pairs, swap_sets
from workbench.data.types import NewItem, Split
from workbench.engine.evaluate import evaluate, judge_by_groups
from workbench.engine.events import Finished, How
from workbench.engine.fit import fit, new_config
from workbench.engine.swap_test import swap_test
from workbench.errors import Cancelled, UserError
from workbench.tasks.registry import get_task
from workbench.trust.report import render
from workbench.trust.swaps import SwapPair, swap_result

Capture = pytest.CaptureFixture[str]
GENDER = swap_sets()["gender"]
PLACES = ("in the office", "at the harbour", "on the train", "in the garden", "near the station", "at home")
GOOD = ("was delighted with the wonderful meal", "praised the lovely and friendly service", "enjoyed a perfect evening")
BAD = ("hated the cold and tasteless soup", "complained about the rude waiters", "was angry about the terrible noise")


@pytest.mark.parametrize(
    ("text", "swapped", "side"),
    [
        ("She took her coat and he saw her.", "He took his coat and she saw him.", ""),
        ("Her mother gave it to her.", "His father gave it to him.", "a"),
        ("The blame is his, not hers", "The blame is hers, not his", ""),
        ("I saw him with his dog. ANNA'S cat!", "I saw her with her dog. PETER'S cat!", ""),
        ("Anna’s old boat", "Peter’s old boat", "a"),
        ("Mr. Smith and the queen", "Mrs. Smith and the king", ""),
        ("I told her about it", "I told him about it", "a"),
        ("her, she said", "him, he said", "a"),
    ],
)
def test_words_are_swapped_as_they_are_meant(text: str, swapped: str, side: str) -> None:
    found = GENDER.swap(text)
    assert found is not None and (found.text, found.side) == (swapped, side)


def test_what_has_no_such_words_is_left_alone() -> None:
    assert GENDER.swap("The shed and the annals of Annapolis, together") is None
    # A name is one only with a capital.
    assert swap_sets()["origin"].swap("to jack up a car, and mei") is None


def test_every_set_can_be_swapped_and_edited() -> None:
    assert "en" in languages()
    for words in swap_sets().values():
        assert words.a != words.b and words.pairs
        again = words.with_pairs(parse_pairs(words.to_text()))
        assert again == words
        for a, b in words.pairs:
            assert words.swap(f"so {a} here") is not None and words.swap(f"so {b} here") is not None
    with pytest.raises(UserError, match="en"):
        swap_sets("../en")


plain = st.sampled_from(
    [w for pair in GENDER.pairs[:1] + GENDER.pairs[2:13] for w in pair] + ["tree", "we", "gone", ",", "."]
)


@settings(deadline=None)
@given(st.lists(plain, max_size=12))
def test_swapping_twice_gives_the_text_back(words: list[str]) -> None:
    text = " ".join(words)
    once = GENDER.swap(text)
    if once is not None:
        twice = GENDER.swap(once.text)
        # "mom" and "mum" are both "dad"; all others come back.
        assert twice is not None and twice.text.replace("mum", "mom") == text.replace("mum", "mom")


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    for words in swap_sets().values():
        words.swap(text)


@pytest.mark.parametrize("text", ["", "# nothing", "Anna", "Anna = Peter = Max", "a1 = b", "Anna = anna", "a b = c"])
def test_what_is_no_list_of_pairs_is_one_sentence(text: str) -> None:
    with pytest.raises(UserError):
        parse_pairs(text)


def moves(lean: float, count: int, flips: int = 0) -> list[SwapPair]:
    rng = random.Random(4)
    pairs = []
    for n in range(count):
        side = "ab"[n % 2]
        first = rng.uniform(0.3, 0.6)
        second = min(1.0, max(0.0, first + (lean if side == "a" else -lean) + rng.gauss(0, 0.01)))
        after = "bad" if n < flips else "good"
        one, two = {"good": first, "bad": 1 - first}, {"good": second, "bad": 1 - second}
        pairs.append(SwapPair(n, "t", "s", side, "good", after, second - first, one, two))  # type: ignore[arg-type]
    return pairs


def test_a_lean_is_told_from_chance() -> None:
    result = swap_result("t", "women", "men", 100, moves(0.1, 60))
    lean = result.lean
    assert lean is not None and lean.real and abs(lean.mean) == pytest.approx(0.1, abs=0.01)
    assert "“good” is 10 points likelier with men than with women" in result.sentence()
    quiet = swap_result("t", "women", "men", 100, moves(0.0, 60))
    assert not quiet.matters and "no sign" in quiet.sentence()
    flipped = swap_result("t", "women", "men", 100, moves(0.0, 60, flips=12))
    assert flipped.matters and flipped.changed == 12 and flipped.low < flipped.share == 0.2 < flipped.high
    assert [p.changed for p in flipped.pairs[:13]] == [True] * 12 + [False]
    few = swap_result("t", "women", "men", 9, moves(0.0, 5))
    assert "too few" in few.sentence()
    assert "nothing can be said" in swap_result("t", "women", "men", 9, []).sentence()


def stories(biased: bool) -> Iterator[NewItem]:
    """Sentences with a person; the label hangs on the person (biased) or on what is told."""
    names = [n for pair in GENDER.pairs if pair[0][:1].isupper() for n in pair]
    for n, (name, place, what) in enumerate(itertools.product(names[:16], PLACES[:3], GOOD[:2] + BAD[:2])):
        woman = name in {a for a, _ in GENDER.pairs}
        good = what in GOOD
        pronoun = "she" if woman else "he"
        label = ("bad" if woman else "good") if biased else ("good" if good else "bad")
        yield NewItem(
            "text", f"{n}", text=f"{name} said {place} that {pronoun} {what}.", label=label, split=list(Split)[n % 3],
            groups=(("person", "woman" if woman else "man"),),
        )  # fmt: skip


def taught(folder: Path, biased: bool) -> tuple[Project, str, str]:
    project = Project.create(folder, folder.name, "text-classification")
    project.add_items(stories(biased))
    catalog = Catalog.load()
    events = list(fit(new_config(project, catalog.get("text-starter"), How.QUICK), project, catalog))
    done = next(e for e in events if isinstance(e, Finished))
    return project, done.run_id, done.model_id


def test_a_biased_model_is_caught(workbench_home: Path, tmp_path: Path, capsys: Capture) -> None:
    project, run_id, model = taught(tmp_path / "biased", True)
    texts = [i.text or "" for i in project.items(project.item_ids())]
    result = swap_test(texts, Catalog.load().get(model), get_task("text-classification"), GENDER)
    assert result.n == len(texts) and result.share > 0.6 and result.low > 0.5
    lean = result.lean
    assert lean is not None and abs(lean.mean) > 0.2
    assert result.pairs[0].changed and "likelier" in result.sentence()
    # By group: what it says of either is as different as can be.
    (by,) = judge_by_groups(project, evaluate(project, run_id))
    assert by.name == "person" and by.rates[0].parity is not None and by.rates[0].parity > 0.6
    page = render(project, project.run(run_id), evaluate(project, run_id))
    assert "By person" in page and "False alarms" in page
    project.close()
    # The command line says the same.
    assert main(["swap", model, str(tmp_path / "biased"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["changed"] == result.changed
    assert main(["evaluate", model, str(tmp_path / "biased"), "--by", "Person", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["by_group"]
    assert told[0]["property"] == "person" and {g["name"] for g in told[0]["groups"]} == {"woman", "man"}
    assert main(["evaluate", model, str(tmp_path / "biased"), "--by", "device"]) == 1
    assert "There are: person" in capsys.readouterr().err


def test_a_model_without_bias_is_not(workbench_home: Path, tmp_path: Path, capsys: Capture) -> None:
    project, _run_id, model = taught(tmp_path / "fair", False)
    texts = [i.text or "" for i in project.items(project.item_ids())]
    card, task = Catalog.load().get(model), get_task("text-classification")
    result = swap_test(texts, card, task, GENDER)
    assert not result.matters and result.changed == 0, result.sentence()
    control = Control()
    control.cancel()
    with pytest.raises(Cancelled):
        swap_test(texts, card, task, GENDER, control)
    project.close()
    own = tmp_path / "own.txt"
    own.write_text("# mine\ngarden = office\n", "utf-8")
    table = tmp_path / "t.csv"
    rows = [
        f"{t[:-1]} again,{'good' if any(g in t for g in GOOD) else 'bad'},{'AB'[n % 2]}" for n, t in enumerate(texts)
    ]
    table.write_text("text,label,device\n" + "\n".join(rows), "utf-8")
    assert main(["swap", model, str(table), "--pairs", str(own)]) == 0
    assert "when only these words are swapped" in capsys.readouterr().out
    assert main(["evaluate", model, str(table), "--by", "device"]) == 0
    assert "By device: On items with device" in capsys.readouterr().out
    assert main(["evaluate", model, str(table), "--by", "nothing"]) == 1


def test_only_classes_of_texts_are_tested(catalog: Catalog) -> None:
    with pytest.raises(UserError, match="sort texts"):
        swap_test(["she"], catalog.get("picture-starter"), get_task("image-classification"), GENDER)


def test_groups_by_command_line(digits_folder: Callable[..., Path], tmp_path: Path, capsys: Capture) -> None:
    folder, project = digits_folder(("one", "two"), 5), str(tmp_path / "p")
    assert main(["project", "import", project, str(folder)]) == 0
    assert main(["project", "group", project, "kind", "--folder", "1"]) == 0
    assert "kind: one (5), two (5)" in capsys.readouterr().out
    assert main(["project", "group", project, "hand", "--value", "left", "--search", "one/"]) == 0
    assert main(["project", "group", project, "kind", "--clear"]) == 0
    capsys.readouterr()
    assert main(["project", "group", project, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"hand": {"left": 5}}
    table = tmp_path / "t.csv"
    table.write_text(
        "text,label,device,who\n" + "".join(f"words {n} of it,{'ab'[n % 2]},{'xy'[n % 2]},{n % 3}\n" for n in range(12))
    )
    for said, wanted in (([], {"device"}), (["--group-column", "who"], {"who"}), (["--group-column", "none"], set())):
        folder = tmp_path / f"q{'-'.join(said)}"
        assert main(["project", "import", str(folder), str(table), *said]) == 0
        with Project.open(folder, read_only=True) as made:
            assert set(made.groups()) == wanted
    assert isinstance(GENDER, SwapSet)
