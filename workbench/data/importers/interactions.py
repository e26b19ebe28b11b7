"""Tables of who liked what (ratings, purchases, clicks), alone or with a table or a folder of the things themselves.

The rows are gone through one by one, never held: a million of them take no more memory than the names of people and things.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.control import Control
from workbench.data.dates import Order, read_dates
from workbench.data.importers.base import Column, ImportPlan, Question
from workbench.data.importers.table_files import TableFile
from workbench.data.importers.table_heads import NAME_END, PERSON_NAMES
from workbench.data.media import PICTURE_SUFFIXES, first_words
from workbench.data.numbers import Decimal, decimal_of, number
from workbench.data.project_interactions import Interaction
from workbench.data.types import AddResult, MediaKind, NewItem
from workbench.errors import Problem, UserError

if TYPE_CHECKING:
    from workbench.data.project import Project

_THING = re.compile(
    r"^(item|product|movie|film|book|song|track|artist|article|game|thing|video|course|recipe|business|anime|isbn|sku|asin|show"
    r"|episode|podcast|restaurant|joke|story|document|place|hotel|artikel|produkt|title)" + NAME_END,
    re.I,
)
_RATING = re.compile(
    r"^(user_?)?(rating|rate|stars?|score|overall|grade|note)s?$|^(bewertung(en)?|wertung|sterne|punkte|avis|valoraci[oó]n)$",
    re.I,
)
_COUNT = re.compile(
    r"^(count|plays?|play_?count|listens|weight|strength|quantity|qty|clicks?|views?|purchases|times|visits|amount|hours|anzahl|menge|stück|käufe)$",
    re.I,
)
_TIME = re.compile(
    r"^(time|timestamp|date|datetime|when|at|ts|created(_?at)?|event_?time|(rating|order|purchase|review)_?(date|time)|unix_?time"
    r"|zeit(punkt|stempel)?|datum|(kauf|bestell)datum|fecha|horodatage)$",
    re.I,
)
_TITLE = re.compile(r"^(title|name|titel)s?$", re.I)
# In names of columns that say what a thing is called.
_CALLED = re.compile(r"name|title|titel|bezeichnung|label", re.I)
_NOTHING = "none"
_NO, _YES = "no", "yes"
_LOOK = 400
_SHOWN = 20
# Different values of a column are counted up to here.
_MOST_VALUES = 500_000
# Of bad rows so many are told one by one.
_MOST_PROBLEMS = 1000
_LONGEST_NAME = 200
# Of a column so many cells are dates: it says when.
_DATES = 0.9
# So many columns are looked at for what is known of the things, and in so few of them two rows of one thing may differ.
_MOST_TOLD, _DIFFER = 8, 0.02
_FIRST_YEARS, _LAST_YEARS = 1e8, 1e11


@dataclass(frozen=True)
class Roles:
    """Which column says what; "" where none does.

    Attributes:
        meaning: what `strength` is: "rating" (of several the last counts) or "count" (they are added).
        liked_from: ratings from here on say that a person likes the thing.
        weigh: of these the best count twice as much as the lowest.
    """

    person: str
    thing: str
    strength: str = ""
    time: str = ""
    meaning: str = "count"
    liked_from: float = -math.inf
    weigh: bool = False


def roles_of(names: Sequence[str], rows: Sequence[Sequence[str]], file_name: str = "") -> Roles | None:
    """What the columns say by their names; None when it is no table of who liked what. `rows`: the first ones."""
    person = next((n for n in names if PERSON_NAMES.match(n.strip())), "")
    thing = next((n for n in names if n != person and _THING.match(n.strip())), "")
    strength = next((n for n in names if _RATING.match(n.strip())), "") or next(
        (n for n in names if _COUNT.match(n.strip())), ""
    )
    time = next((n for n in names if _TIME.match(n.strip())), "")
    if person and thing and not time:
        time = _dated([n for n in names if n not in (person, thing, strength)], names, rows)
    if not (person and thing) and file_name in ("u.data", "ratings.dat") and len(names) == 4 and not (person or thing):
        person, thing, strength, time = names  # as the MovieLens sets were published
        return Roles(person, thing, strength, time, "rating")
    if not (person and thing):
        return None
    place = list(names).index(person)
    told = [r[place] for r in rows if place < len(r) and r[place].strip()]
    if len(told) > 20 and len(set(told)) == len(told):
        # Nobody comes twice: a table of people, not of what they did; but for one that holds nothing else, and things that come again.
        things = {r[list(names).index(thing)] for r in rows if len(r) == len(names)}
        if set(names) - {person, thing, strength, time} or not 1 < len(things) < len(told):
            return None
    meaning = "rating" if strength and _RATING.match(strength.strip()) else "count"
    return Roles(person, thing, strength, time, meaning)


def _dated(which: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first of these columns whose cells are days; "" where there is none."""
    for name in which:
        place = list(names).index(name)
        cells = [c for r in rows if place < len(r) and (c := r[place].strip())]
        plain = all(number(c) is not None for c in cells)
        if cells and not plain and len(set(cells)) > 2 and read_dates(cells).share >= _DATES:
            return name
    return ""


