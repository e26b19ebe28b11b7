"""Personal data in texts: e-mail addresses, telephone numbers, bank accounts, credit cards, postal addresses, names.

What can be checked is checked: an IBAN by its length and its check digits (ISO 13616, ISO/IEC 7064 MOD 97-10), a card number
by its first digits and the Luhn sum (ISO/IEC 7812-1), a telephone number by the numbering plan of its country (phonenumbers,
after Google's libphonenumber). Postal addresses are known by how English, German, French, Spanish, Italian and Dutch write
them, names only where a title or a greeting stands before them: a name alone in a sentence is not found.
"""

from __future__ import annotations

import locale
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from workbench.control import Control

EMAIL, PHONE, IBAN, CARD, ADDRESS, NAME = "e-mail", "telephone", "iban", "card", "address", "name"
# What a person calls them: one, several; and what stands in their place.
WORDS = {
    EMAIL: ("e-mail address", "e-mail addresses", "E-MAIL"),
    PHONE: ("telephone number", "telephone numbers", "TELEPHONE"),
    IBAN: ("bank account", "bank accounts", "ACCOUNT"),
    CARD: ("credit card number", "credit card numbers", "CARD"),
    ADDRESS: ("postal address", "postal addresses", "ADDRESS"),
    NAME: ("name", "names", "NAME"),
}
# Where numbers without a country code are tried, besides the country of this computer.
_COUNTRIES = ("US", "GB", "DE", "AT", "CH", "FR", "ES", "IT", "NL")
_LONGEST = 200_000
_ROUNDS = 6

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w!#$%&'*+/=?^`{|}~-]{1,64}(?:\.[\w!#$%&'*+/=?^`{|}~-]{1,64}){0,8}"
    r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,40})(?![\w-])"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-])")
_MAYBE_PHONE = re.compile(r"\d(?:[^\w\n]{0,3}\d){5,}")
_PHONE_WORD = re.compile(
    r"\b(?:tel|telef|tel[eé]f|phone|call|mobil|cell|handy|fax|ruf|whatsapp|appel|chiam|bel)", re.IGNORECASE
)
# Lengths of IBANs by country (the IBAN registry).
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
    "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18,
    "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22,
    "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
    "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31,
    "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29,
    "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
