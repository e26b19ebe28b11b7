"""Word and character error rates against jiwer's, against a plain table of distances, and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_time import Watch

from workbench.errors import UserError
from workbench.trust.text_distance import (
    LONGEST,
    Alignment,
    Counts,
    Normalisation,
    align,
    compare_texts,
    interval,
    sentence,
    total,
    words_of,
)

WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "on", "a", "mat", "Mat,", "naïve"]), max_size=14)


def table(right: str, given_: str) -> int:
    """The distance by the textbook's table (Wagner & Fischer 1974)."""
    row = list(range(len(given_) + 1))
    for i, a in enumerate(right, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(given_, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def is_whole(found: Alignment) -> bool:
    """Steps follow each other without a gap from the start to the end of both texts."""
    at_right = at_given = 0
    for step in found.steps:
        if (step.right_start, step.given_start) != (at_right, at_given):
            return False
        right, given_ = found.right[step.right_start : step.right_end], found.given[step.given_start : step.given_end]
        fits = {
            "same": list(right) == list(given_),
            "changed": len(right) == len(given_) and all(a != b for a, b in zip(right, given_, strict=True)),
            "missing": bool(right) and not given_,
            "extra": bool(given_) and not right,
        }
        if not fits[step.kind]:
            return False
        at_right, at_given = step.right_end, step.given_end
    return (at_right, at_given) == (len(found.right), len(found.given))


@settings(deadline=None, max_examples=150)
@given(WORDS.filter(bool), WORDS)
def test_rates_and_counts_agree_with_jiwer(right: list[str], said: list[str]) -> None:
    import jiwer

    a, b = " ".join(right), " ".join(said)
    ours = compare_texts(a, b)
    words, characters = jiwer.process_words(a, b), jiwer.process_characters(a, b)
    assert ours.word_error_rate == pytest.approx(words.wer)
    assert ours.character_error_rate == pytest.approx(characters.cer)
    # Several alignments may be the best; the number of errors is the same, and so is missing less extra.
    for counts, theirs in ((ours.words.counts, words), (ours.characters.counts, characters)):
        assert counts.errors == theirs.substitutions + theirs.deletions + theirs.insertions
        assert counts.missing - counts.extra == theirs.deletions - theirs.insertions
    assert is_whole(ours.words) and is_whole(ours.characters)


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_has_the_distance_of_the_textbook(right: str, said: str) -> None:
    found = align(right, said)
    assert found.counts.errors == table(right, said) and is_whole(found)
    assert found.counts.units == len(right)


def test_the_pieces_say_what_happened() -> None:
    found = compare_texts("The cat sat down on the mat", "The hat sat on the mat as ever")
    assert found.words.pieces() == [
        ("same", ["The"], ["The"]),
        ("changed", ["cat"], ["hat"]),
        ("same", ["sat"], ["sat"]),
        ("missing", ["down"], []),
        ("same", ["on", "the", "mat"], ["on", "the", "mat"]),
        ("extra", [], ["as", "ever"]),
    ]
    assert found.words.counts == Counts(same=5, changed=1, missing=1, extra=2)
    assert found.word_error_rate == pytest.approx(4 / 7)
    assert found.sentence().startswith("5 of 7 words are right; 1 changed, 1 missing, 2 too many.")
    assert "Word error rate 57.1%" in found.sentence()


def test_what_counts_as_the_same_is_said_and_done() -> None:
    right, said = "Café “Zur Straße”, 9 o'clock", "cafe zur STRASSE   9\noclock"
    assert compare_texts(right, said).word_error_rate == 1.0 - 1 / 5
    lenient = Normalisation(case=True, punctuation=True, accents=True)
    assert compare_texts(right, said, lenient).word_error_rate == 0
    assert lenient.sentence() == (
        "Not counted: upper and lower case, punctuation, accents, line breaks and extra blanks."
    )
    assert Normalisation().sentence() == "Not counted: line breaks and extra blanks."
    # One letter or a letter with a mark put on it: the same to a reader.
    assert compare_texts("e\u0301te\u0301", "été").character_error_rate == 0
    assert Normalisation().apply(" a \t b\r\n\u00a0c ") == "a b c"


def test_chinese_is_counted_by_characters() -> None:
    assert words_of("今天 hello世界!ok") == ["今", "天", "hello", "世", "界", "!ok"]
    assert compare_texts("今天天气很好", "今天天汽很好").word_error_rate == pytest.approx(1 / 6)


def test_nothing_said_and_nothing_right() -> None:
    assert compare_texts("", "").word_error_rate == 0
    assert compare_texts("one two", "").words.counts == Counts(missing=2)
    assert compare_texts("", "one two").word_error_rate == 2  # as jiwer counts it
    assert "nothing to compare" in compare_texts(" ", "one").sentence()
    assert compare_texts("one", "one").sentence() == "The word is right."
    assert compare_texts("今天", "今 天").sentence() == "All 2 words are right. 1 blanks are not."
    with pytest.raises(UserError, match="not compared"):
        compare_texts("a" * (LONGEST + 1), "a")


def test_a_collection_is_one_rate_with_an_interval() -> None:
    each = [Counts(same=98, changed=2), Counts(same=5, missing=5), Counts(same=40)]
    assert total(each) == Counts(same=143, changed=2, missing=5) and total(each).rate == pytest.approx(7 / 150)
    low, high = interval(each) or (1, 0)
    assert 0 <= low <= total(each).rate <= high <= 0.5
    assert interval(each) == interval(each) and interval(each[:1]) is None
    assert "143 of 150 words" in sentence(total(each), Counts(same=700, changed=9))


def test_a_book_is_compared_within_seconds() -> None:
    page = " ".join(f"word{n % 977} and line {n}" for n in range(6000))
    worse = page.replace("word9", "w0rd9").replace(" and line 30", "")
    watch = Watch()
    found = compare_texts(page, worse)
    assert watch.seconds < 20
    assert 0 < found.character_error_rate < found.word_error_rate < 0.2 and len(page) > 100_000
