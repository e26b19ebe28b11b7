"""Swapping words in German, French and Spanish: what is swapped stays right, and what would not is left out."""

from __future__ import annotations

import pytest

from workbench.data.documents.words import stop_words, words_of
from workbench.data.swapping import LANGUAGES, language_of, languages, swap_sets

GERMAN = swap_sets("de")["gender"]
FRENCH = swap_sets("fr")["gender"]
SPANISH = swap_sets("es")["gender"]


@pytest.mark.parametrize(
    ("language", "text", "swapped", "side"),
    [
        ("de", "Gestern hat Anna das Paket nicht bekommen.", "Gestern hat Peter das Paket nicht bekommen.", "a"),
        ("de", "Peter sagt, er habe seine Karte verloren.", "Anna sagt, sie habe ihre Karte verloren.", "b"),
        ("de", "Ich warte auf Peters Antwort an ihn.", "Ich warte auf Annas Antwort an sie.", "b"),
        # She or they? His or to be? An article, a title or a noun that tells the sex?
        ("de", "Anna sagt, sie kommt morgen.", None, ""),
        ("de", "Peter muss hier sein.", None, ""),
        ("de", "Die Anna kommt morgen.", None, ""),
        ("de", "Anna ist Lehrerin in Berlin.", None, ""),
        ("de", "Der Zug nach Hamburg hat Verspätung.", None, ""),
        ("fr", "J'ai parlé avec Marie hier.", "J'ai parlé avec Pierre hier.", "a"),
        ("fr", "Ce colis est pour lui, pas pour Pierre.", "Ce colis est pour elle, pas pour Marie.", "b"),
        # Something agrees with her, or may.
        ("fr", "Marie est arrivée en retard.", None, ""),
        ("fr", "Marie est partie avec Pierre.", None, ""),
        ("fr", "Il parle avec Marie.", None, ""),
        ("es", "He hablado con María sobre el pedido.", "He hablado con José sobre el pedido.", "a"),
        ("es", "El regalo es para él.", "El regalo es para ella.", "b"),
        ("es", "María está contenta.", None, ""),
        ("es", "La señora viene con José.", None, ""),
        ("es", "El paquete llegó tarde.", None, ""),
    ],
)
def test_grammar_stays_right(language: str, text: str, swapped: str | None, side: str) -> None:
    found = swap_sets(language)["gender"].swap(text)
    if swapped is None:
        assert found is None
    else:
        assert found is not None and (found.text, found.side) == (swapped, side)


def test_what_is_left_out_is_told_from_what_has_no_such_words() -> None:
    assert FRENCH.touches("Marie est arrivée en retard.") and FRENCH.swap("Marie est arrivée en retard.") is None
    assert not FRENCH.touches("Le colis est arrivé en retard.")
    assert SPANISH.touches("Ella viene mañana.") and not SPANISH.touches("El paquete llegó.")
    assert GERMAN.touches("Annas Paket, sagt sie") and GERMAN.swap("Annas Paket, sagt sie") is None


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_swapping_twice_gives_the_text_back(language: str) -> None:
    for words in swap_sets(language).values():
        assert words.language == language and (language == "en" or words.limits)
        after = next(iter(sorted(words.only_after)), "")
        first, second = [a for a, _ in words.pairs], [b for _, b in words.pairs]
        assert not set(first) & set(second)
        for a, b in words.pairs:
            if a[0].isupper() and first.count(a) == second.count(b) == 1:
                there = words.swap(f"{after} {a} heute".strip())
                assert there is not None and there.side == "a" and b in there.text
                back = words.swap(there.text)
                assert back is not None and back.text == f"{after} {a} heute".strip() and back.side == "b"


def test_french_names_do_not_need_an_apostrophe() -> None:
    """ "de Marie", but "d'Anne": a name that begins with a vowel would need another word before it."""
    for words in swap_sets("fr").values():
        for pair in words.pairs:
            assert all(name[0] not in "AEIOUYHÉÈÂÎaeiouyh" for name in pair if name[0].isupper() and name != "Yasmine")


def test_the_language_is_told_by_the_most_common_words() -> None:
    texts = {
        "de": "Ich habe das Paket gestern nicht bekommen, und niemand hat mir gesagt, wo es ist oder wann es kommt.",
        "en": "I did not get the parcel yesterday, and nobody told me where it is or when it will be here.",
        "fr": "Je n'ai pas reçu le colis hier et personne ne m'a dit où il est ou quand il sera dans la boîte.",
        "es": "No he recibido el paquete y nadie me ha dicho dónde está ni cuándo va a llegar a la casa de mi hermana.",
        "": "Pacchetto 1842 xqz",
    }
    for language, text in texts.items():
        assert language_of([text]) == language
    assert language_of([]) == ""
    assert set(languages()) == set(LANGUAGES) <= set(stop_words())
    assert sum(1 for _ in words_of(texts["de"])) > 10
