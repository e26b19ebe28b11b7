"""Personal data in texts: found where it stands, checked where it can be, replaced the same way everywhere."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_time import Watch

from workbench.control import Control
from workbench.data import personal
from workbench.data.columns import TableColumn
from workbench.data.personal import ADDRESS, CARD, EMAIL, IBAN, NAME, PHONE, Replacer, find
from workbench.data.personal_rows import find_in_rows
from workbench.data.rows import row_text

# Published example numbers: the IBAN registry's, the card networks' for testing, numbers kept free for films.
IBANS = [
    "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "FR14 2004 1010 0505 0001 3M02 606", "CH93 0076 2011 6238 5295 7",
    "ES91 2100 0418 4502 0005 1332", "IT60X0542811101000000123456", "NL91ABNA0417164300", "NO93 8601 1117 947",
    "MT84MALT011000012345MTLCAST001S", "SA0380000000608010167519",
]  # fmt: skip
CARDS = [
    "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "6011111111111117", "30569309025904", "3530111333300000",
    "2223003122003222",
]  # fmt: skip


def pieces(text: str) -> list[tuple[str, str]]:
    return [(text[p.start : p.end], p.kind) for p in find(text)]


@pytest.mark.parametrize("number", IBANS)
def test_bank_accounts(number: str) -> None:
    text = f"Please pay to {number} by Friday."
    assert pieces(text) == [(number, IBAN)]
    plain = number.replace(" ", "")
    # Any single digit that is wrong, and two neighbours that changed places, are no bank account any more.
    for at in range(4, len(plain)):
        if plain[at].isdigit():
            assert not personal.is_iban(plain[:at] + str((int(plain[at]) + 1) % 10) + plain[at + 1 :])
    assert not personal.is_iban(plain[:-1])


@pytest.mark.parametrize("number", CARDS)
def test_credit_cards(number: str) -> None:
    assert pieces(f"It was charged to {number}, twice.") == [(number, CARD)]
    digits = "".join(c for c in number if c.isdigit())
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not personal.is_luhn(wrong) and not personal.is_card(wrong)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Write to anna.müller+shop@mail.example.co.uk.", [("anna.müller+shop@mail.example.co.uk", EMAIL)]),
        ("<max@example.org>, “o'neil@example.ie”", [("max@example.org", EMAIL), ("o'neil@example.ie", EMAIL)]),
        ("Call +49 30 901820 or (212) 555-2368.", [("+49 30 901820", PHONE), ("(212) 555-2368", PHONE)]),
        ("020 7946 0958 in London", [("020 7946 0958", PHONE)]),
        ("Tel. 030 901820-0", [("030 901820-0", PHONE)]),
        ("I live at 221B Baker Street, London NW1 6XE now.", [("221B Baker Street, London NW1 6XE", ADDRESS)]),
        ("Send it to 12 Main Street, Springfield, IL 62704.", [("12 Main Street, Springfield, IL 62704", ADDRESS)]),
        ("Lindenstraße 12a, 10969 Berlin ist neu.", [("Lindenstraße 12a, 10969 Berlin", ADDRESS)]),
        ("Au 12, rue de la Paix, 75002 Paris.", [("12, rue de la Paix, 75002 Paris", ADDRESS)]),
        ("Calle Mayor 5, 28013 Madrid", [("Calle Mayor 5, 28013 Madrid", ADDRESS)]),
        ("Via Roma 10, 00184 Roma", [("Via Roma 10, 00184 Roma", ADDRESS)]),
        ("Mrs. Anna Smith-Jones and Dr. Meier", [("Anna Smith-Jones", NAME), ("Meier", NAME)]),
        ("Dear Anna,\nthanks.\nKind regards,\nPeter van der Berg", [("Anna", NAME), ("Peter van der Berg", NAME)]),
    ],
)
def test_what_is_found(text: str, wanted: list[tuple[str, str]]) -> None:
    assert pieces(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "Order 12345678 of 2024-05-12, 3 of 10, EUR 1,234.56, version 1.2.3.4.",
        "ISBN 978-3-16-148410-0; 1234 5678 9012 3456 is no card.",
        "Dear Sir or Madam, the waiter was kind. Dear customers,",
        "user@localhost and a@b are no addresses; neither is foo@.com.",
        "The meeting is on 12/05/2024 at 10:30 in room 301.",
        "DE00 3704 0044 0532 0130 00 has the wrong check digits.",
        "In 1984 there were 2 streets, 5 roads and 3 lanes.",
    ],
)
def test_what_is_none(text: str) -> None:
    assert pieces(text) == []


def test_the_same_thing_gets_the_same_number() -> None:
    replacer = Replacer()
    first = replacer.clean("From ANNA@example.org to bob@example.org, +49 30 901820.")
    assert first.text == "From [E-MAIL 1] to [E-MAIL 2], [TELEPHONE 1]."
    assert replacer.clean("anna@example.org, bob@example.org, +4930901820").text == (
        "[E-MAIL 1], [E-MAIL 2], [TELEPHONE 1]"
    )


def test_marks_move_along() -> None:
    text = "Ask anna@example.org about Paris; not bob@example.org."
    clean = Replacer().clean(text)
    for words in ("Ask", "Paris", "not"):
        start = text.index(words)
        assert clean.text[slice(*clean.moved(start, start + len(words)))] == words
    # A mark on a replaced piece, or on part of one, is on what stands there now.
    start = text.index("anna")
    assert clean.text[slice(*clean.moved(start, start + len("anna@example.org")))] == "[E-MAIL 1]"
    assert clean.text[slice(*clean.moved(start + 5, start + 12))] == "[E-MAIL 1]"
    assert clean.text[slice(*clean.moved(0, len(text)))] == clean.text


MIXED = st.lists(
    st.sampled_from(["anna@example.org", "4111111111111111", "Mr Smith", "Paris", " ", "\n", "12 Main Street", "é", "+49 30 901820"]),
    max_size=12,
).map(" ".join)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(MIXED)
def test_nothing_remains_and_nothing_else_changes(text: str) -> None:
    clean = Replacer().clean(text)
    assert pieces(clean.text) == []
    rest, at = [], 0
    for piece in clean.pieces:
        assert at <= piece.start < piece.end
        rest.append(text[at : piece.start])
        at = piece.end
    rest.append(text[at:])
    place = 0
    for part in rest:
        place = clean.text.index(part, place) + len(part)


@pytest.mark.parametrize("bait", ["Aa-", "a.b", "1 2 ", "1 rue de la ", "Mr ", "Im Am Zur ", "AA11 ", "12 Main "])
def test_no_text_makes_it_slow(bait: str) -> None:
    watch = Watch()
    find(bait * (60_000 // len(bait)))
    # A pattern that goes back and forth would take minutes; the bound leaves room for a busy machine.
    assert watch.seconds < 10


def test_in_rows_only_cells_that_may_name_somebody_are_looked_at() -> None:
    columns = [
        TableColumn("price", "number"),
        TableColumn("bought", "date"),
        TableColumn("photo", "picture"),
        TableColumn("note", "text"),
    ]
    telephone = "+44 20 7946 0958"
    text = row_text(
        {"price": "02079460958", "bought": "1994-11-07 12:30", "photo": f"/home/{telephone}.jpg", "note": f"call {telephone}", 'a "b"': "say \"ann@example.org\""}
    )  # fmt: skip
    (pieces,) = find_in_rows([text], columns, Control())
    assert [(p.kind, text[p.start : p.end]) for p in pieces] == [
        (personal.PHONE, telephone), (personal.EMAIL, 'say \\"ann@example.org\\"'),
    ]  # fmt: skip
    # Without knowing the columns nothing is left out; what is no row is told elsewhere.
    assert len(next(find_in_rows([text], [], Control()))) > 2
    assert next(find_in_rows(["no row"], columns, Control())) == []