@dataclass
class Seen:
    """What a column holds: `values` counted up to a bound, `numbers` how many are numbers."""

    name: str
    filled: int = 0
    numbers: int = 0
    values: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def see(self, cell: str) -> None:
        cell = cell.strip()
        if not cell:
            return
        self.filled += 1
        if len(self.first) < _LOOK:
            self.first.append(cell)
            self.numbers += number(cell) is not None or number(cell, ",") is not None
        if cell in self.values or len(self.values) < _MOST_VALUES:
            self.values[cell] += 1

    @property
    def decimal(self) -> Decimal:
        """How its numbers part whole and fraction."""
        return decimal_of(self.first)

    @property
    def numeric(self) -> bool:
        return bool(self.first) and self.numbers >= 0.9 * len(self.first)


def plan_interactions(
    table: TableFile, roles: Roles, control: Control, things: TableFile | None = None, pictures: Sequence[Path] = ()
) -> InteractionsPlan:
    """Go through the table once and count. Raises: UserError when there is no usable row. Cancelled."""
    path = table.path
    plan = InteractionsPlan(
        "marked", "text", path.stem if things is None else path.parent.name or path.stem, path, table=table
    )
    plan.seen = {n: Seen(n) for n in table.names}
    plan.roles, plan.marks, plan.format = roles, "likes", "Who liked what"
    plan.things = _things(things, plan, control) if things is not None else None
    plan.pictures = {p.stem: p for p in pictures}
    if plan.pictures or (plan.things is not None and plan.things.picture):
        plan.media = "picture"
    columns = list(plan.seen.values())
    told = _Told(table.names, roles) if things is None else None
    for row in table.read(control):
        if isinstance(row, Problem):
            continue  # told when it is read
        plan.rows += 1
        if told is not None:
            told.see(row[1])
        for column, cell in zip(columns, row[1], strict=True):
            column.see(cell)
        if len(plan.head) < _SHOWN:
            plan.head.append(dict(zip(table.names, row[1], strict=True)))
        if plan.rows % 20_000 == 0:
            control.progress(plan.rows, table.rows, f"Looking at row {plan.rows:,}")
    if not plan.rows:
        raise UserError(f"The table “{path.name}” has no rows.", "Fill it in and import it again.")
    if roles.meaning == "rating":
        plan.roles = replace(roles, liked_from=plan.usual_limit())
    if plan.things is not None:
        plan.things.choose_key(set(plan.seen[roles.thing].values))
    if told is not None:
        plan.told, plan._first_thing = told.settle(plan.seen), roles.thing
    plan.settle()
    return plan