_CAPITAL = r"[A-ZÀ-ÖØ-ÞŠŽĆČĐŁŚŹ]"
_WORD = rf"{_CAPITAL}[a-zà-öø-ÿšžćčđłśź’'][\w’']{{0,30}}"
_PLACE = rf"{_WORD}(?:[ -](?:(?:am|an der|im|de|la|le|les|sur|upon|on|di|del)[ -])?{_WORD}){{0,3}}"
_ADDRESSES = tuple(
    re.compile(pattern)
    for pattern in (
        # 12 Main Street, Springfield, IL 62704; 221B Baker Street, London NW1 6XE
        rf"(?<!\w)\d{{1,5}}[A-Za-z]?,? (?:{_WORD} ){{1,4}}(?:Street|St\.?|Road|Rd\.?|Avenue|Ave\.?|Lane|Ln\.?|Drive|Dr\.?|"
        rf"Boulevard|Blvd\.?|Court|Ct\.?|Square|Sq\.?|Terrace|Close|Crescent|Place|Way|Row|Gardens|Grove|Hill|Mews)(?!\w)"
        rf"(?:,? (?:Apt|Flat|Suite|Unit)\.? ?\w{{1,5}})?(?:,? {_PLACE})?"
        rf"(?:,? (?:[A-Z]{{2}},? \d{{5}}(?:-\d{{4}})?|[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}))?",
        # Lindenstraße 12a, 10969 Berlin; Am Markt 3; Hauptstr. 5
        rf"(?<!\w)(?:(?:{_WORD}[ -]){{0,3}}{_CAPITAL}?[\w.-]{{0,40}}(?:straße|strasse|str\.|weg|allee|gasse|platz|ufer|damm|"
        rf"Straße|Strasse|Str\.|Weg|Allee|Platz|straat|laan|gracht|plein)|(?:Am|An der|Im|Auf dem|Auf der|Zum|Zur) {_WORD})"
        rf" \d{{1,4}} ?[a-zA-Z]?(?!\w)(?:,? (?:[A-Z]-)?\d{{4,5}}(?: [A-Z]{{2}})? {_PLACE})?",
        # 12, rue de la Paix, 75002 Paris
        rf"(?<!\w)\d{{1,4}}(?: ?(?:bis|ter))?,? (?:rue|avenue|boulevard|place|chemin|allée|quai|impasse|cours)"
        rf" (?:(?:de|du|des|la|le|les|d’|d'|l’|l'|[Ss]aint[ -]?) ?){{0,3}}{_PLACE}(?:,? \d{{5}} {_PLACE})?",
        # Calle Mayor 5, 28013 Madrid; Via Roma 10, 00184 Roma
        rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.|Plaza|Paseo|Via|Viale|Piazza|Corso|Largo)(?: (?:de|del|la|las|los|di|dei|della))*"
        rf" {_PLACE},? (?:n[.º°] ?)?\d{{1,4}}(?!\w)(?:,? \d{{5}} {_PLACE})?",
    )
)
_TITLES = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sir|Madam|Herr|Herrn|Frau|Fräulein|Monsieur|Madame|Mme|Mlle|M\.|Señor|Señora|Sr|Sra|Don|Doña|"
    r"Signor|Signora|Sig|Mevrouw|Meneer|Dhr|Mevr"
)
_OWN = rf"{_WORD}(?:[ -](?:(?:von|van|de|der|den|di|da|la|le|zu|al|bin|Mc|O’|O')[ -]?){{0,2}}{_WORD}){{0,3}}"
_NAMES = (
    re.compile(rf"(?<!\w)(?:(?:{_TITLES})\.? )+({_OWN})"),
    re.compile(
        rf"(?<!\w)(?:[Mm]y name is|[Mm]y name’s|[Mm]y name's|[Ii]ch heiße|[Mm]ein Name ist|[Jj]e m’appelle|[Jj]e m'appelle|"
        rf"[Mm]e llamo|[Mm]i chiamo|[Ii]k heet) ({_OWN})"
    ),
    re.compile(
        rf"(?:^|\n)[ \t]*(?:Dear|Hi|Hello|Hallo|Liebe|Lieber|Cher|Chère|Querida|Querido|Cara|Caro|Beste) ({_OWN})(?=[,!:\n])"
    ),
    re.compile(
        rf"(?:[Rr]egards|[Ss]incerely|[Ff]aithfully|[Cc]heers|[Bb]est wishes|[Gg]rüße|[Gg]rüßen|[Cc]ordialement|[Ss]aludos|"
        rf"[Ss]aluti|[Gg]roeten),?[ \t]*\n+[ \t]*({_OWN})(?=[ \t]*(?:\n|$))"
    ),
)
# Greeted, but nobody's name.
_NOBODY = re.compile(r"^(?:Sir|Madam|Team|All|Everyone|Customer|Customers|Colleagues?|Friends?|Support|Both|There|World|Damen|"
                     r"Herren|Kolleg\w*|Kund\w*|Herr|Frau|Mr|Mrs|Ms|Dr|Prof|Support)\b")  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Characters `start` to `end` of a text, what they are (a key of `WORDS`), and their kernel, equal for the same thing
    written in different ways."""

    start: int
    end: int
    kind: str
    kernel: str


def find(text: str) -> list[Piece]:
    """Everything personal in a text, in order; no two overlap. Of a very long text the first 200,000 characters count at a
    time."""
    found: list[Piece] = []
    for start in range(0, len(text), _LONGEST):
        part = text[start : start + _LONGEST]
        # One thing may hide another beside it (digits after digits), so it is looked for again around what was found.
        for _again in range(_ROUNDS):
            pieces = _apart(_all(part))
            if not pieces:
                break
            found += [Piece(p.start + start, p.end + start, p.kind, p.kernel) for p in pieces]
            for piece in pieces:
                part = part[: piece.start] + "[" + "_" * (piece.end - piece.start - 2) + "]" + part[piece.end :]
    return sorted(found, key=lambda p: p.start)


def _all(text: str) -> Iterator[Piece]:
    """The surer kinds first: where two overlap, the earlier kind stays."""
    for match in _EMAIL.finditer(text):
        yield Piece(match.start(), match.end(), EMAIL, match.group().casefold())
    for match in _IBAN.finditer(text):
        kernel = _iban(match.group())
        if kernel:
            end = match.start() + _reach(match.group(), len(kernel))
            yield Piece(match.start(), end, IBAN, kernel)
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match.group())
        if is_card(digits):
            yield Piece(match.start(), match.end(), CARD, digits)
    yield from _phones(text)
    for pattern in _ADDRESSES:
        for match in pattern.finditer(text):
            if "[_" in match.group():
                continue
            yield Piece(match.start(), match.end(), ADDRESS, " ".join(re.findall(r"\w+", match.group().casefold())))
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            if not _NOBODY.match(match.group(1)):
                yield Piece(match.start(1), match.end(1), NAME, " ".join(match.group(1).casefold().split()))


def _apart(pieces: Iterator[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    for piece in pieces:
        if all(piece.end <= other.start or piece.start >= other.end for other in kept):
            kept.append(piece)
    return kept


# Numbers ----------------------------------------------------------------------------------------------------------------


def is_iban(text: str) -> bool:
    """By the length of its country and the check digits; blanks and hyphens do not matter."""
    plain = re.sub(r"[ -]", "", text).upper()
    if len(plain) != _IBAN_LENGTHS.get(plain[:2]) or not plain.isascii() or not plain.isalnum():
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _iban(text: str) -> str:
    """The IBAN at the beginning of what looks like one ("" for none): words after it may have been taken along."""
    plain = re.sub(r"[ -]", "", text).upper()
    wanted = _IBAN_LENGTHS.get(plain[:2], 0)
    kernel = plain[:wanted]
    return kernel if wanted and len(plain) >= wanted and is_iban(kernel) else ""


def _reach(text: str, count: int) -> int:
    """Where in `text` its first `count` letters and digits end."""
    seen = 0
    for place, sign in enumerate(text):
        seen += sign.isalnum()
        if seen == count:
            return place + 1
    return len(text)


def is_luhn(digits: str) -> bool:
    """Whether the Luhn sum is right."""
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(map(int, digits[::-2])) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def is_card(digits: str) -> bool:
    """Whether it may be a payment card: first digits and length as the great networks give them, and the Luhn sum."""
    if not is_luhn(digits) or len(set(digits)) < 2:
        return False
    length, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    return (
        (digits[0] == "4" and length in (13, 16, 19))
        or ((51 <= two <= 55 or 2221 <= four <= 2720) and length == 16)
        or (two in (34, 37) and length == 15)
        or ((300 <= three <= 305 or two in (36, 38, 39)) and length in (14, 16))
        or ((four == 6011 or two == 65 or 644 <= three <= 649) and length in (16, 19))
        or (3528 <= four <= 3589 and length == 16)
        or (two == 62 and length in (16, 17, 18, 19))
        or ((two in (50, 56, 57, 58) or two == 67 or two == 63) and 12 <= length <= 19)
    )


def _phones(text: str) -> Iterator[Piece]:
    if not _MAYBE_PHONE.search(text):
        return  # asking the numbering plans costs far more
    import phonenumbers

    strict, loose = phonenumbers.Leniency.STRICT_GROUPING, phonenumbers.Leniency.VALID
    named = _PHONE_WORD.search(text) is not None
    # With a country code its plan must know the number; without one it must also be written as that country groups it,
    # unless a word before it says what it is.
    ways = [(None, loose), *((country, strict) for country in _countries())]
    ways += [(country, loose) for country in _countries()] if named else []
    for number, (country, how) in enumerate(ways):
        for match in phonenumbers.PhoneNumberMatcher(text, country, how, 200):
            last = [*_PHONE_WORD.finditer(text, max(0, match.start - 40), match.start)]
            if number <= len(_countries()) or (last and "\n" not in text[last[-1].end() : match.start]):
                kernel = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
                yield Piece(match.start, match.end, PHONE, kernel)


@cache
def _countries() -> tuple[str, ...]:
    code = (locale.getlocale()[0] or "")[-2:].upper()
    return tuple(dict.fromkeys([*([code] if code.isalpha() and len(code) == 2 else []), *_COUNTRIES]))


# Replacing --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cleaned:
    """A text without what is personal.

    Attributes:
        pieces: what was replaced, by its place in the old text.
    """

    text: str
    pieces: tuple[Piece, ...]
    shifts: tuple[tuple[int, int, int, int], ...] = ()

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Where characters of the old text are in the new one. What cuts into a replaced piece takes all of it."""
        return self._at(start, False), self._at(end, True)

    def _at(self, place: int, is_end: bool) -> int:
        shift = 0
        for old0, old1, new0, new1 in self.shifts:
            if place <= old0:
                break
            if place < old1:
                return new1 if is_end else new0
            shift = new1 - old1
        return place + shift


