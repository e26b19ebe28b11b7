"""BLEU and chrF against sacreBLEU's own functions, ROUGE-L against figures of Google's rouge-score 0.1.2."""

from __future__ import annotations

import pytest
import sacrebleu

from workbench.control import Control
from workbench.errors import Cancelled, UserError
from workbench.trust.text_overlap import PARTINGS, overlaps, parting_for, per_text, rouge_l

ENGLISH = (
    ["The cat sat on the mat.", "A dog runs in the park today", "Nobody knows the trouble.", "It rains, it pours!"] * 3,
    ["The cat sits on the mat.", "A dog ran through the park", "Nobody knows this trouble.", "It rains and it pours."]
    * 3,
)
CHINESE = (["我今天去商店买苹果。", "天气很好,我们去公园。"], ["今天我去商店买了苹果。", "今天天气很好,我们去公园。"])
JAPANESE = (["私は昨日本を読みました。", "猫が眠っている"], ["昨日私は本を読んだ。", "猫は眠っています"])


@pytest.mark.parametrize(
    ("texts", "parting"),
    [(ENGLISH, "13a"), (CHINESE, "zh"), (JAPANESE, "char")],
    ids=["english", "chinese", "japanese"],
)
def test_the_scores_are_those_of_sacrebleu(texts: tuple[list[str], list[str]], parting: str) -> None:
    given, right = texts
    assert parting_for(right) == parting
    bleu, chrf = overlaps(("bleu", "chrf"), given, right)
    assert bleu.value == pytest.approx(sacrebleu.corpus_bleu(given, [right], tokenize=parting).score, abs=1e-9)
    assert chrf.value == pytest.approx(sacrebleu.corpus_chrf(given, [right]).score, abs=1e-9)
    assert f"tok:{parting}" in bleu.signature and f"version:{sacrebleu.__version__}" in bleu.signature
    judge = sacrebleu.metrics.BLEU(tokenize=parting).corpus_score(given, [right], n_bootstrap=1000)
    assert bleu.low == pytest.approx(max(0.0, judge._mean - judge._ci))
    assert bleu.high == pytest.approx(judge._mean + judge._ci) and bleu.low <= bleu.value <= bleu.high
    one, letters = overlaps(("bleu", "chrf"), given[:1], right[:1])
    wanted = sacrebleu.sentence_bleu(given[0], [right[0]], tokenize=parting).score
    assert one.value == pytest.approx(wanted, abs=1e-9) and one.low is None
    assert letters.value == pytest.approx(sacrebleu.sentence_chrf(given[0], [right[0]]).score, abs=1e-9)
    assert per_text("bleu", given[0], right[0], parting) == pytest.approx(wanted / 100)


@pytest.mark.parametrize("parting", [p for p, _words in PARTINGS if p])
def test_the_person_decides_how_words_are_parted(parting: str) -> None:
    given, right = CHINESE
    found = overlaps(("bleu",), given, right, parting)[0]
    assert found.value == pytest.approx(sacrebleu.corpus_bleu(given, [right], tokenize=parting).score, abs=1e-9)
    lower = overlaps(("bleu", "chrf"), ["THE CAT sat on the mat"], ["the cat sat on the mat"], ignore_case=True)
    assert [round(o.value, 6) for o in lower] == [100, 100] and all("case:lc" in o.signature for o in lower)


def test_the_longest_row_of_words_in_order() -> None:
    best = "It was the best of times, it was the worst of times, it was the age of wisdom"
    for given, right, wanted in (
        ("The cat sat on the mat.", "The cat sits on the mat.", 0.8333333333333334),
        ("A dog runs in the park today", "A dog ran through the park", 0.6153846153846153),
        (best, "it was the age of foolishness; it was the best of 12 times", 0.5806451612903226),
        ("!?", "words", 0.0),
        ("", "words", 0.0),
    ):
        assert rouge_l(given, right) == pytest.approx(wanted)
    # Beyond what rouge-score knows: letters of other scripts are words too.
    assert rouge_l("мама мыла раму", "мама мыла окно") == pytest.approx(2 / 3)
    assert rouge_l("天气很好", "天气不好") == pytest.approx(3 / 4)
    found = overlaps(("rouge",), *ENGLISH)[0]
    assert found.low is not None and found.high is not None and found.low < found.value < found.high


def test_what_cannot_be_compared_is_a_sentence_and_stop_is_heard() -> None:
    with pytest.raises(UserError, match="nothing to compare"):
        overlaps(("bleu",), [], [])
    with pytest.raises(UserError, match="not compared"):
        overlaps(("chrf",), ["x" * 600_000], ["x"])
    control = Control()
    control.cancel()
    for kind in ("bleu", "chrf", "rouge"):
        with pytest.raises(Cancelled):
            overlaps((kind,), *ENGLISH, control=control)
    for kind in ("bleu", "chrf", "rouge"):
        empty = overlaps((kind,), [""], ["something right"])[0]
        assert empty.value == 0.0
        # Some drawn scores are 0 and others are not.
        mixed = overlaps((kind,), ["the right words here", "x"], ["the right words here", "other"])[0]
        assert mixed.low is not None and mixed.low <= mixed.value