class _Told:
    """Gathers what the rows themselves say of the things: columns that are the same in all rows of one ("article name", "category")."""

    def __init__(self, names: Sequence[str], roles: Roles) -> None:
        taken = (roles.person, roles.thing, roles.strength, roles.time)
        self._thing = list(names).index(roles.thing)
        self._open = {place: name for place, name in enumerate(names) if name not in taken}
        self._said: dict[str, dict[str, str]] = {name: {} for name in self._open.values()}
        self._differ = dict.fromkeys(self._said, 0)

    def see(self, cells: Sequence[str]) -> None:
        """One more row."""
        key = _name(cells[self._thing])
        if not key:
            return
        for place, name in list(self._open.items()):
            cell, said = " ".join(cells[place].split()), self._said[name]
            if not cell:
                continue
            if said.setdefault(key, cell) != cell:
                self._differ[name] += 1
            if self._differ[name] > 20 + _DIFFER * len(said) or len(said) > _MOST_VALUES:
                del self._open[place]

    def settle(self, seen: dict[str, Seen]) -> dict[str, dict[str, str]]:
        """Of each column that is left, what it says of each thing; the one that says what things are called comes first."""
        left = [
            name
            for name in self._open.values()
            if len(said := self._said[name]) > 1
            and self._differ[name] <= _DIFFER * seen[name].filled
            and not seen[name].numeric
            and not _web(seen[name])
            and len(set(said.values())) > 1
        ][:_MOST_TOLD]
        left.sort(key=lambda name: (not _CALLED.search(name), -len(set(self._said[name].values()))))
        return {name: self._said[name] for name in left}


@dataclass
class Things:
    """A table of the things: `key` is the column by which the other table calls them."""

    table: TableFile
    seen: dict[str, Seen]
    key: str = ""
    title: str = ""
    picture: str = ""
    texts: tuple[str, ...] = ()

    def choose_key(self, wanted: set[str]) -> None:
        """The column whose values the other table speaks of most. Raises: UserError when none does."""
        best = max(self.seen, key=lambda n: sum(1 for v in self.seen[n].values if v in wanted))
        if not any(v in wanted for v in self.seen[best].values):
            raise UserError(
                f"No column of “{self.table.path.name}” names the things the way the other table does.",
                "One column of each must hold the same names or numbers.",
            )
        self.key = best
        rest = [n for n in self.seen if n not in (best, self.picture)]
        self.title = next((n for n in rest if _TITLE.match(n.strip())), "") or next(
            (n for n in rest if not self.seen[n].numeric and self.seen[n].filled), ""
        )
        self.texts = tuple(
            n
            for n in rest
            if n != self.title and self.seen[n].filled and not self.seen[n].numeric and not _web(self.seen[n])
        )

    def rows(self, control: Control) -> Iterator[tuple[str, str, str, str] | Problem]:
        """(key, title, text, name of the picture's file) of each thing."""
        names = self.table.names
        for row in self.table.read(control):
            if isinstance(row, Problem):
                yield replace(row, where=f"{self.table.path.name}, {row.where}")
                continue
            cells = dict(zip(names, row[1], strict=True))
            key = _name(cells[self.key])
            if not key:
                yield Problem(
                    f"{self.table.path.name}, row {row[0]}",
                    f"The column “{self.key}” is empty here.",
                    "Fill it in, or leave the row out.",
                )
                continue
            title = _name(cells.get(self.title, "")) or key
            more = [cells[n].replace("|", ", ").strip() for n in self.texts]
            text = "\n".join([title, *(m for m in more if m and m != "(no genres listed)")])
            yield key, title, text, cells.get(self.picture, "").strip() if self.picture else ""


def _things(table: TableFile, plan: InteractionsPlan, control: Control) -> Things:
    seen = {n: Seen(n) for n in table.names}
    for row in table.read(control):
        if isinstance(row, Problem):
            continue
        for column, cell in zip(seen.values(), row[1], strict=True):
            column.see(cell)
    picture = next(
        (
            n
            for n, s in seen.items()
            if s.first and sum(v.lower().endswith(PICTURE_SUFFIXES) for v in s.first) >= 0.8 * len(s.first)
        ),
        "",
    )
    if picture and _web(seen[picture]):
        picture = ""
    return Things(table, seen, picture=picture)