@dataclass
class Replacer:
    """Puts “[E-MAIL 1]” and the like in the place of personal data: the same thing gets the same number everywhere, so that
    who wrote to whom is still seen."""

    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def clean(self, text: str) -> Cleaned:
        pieces = find(text)
        parts, shifts, at, length = [], [], 0, 0
        for piece in pieces:
            mark = f"[{WORDS[piece.kind][2]} {self._number(piece)}]"
            before = text[at : piece.start]
            length += len(before)
            shifts.append((piece.start, piece.end, length, length + len(mark)))
            parts += [before, mark]
            length += len(mark)
            at = piece.end
        return Cleaned("".join([*parts, text[at:]]), tuple(pieces), tuple(shifts))

    def _number(self, piece: Piece) -> int:
        key = piece.kind, piece.kernel
        if key not in self.numbers:
            self.counts[piece.kind] = self.numbers[key] = self.counts.get(piece.kind, 0) + 1
        return self.numbers[key]


def find_in(texts: Sequence[str], control: Control) -> Iterator[list[Piece]]:
    """As `find`, for many. Raises: Cancelled."""
    for number, text in enumerate(texts):
        control.check()
        if number % 200 == 0:
            control.progress(number, len(texts), f"Looking for personal data: {number:,} of {len(texts):,}")
        yield find(text)


def count_words(kinds: Sequence[str]) -> str:
    """“2 e-mail addresses and 1 name”, in the order of `WORDS`."""
    parts = []
    for kind, (one, several, _mark) in WORDS.items():
        count = kinds.count(kind)
        if count:
            parts.append(f"{count:,} {one if count == 1 else several}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