def _web(seen: Seen) -> bool:
    return bool(seen.first) and all(v.startswith(("http://", "https://")) for v in seen.first[:20])


def _name(cell: str) -> str:
    return " ".join(cell.split())[:_LONGEST_NAME]


@dataclass
class InteractionsPlan(ImportPlan):
    """See the module, and `BringsBeside`.

    Attributes:
        rows: of the table, bad ones too. head: the first ones, for the eye.
        things: a table of the things; pictures: of the things, by their key.
        told: what the rows themselves say of the things, by column; the first is what they are called.
    """

    table: TableFile | None = None
    roles: Roles = field(default_factory=lambda: Roles("", ""))
    things: Things | None = None
    pictures: dict[str, Path] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    head: list[dict[str, str]] = field(default_factory=list)
    rows: int = 0
    told: dict[str, dict[str, str]] = field(default_factory=dict)

    # What it says of itself ----------------------------------------------------------------------------------------------

    @property
    def brings_labels(self) -> bool:
        return True

    @property
    def summary(self) -> str:
        people, things = len(self.seen[self.roles.person].values), len(self.seen[self.roles.thing].values)
        said = "ratings" if self.roles.meaning == "rating" else "entries"
        words = f"{self.rows:,} {said} by {people:,} {_many('person', people)} of {things:,} {_many('thing', things)}"
        return f"{words}, with times." if self.roles.time else f"{words}, without times."

    @property
    def may_be_rows(self) -> bool:
        return self.things is None and not self.pictures and self.source.is_file()

    def suits(self, media: MediaKind) -> bool:
        return media == self.media or (media == "picture" and self.things is None)  # the pictures are there already

    def columns(self) -> list[Column]:
        return []  # asked about by `questions`, which fit what these tables are

    def preview(self, rows: int = 20) -> list[dict[str, str]]:
        return self.head[:rows]

    def questions(self) -> list[Question]:
        names = [
            (n, f"“{n}”, for example {self.seen[n].first[0] if self.seen[n].first else '(empty)'}"[:90])
            for n in self.seen
        ]
        none = (_NOTHING, "no column")
        roles = self.roles
        asked = [
            Question("person", "Which column says who it was?", tuple(names), roles.person),
            Question("thing", "Which column says what it was about?", tuple(names), roles.thing),
            Question("time", "Which column says when?", (none, *names), roles.time or _NOTHING),
            Question(
                "strength",
                "Which column says how much they liked or used it?",
                (none, *names),
                roles.strength or _NOTHING,
            ),
        ]
        if roles.strength:
            asked.append(
                Question(
                    "meaning",
                    "What does that number mean?",
                    (
                        ("rating", "a rating; of several the last one counts"),
                        ("count", "how often or how much; several are added up"),
                    ),
                    roles.meaning,
                )
            )
        if roles.strength and roles.meaning == "rating":
            values = self._ratings()
            asked.append(
                Question(
                    "liked",
                    "From which rating on did they like it? (Lower ones only count as seen.)",
                    tuple((f"{v:g}", f"{v:g}") for v in values),
                    f"{min(values, key=lambda v: abs(v - roles.liked_from)):g}",
                )
            )
            asked.append(
                Question(
                    "weigh",
                    "Do higher ratings among these count for more?",
                    ((_NO, "no: liked is liked"), (_YES, "yes: the best count twice as much")),
                    _YES if roles.weigh else _NO,
                )
            )
        return asked

    def say(self, question: str, choice: str) -> None:
        roles = self.roles
        if question in ("person", "thing", "strength", "time"):
            name = "" if choice == _NOTHING and question in ("strength", "time") else choice
            if name and name not in self.seen:
                raise UserError(f"There is no column “{name}”.", f"The columns are: {', '.join(self.seen)}.")
            if question == "person":
                roles = replace(roles, person=name)
            elif question == "thing":
                roles = replace(roles, thing=name)
            elif question == "time":
                roles = replace(roles, time=name)
            else:
                meaning = "rating" if name and _RATING.match(name.strip()) else "count"
                roles = replace(roles, strength=name, meaning=meaning)
        elif question == "meaning" and choice in ("rating", "count"):
            roles = replace(roles, meaning=choice)
        elif question == "weigh" and choice in (_NO, _YES):
            roles = replace(roles, weigh=choice == _YES)
        elif question == "liked" and (limit := number(choice)) is not None:
            roles = replace(roles, liked_from=limit)
        else:
            raise UserError(
                f"“{question}={choice}” answers no question of this table.",
                "The questions are person, thing, time, strength, meaning (rating or count), liked (a number) and weigh (yes or no).",
            )
        if roles.person == roles.thing or (roles.strength and roles.strength in (roles.person, roles.thing)):
            raise UserError("One column cannot say two things.", "Choose different columns.")
        before, self.roles = self.roles, roles
        if roles.meaning == "count":
            self.roles = replace(roles, liked_from=-math.inf)
        elif (before.strength, before.meaning) != (roles.strength, roles.meaning):
            self.roles = replace(roles, liked_from=self.usual_limit())
        if self.things is not None and roles.thing != before.thing:
            self.things.choose_key(set(self.seen[roles.thing].values))
        self.settle()

    @property
    def words_of(self) -> tuple[str, ...]:
        """Columns of the rows themselves that say what the things are; none once another column is the thing."""
        taken = (self.roles.person, self.roles.thing, self.roles.strength, self.roles.time)
        return () if self.roles.thing != self._first_thing else tuple(n for n in self.told if n not in taken)

    def _text_of(self, key: str, taken: set[str]) -> str:
        """What the rows say of a thing, each time another text; its name where they say nothing."""
        words = [said for column in self.words_of if (said := self.told[column].get(key, ""))]
        text = "\n".join(words) if words else key
        if text in taken:
            text = f"{text} ({key})"
        taken.add(text)
        return text

    def _ratings(self) -> list[float]:
        """The ratings there are, smallest first; of many, a few in even steps."""
        seen = self.seen[self.roles.strength]
        decimal = seen.decimal
        found = sorted({v for cell in islice(seen.values, 10_000) if (v := number(cell, decimal)) is not None})
        if len(found) > 20:
            found = [found[round(i * (len(found) - 1) / 19)] for i in range(20)]
        return found or [0.0]

    def usual_limit(self) -> float:
        """From the middle between the lowest and the highest rating on: 3 of 1 to 5 is no dislike, but 4 is a like."""
        values = self._ratings()
        middle = (values[0] + values[-1]) / 2
        return next((v for v in values if v > middle), values[-1])

    def best_rating(self) -> float:
        """The highest there is."""
        return self._ratings()[-1]

    def settle(self) -> None:
        roles, self.warnings = self.roles, []
        wanted = self.seen[roles.thing].values
        if self.things is not None:
            told = self.things.seen[self.things.key].values
            self.total = len(set(told) | set(wanted))
            unknown = sum(1 for v in wanted if v not in told)
            if unknown:
                self.warnings.append(
                    f"{unknown:,} {_many('thing', unknown)} of the ratings {'is' if unknown == 1 else 'are'} not in"
                    f" “{self.things.table.path.name}” and {'comes' if unknown == 1 else 'come'} in by name only."
                )
        else:
            self.total = len(wanted)
            if self.words_of:
                names = ", ".join(f"“{n}”" for n in self.words_of)
                self.warnings.append(f"What the things are is taken from {names} in the rows themselves.")
            elif not self.pictures:
                self.warnings.append(
                    "The things come in by name only. With a second table of their titles and texts (drop both together) new things"
                    " can be recommended, too."
                )
        self.label_counts = {}
        if not roles.time:
            self.warnings.append(
                "Without a column of times the models are judged on likes drawn at random, not on the latest ones."
            )
        if len(self.seen[roles.person].values) >= self.seen[roles.person].filled > 1:
            self.warnings.append("Nobody comes twice, so what goes together cannot be learnt from these rows alone.")
        if not roles.strength:
            self.warnings.append("Every row counts as a like; several rows of a person about one thing count more.")

    # Reading -----------------------------------------------------------------------------------------------------------

    def read(self, control: Control | None = None) -> Iterator[NewItem | Problem]:
        """The things: those of their table, then those the deeds speak of beside them, by name only."""
        control = control or Control()
        told: set[str] = set()
        if self.things is not None:
            for thing in self.things.rows(control):
                if isinstance(thing, Problem):
                    yield thing
                    continue
                key, title, text, picture = thing
                told.add(key)
                path = self._picture_of(key, picture)
                if path is not None:
                    self._places[key] = str(path)
                    yield NewItem("picture", title, path=path)
                else:
                    self._hashes[key] = _text_hash(text)
                    yield NewItem("text", title, text=text)
        shown = set(self._places.values())
        for key, path in self.pictures.items():
            # A picture that the table names is that thing, whatever its file is called.
            if key not in told and str(path.resolve()) not in shown:
                told.add(key)
                self._places[key] = str(path)
                yield NewItem("picture", path.name, path=path)
        texts: set[str] = set()
        for cell in self.seen[self.roles.thing].values:
            key = _name(cell)
            if key in told or key in self._known:
                continue
            told.add(key)
            text = self._text_of(key, texts)
            self._hashes[key] = _text_hash(text)
            yield NewItem("text", first_words(text) or key, text=text)

    def _picture_of(self, key: str, named: str) -> Path | None:
        if not named:
            return self.pictures.get(key)
        assert self.things is not None
        folder = self.things.table.path.parent
        try:
            path = (folder / named).resolve()
            inside = path.is_relative_to(folder.resolve())
        except (OSError, ValueError):
            return None
        return path if inside else None

    def meet(self, project: Project) -> None:
        self._known = project.item_keys()

    def bring(self, project: Project, result: AddResult, control: Control | None = None) -> AddResult:
        control = control or Control()
        keys: dict[str, int] = {}
        twins = 0
        taken: set[int] = set()
        for key, content in self._hashes.items():
            item = project.id_of_content(content)
            if item is not None:
                keys[key] = item
                twins += item in taken
                taken.add(item)
        if self._places:
            by_path = {str(i.path): i.id for i in project.items(project.item_ids()) if i.path is not None}
            keys |= {key: by_path[path] for key, path in self._places.items() if path in by_path}
        project.set_item_keys(keys)
        known = self._known | keys
        reader = _Reader(self, known, control)
        rows, again = project.add_interactions(reader.rows(), self.roles.meaning != "rating", control, self.rows)
        notes = [self._told(rows, again)]
        if twins:
            notes.append(f"{twins:,} things say exactly the same as another one and count as that.")
        if reader.bad > len(reader.problems):
            notes.append(f"{reader.bad:,} rows cannot be used; the first {len(reader.problems):,} are listed.")
        return replace(result, problems=(*result.problems, *reader.problems), notes=(*result.notes, *notes))

    def _told(self, rows: int, again: int) -> str:
        words = f"{rows:,} rows of who liked what were taken in."
        if again:
            how = "the last one counts" if self.roles.meaning == "rating" else "they were added up"
            words += f" {again:,} met a person and a thing that were there already: {how}."
        return words

    _first_thing: str = ""
    _known: dict[str, int] = field(default_factory=dict)
    _hashes: dict[str, str] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)


class _Reader:
    """Goes through the deeds. `problems`: bad rows with their numbers, up to a bound; `bad`: how many there are."""

    def __init__(self, plan: InteractionsPlan, known: dict[str, int], control: Control) -> None:
        assert plan.table is not None
        self._table, self._roles, self._known, self._control = plan.table, plan.roles, known, control
        self.problems: list[Problem] = []
        self.bad = 0
        places = {name: place for place, name in enumerate(self._table.names)}
        self._person, self._thing = places[self._roles.person], places[self._roles.thing]
        self._strength = places[self._roles.strength] if self._roles.strength else -1
        self._time = places[self._roles.time] if self._roles.time else -1
        self._decimal: Decimal = plan.seen[self._roles.strength].decimal if self._strength >= 0 else "."
        self._best = plan.best_rating() if self._roles.weigh and self._strength >= 0 else self._roles.liked_from
        times = plan.seen[self._roles.time].first if self._roles.time else []
        self._order: Order = read_dates(times).order if times else ""

    def rows(self) -> Iterator[Interaction]:
        for row in self._table.read(self._control):
            found = row if isinstance(row, Problem) else self._read(row[0], row[1])
            if isinstance(found, Problem):
                self.bad += 1
                if len(self.problems) < _MOST_PROBLEMS:
                    self.problems.append(found)
            else:
                yield found

    def _read(self, place: int, cells: Sequence[str]) -> Interaction | Problem:
        where, roles = f"row {place}", self._roles
        person, key = _name(cells[self._person]), _name(cells[self._thing])
        for name, given in ((roles.person, person), (roles.thing, key)):
            if not given:
                return Problem(where, f"The column “{name}” is empty here.", "Fill it in, or leave the row out.")
        item = self._known.get(key)
        if item is None:
            return Problem(
                where, f"“{key[:40]}” is no thing of this project.", "Import the things first, or leave the row out."
            )
        strength = 1.0
        if self._strength >= 0 and (cell := cells[self._strength].strip()):
            value = number(cell, self._decimal)
            if value is None or not math.isfinite(value):
                return Problem(
                    where,
                    f"“{cell[:40]}” in the column “{roles.strength}” is not a number.",
                    "Mend it, or leave the row out.",
                )
            if roles.meaning == "rating":
                strength = self._of_rating(value)
            elif value < 0:
                return Problem(
                    where,
                    f"“{cell[:40]}” in the column “{roles.strength}” is below zero.",
                    "Mend it, or leave the row out.",
                )
            else:
                strength = value
        at = None
        if self._time >= 0 and (cell := cells[self._time].strip()):
            at = moment(cell, self._order)
            if at is None:
                return Problem(
                    where, f"“{cell[:40]}” in the column “{roles.time}” is no time.", "Mend it, or leave the row out."
                )
        return Interaction(person, item, strength, at)

    def _of_rating(self, value: float) -> float:
        """0 below the limit; else 1, or where higher ratings count for more up to 3, which makes it twice as sure that the thing is
        liked (see `workbench.runtimes.taste.confidence`: it grows with the logarithm)."""
        low, best = self._roles.liked_from, self._best
        if value < low:
            return 0.0
        share = min(1.0, (value - low) / (best - low)) if self._roles.weigh and best > low else 0.0
        return float(2.0 ** (1.0 + share) - 1.0)


def moment(cell: str, order: Order = "") -> float | None:
    """Seconds since 1970 of a date, a time, or a number of seconds or milliseconds; None when it is none."""
    value = number(cell)
    if value is not None and math.isfinite(value):
        if _FIRST_YEARS <= value < _LAST_YEARS:
            return value
        if _FIRST_YEARS * 1000 <= value < _LAST_YEARS * 1000:
            return value / 1000
    found = read_dates([cell], order).times[0]
    return None if found is None else found.replace(tzinfo=UTC).timestamp()


def _text_hash(text: str) -> str:
    """As `workbench.data.intake` has it."""
    return hashlib.sha256(b"text:" + " ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()


def _many(noun: str, count: int) -> str:
    return noun if count == 1 else {"person": "people"}.get(noun, f"{noun}s")
