"""Search in one's own documents: by meaning (vectors of passages) and by words (BM25), joined.

Only new and changed documents are read, and of a changed one only the passages that are new are looked at by the model; a
stop or a crash loses at most the batch that was on its way. The search is exact.

Words are ranked by BM25 (Robertson and Zaragoza 2009) as SQLite's FTS5 has it; the two rankings are joined by reciprocal rank
fusion (Cormack, Clarke and Buettcher 2009), a place by words counting by the share of the question's words.
"""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.app_paths import AppPaths
from workbench.catalog.card import ModelCard
from workbench.control import Control
from workbench.data.documents import is_document, other_document, read_document
from workbench.data.documents.base import Block, assembled
from workbench.data.documents.passages import passages, sentences
from workbench.data.documents.words import stop_words_of, words_of
from workbench.engine.document_store import DocumentStore, NewPassage, spaced
from workbench.engine.pool import shared_pool
from workbench.errors import Problem, UserError
from workbench.tasks.text_vectors import budget, checked, counter, embed_texts, usual_embedder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.data.project import Project
    from workbench.runtimes.network import Network

    Vectors = npt.NDArray[np.float32]

# Raised when what is kept of a passage changes.
_VERSION = 1
_TOGETHER = 32  # passages that are looked at and kept at once
_BLOCK = 8192
# Of reciprocal rank fusion: the constant of its paper, and how many of each ranking take part.
_CONSTANT, _RANKED = 60, 200


@dataclass(frozen=True, slots=True)
class Source:
    """A document that shall be in an index: a file, or a text of a project.

    Attributes:
        key: tells it from all others.
        item_id: of a project, else 0; `text`: its text, where there is no file; `hash`: of that text.
    """

    key: bytes
    name: str
    path: Path
    item_id: int = 0
    text: str | None = None
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an update is: documents done of all, the one being read, passages kept by now in this update."""

    done: int
    total: int
    name: str = ""
    computed: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage that was found.

    Attributes:
        document: path of its file (of a project's text: its name).
        title: of the document.
        place: "page 3", "“Methods”", "paragraph 12".
        start, end: its characters in the document's text (end is one past the last).
        score: 0..1, for the order: 1 is first by meaning and by words. Joined ranks, no probability.
        likeness: cosine of the angle between question and passage; 0 when only words were compared.
        words: words of the question that stand in it, as they are written there.
        id: in its index. item_id: of a project's text, else 0.
    """

    document: Path
    title: str
    text: str
    place: str
    start: int
    end: int
    score: float
    likeness: float = 0.0
    words: tuple[str, ...] = ()
    id: int = 0
    item_id: int = 0


@dataclass(frozen=True, slots=True)
class Listed:
    """A document of an index. `problem`: why it could not be read, or None."""

    id: int
    name: str
    path: Path
    title: str
    passages: int
    item_id: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class Points:
    """Vectors for a map, one per passage or document.

    Attributes:
        vectors: float32 [N, F] of length 1.
        passages: the passage of each, or the first one of each document.
    """

    vectors: Vectors
    passages: tuple[Passage, ...] = field(repr=False)


class DocumentIndex:
    """An index in a folder, for one model. Safe to use from several threads; one at a time brings it up to date."""

    def __init__(self, folder: Path, paths: AppPaths, card: ModelCard) -> None:
        self.folder = folder
        self.card = card
        self._paths = paths
        self._store = DocumentStore(folder / _key(card))

    @classmethod
    def open(cls, folder: Path, paths: AppPaths, card: ModelCard | None = None) -> DocumentIndex:
        """The index kept in `folder`, with or without anything in it yet. Quick: no model is loaded.

        Args:
            card: a model for "sentence-embedding"; the built-in one unless given. Each model has its own vectors.

        Raises:
            UserError: when the model gives no vectors of meaning.
        """
        return cls(folder, paths, checked(card) if card is not None else usual_embedder())

    # Coming in --------------------------------------------------------------------------------------------------------

    def update(self, sources: Sequence[Path], control: Control | None = None) -> Iterator[Progress]:
        """Bring it up to date: exactly the documents of these files, and of these folders and below them, are in it.

        What cannot be read is in `documents()` with its problem. A folder that is not there now (a drive that is not
        plugged in) keeps what is known of it.

        Raises:
            UserError: when another window is at it, a folder cannot be read, or nothing can be kept.
            Cancelled: when asked to stop; what was read so far is kept.
        """
        control = control or Control()
        control.progress(0, 0, "Looking for documents")
        wanted, away = file_sources(sources, control)
        yield from self.update_sources(wanted, control, away)

    def update_sources(
        self, wanted: Sequence[Source], control: Control | None = None, away: Sequence[Path] = ()
    ) -> Iterator[Progress]:
        """As `update`, for documents from anywhere. `away`: documents below these paths stay though they are not there."""
        control = control or Control()
        with self._store.writing():
            yield from self._fill(wanted, away, control)

    def _fill(self, wanted: Sequence[Source], away: Sequence[Path], control: Control) -> Iterator[Progress]:
        known = self._store.known()
        self._store.tidy()
        states: dict[bytes, tuple[int, int]] = {}
        for number, source in enumerate(wanted):
            if number % 500 == 0:
                control.check()
            states[source.key] = _state(source)
        gone = [
            k.id for key, k in known.items() if key not in states and not any(_is_below(key, folder) for folder in away)
        ]
        self._store.drop(gone)
        new = [s for s in wanted if not _is_known(known.get(s.key), states[s.key])]
        done = len(wanted) - len(new)
        yield Progress(done, len(wanted))
        if not new:
            return
        intake = _Intake(self, self._store, control)
        for source in new:
            control.check()
            control.progress(done, len(wanted), f"Reading documents: {done + 1:,} of {len(wanted):,}")
            for computed in intake.take(source, states[source.key]):
                yield Progress(done, len(wanted), source.name, computed)
            done += 1
            yield Progress(done, len(wanted), source.name, intake.computed)
        intake.flush()
        yield Progress(done, len(wanted), "", intake.computed)

    def model(self, control: Control) -> AbstractContextManager[Network]:
        """The model, for this caller alone: to be held briefly, since searching needs it while documents come in."""
        return shared_pool().use_network(self.card, "auto", control, self._paths)

    # What there is ------------------------------------------------------------------------------------------------------

    def documents(self) -> list[Listed]:
        """All documents, in order of name; also those that could not be read."""
        with self._store.reading() as sql:
            if sql is None:
                return []
            rows = sql.execute(
                "SELECT d.id, d.name, d.path, d.title, d.item, d.message, d.hint,"
                " (SELECT COUNT(*) FROM passages p WHERE p.document = d.id) FROM documents d ORDER BY d.name, d.id"
            )
            return [
                Listed(
                    number, name, _path(path), title, count, item,
                    Problem(name, message, hint, str(_path(path))) if message else None,
                )
                for number, name, path, title, item, message, hint, count in rows
            ]  # fmt: skip

    def problems(self) -> list[Problem]:
        """Documents that could not be read."""
        return [d.problem for d in self.documents() if d.problem is not None]

    def count(self) -> tuple[int, int]:
        """Documents that were read, and their passages."""
        with self._store.reading() as sql:
            if sql is None:
                return 0, 0
            documents = sql.execute("SELECT COUNT(*) FROM documents WHERE message = ''").fetchone()[0]
            return int(documents), int(sql.execute("SELECT COUNT(*) FROM passages").fetchone()[0])

    def text_of(self, document: int) -> str:
        """A document's text as it was read, put together again from its passages (what lay between them is a blank)."""
        with self._store.reading() as sql:
            return _joined(sql, document, 0, 1 << 60)[0] if sql is not None else ""

    def surroundings(self, passage: Passage, characters: int = 4000) -> tuple[str, int, int]:
        """Text around a passage, and where the passage is in it (characters)."""
        with self._store.reading() as sql:
            document = _document_of(sql, passage.id) if sql is not None else None
            if sql is None or document is None:
                return passage.text, 0, len(passage.text)
            text, first = _joined(sql, document, passage.start - characters, passage.end + characters)
        return text, passage.start - first, passage.end - first

    def points(self, by_document: bool = False, control: Control | None = None) -> Points:
        """Vectors of all passages, or of all documents (the mean of their passages), in order of documents."""
        import numpy as np

        control = control or Control()
        with self._store.reading() as sql:
            kept = self._store.vectors(sql) if sql is not None else None
            if sql is None or kept is None:
                return Points(np.zeros((0, 1), np.float32), ())
            rows = sql.execute(
                "SELECT p.document, p.row, p.id FROM passages p JOIN documents d ON d.id = p.document"
                " ORDER BY d.name, d.id, p.number"
            ).fetchall()
            if by_document:
                found: dict[int, list[int]] = {}
                firsts: list[int] = []
                for document, row, passage in rows:
                    if document not in found:
                        firsts.append(passage)
                    found.setdefault(document, []).append(row)
                vectors = np.zeros((len(found), kept.shape[1]), np.float32)
                for place, own in enumerate(found.values()):
                    control.check()
                    for start in range(0, len(own), _BLOCK):
                        vectors[place] += kept[own[start : start + _BLOCK]].astype(np.float32).sum(axis=0)
                ids = firsts
            else:
                vectors = np.zeros((len(rows), kept.shape[1]), np.float32)
                for start in range(0, len(rows), _BLOCK):
                    control.check()
                    vectors[start : start + _BLOCK] = kept[[row for _, row, _ in rows[start : start + _BLOCK]]]
                ids = [passage for _, _, passage in rows]
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            passages_by_id = _passages(sql, ids)
        return Points(vectors, tuple(passages_by_id[n] for n in ids))

    # Searching ----------------------------------------------------------------------------------------------------------

    def search(self, question: str, top: int = 10, control: Control | None = None) -> list[Passage]:
        """The passages that answer a question best, by meaning and by words.

        Raises:
            UserError: when the model or the index cannot be read.
            Cancelled: when asked to stop.
        """
        control = control or Control()
        if not question.strip() or top < 1 or not self.count()[1]:
            return []
        with self.model(control) as model:
            vector = embed_texts([question], model, control, "query")[0]
        return self._ranked(vector, question, top, control)

    def search_words(self, question: str, top: int = 10) -> list[Passage]:
        """By words alone (BM25), with no model: at once."""
        with self._store.reading() as sql:
            if sql is None:
                return []
            ids = _by_words(sql, question, max(top, 1))
            shares = _shares(sql, question, ids)
            found = _passages(sql, ids)
        return [
            replace(found[n], score=2 * _fused(None, rank, shares[n]), words=_matched(found[n].text, question))
            for rank, n in enumerate(ids)
        ][: max(0, top)]

    def more_like(self, passage: Passage, top: int = 10, control: Control | None = None) -> list[Passage]:
        """Passages that mean something alike, without the given one and those that overlap with it. As `search`."""
        import numpy as np

        with self._store.reading() as sql:
            kept = self._store.vectors(sql) if sql is not None else None
            row = sql.execute("SELECT row FROM passages WHERE id = ?", (passage.id,)).fetchone() if sql else None
            if kept is None or row is None:
                return self.search(passage.text, top, control)
            vector = kept[row[0]].astype(np.float32)
        found = self._ranked(vector, "", top + 4, control or Control())
        apart = [p for p in found if p.document != passage.document or p.end <= passage.start or p.start >= passage.end]
        return apart[:top]

    def best_sentences(
        self, question: str, found: Sequence[Passage], control: Control | None = None
    ) -> list[tuple[int, int]]:
        """Of each passage, the sentence that comes nearest to a question: characters of the passage's text.

        Raises:
            UserError: when the model cannot be loaded.
            Cancelled: when asked to stop.
        """
        control = control or Control()
        parts = [list(sentences(p.text)) or [(0, len(p.text))] for p in found]
        texts = [p.text[s:e] for p, own in zip(found, parts, strict=True) for s, e in own]
        if not texts or not question.strip():
            return [(0, 0)] * len(found)
        with self.model(control) as model:
            asked = embed_texts([question], model, control, "query")[0]
            near = (embed_texts(texts, model, control) @ asked).tolist()
        best, at = [], 0
        for own in parts:
            scores = near[at : at + len(own)]
            best.append(own[scores.index(max(scores))])
            at += len(own)
        return best

    def _ranked(self, vector: Vectors, question: str, top: int, control: Control) -> list[Passage]:
        with self._store.reading() as sql:
            kept = self._store.vectors(sql) if sql is not None else None
            if sql is None or kept is None:
                return []
            if kept.shape[1] != len(vector):
                raise UserError("The index of these documents is of another model.", "Have the documents read again.")
            near = _by_meaning(sql, kept, vector, max(_RANKED, top), control)
            words = _by_words(sql, question, max(_RANKED, top))
            shares = _shares(sql, question, words)
            places = {n: rank for rank, (n, _) in enumerate(near)}
            # More like this has no words: likeness alone decides.
            named = {n: (rank, shares[n]) for rank, n in enumerate(words)} if question else {}
            scores = {
                n: _fused(places.get(n), *(named.get(n, (None, 0.0)) if question else (places.get(n), 1.0)))
                for n in {*places, *named}
            }
            chosen = sorted(scores, key=lambda n: (-scores[n], places.get(n, len(places)), n))[:top]
            found = _passages(sql, chosen)
            likeness = dict(near) | _likeness(sql, kept, vector, [n for n in chosen if n not in places])
        return [
            replace(found[n], score=scores[n], likeness=likeness[n], words=_matched(found[n].text, question))
            for n in chosen
        ]


# Coming in --------------------------------------------------------------------------------------------------------------


class _Intake:
    """Documents on their way in: passages of several wait until there are enough for a batch."""

    def __init__(self, index: DocumentIndex, store: DocumentStore, control: Control) -> None:
        self.computed = 0
        self._index = index
        self._store = store
        self._control = control
        with index.model(control) as model:
            self._budget = budget(model)
        self._waiting: list[tuple[_Coming, NewPassage]] = []

    def take(self, source: Source, state: tuple[int, int]) -> Iterator[int]:
        """Read a document; gives the number of passages looked at whenever some were."""
        path = str(source.path).encode("utf-8", "surrogatepass")
        try:
            if source.text is not None:
                found = assembled(source.path, source.name, map(Block, source.text.split("\n\n")), self._control)
            else:
                found = read_document(source.path, self._control)
        except UserError as error:
            self._store.refuse(source.key, source.name, path, source.item_id, *state, error)
            return
        number, there = self._store.begin(source.key, source.name, path, source.item_id, found.title)
        coming = _Coming(number, state, [])
        for place, cut in enumerate(passages(found, self._count, self._budget, self._control)):
            passage = NewPassage(place, cut.start, cut.end, cut.place, found.text[cut.start : cut.end])
            same = there.get(passage.text)
            if same:
                coming.kept.append((same.pop(), passage))
                continue
            coming.missing += 1
            self._waiting.append((coming, passage))
            if len(self._waiting) >= _TOGETHER:
                self._look()
                yield self.computed
        coming.read = True
        self._settle(coming)

    def _count(self, texts: Sequence[str]) -> list[int]:
        with self._index.model(self._control) as model:
            return counter(model)(texts)

    def flush(self) -> None:
        """What still waits."""
        if self._waiting:
            self._look()

    def _look(self) -> None:
        batch, self._waiting = self._waiting, []
        with self._index.model(self._control) as model:
            vectors = embed_texts([p.text for _, p in batch], model, self._control)
        ids = self._store.put([(coming.document, p) for coming, p in batch], vectors)
        self.computed += len(batch)
        for (coming, passage), number in zip(batch, ids, strict=True):
            coming.kept.append((number, passage))
            coming.missing -= 1
        for coming in {id(c): c for c, _ in batch}.values():
            self._settle(coming)

    def _settle(self, coming: _Coming) -> None:
        if coming.read and not coming.missing:
            self._store.finish(coming.document, *coming.state, coming.kept)


@dataclass
class _Coming:
    """A document of which passages are still missing."""

    document: int
    state: tuple[int, int]
    kept: list[tuple[int, NewPassage]]
    missing: int = 0
    read: bool = False


def file_sources(paths: Sequence[Path], control: Control | None = None) -> tuple[list[Source], list[Path]]:
    """All documents of files and folders, each once, and the paths that are not there.

    Files that were named are taken whatever their kind, so that it is said when they cannot be read.

    Raises:
        UserError: when a folder may not be read. Cancelled: when asked to stop.
    """
    from workbench.data.importers.folders import walk

    control = control or Control()
    found: dict[bytes, Source] = {}
    away = []
    for path in (p.absolute() for p in paths):
        if path.is_dir():
            files = [f for f in walk(path, control) if is_document(f) or other_document(f)]
            named = [(f.relative_to(path).as_posix(), f) for f in files]
        elif path.exists():
            named = [(path.name, path)]
        else:
            away.append(path)
            continue
        for name, file in named:
            key = str(file).encode("utf-8", "surrogatepass")
            found.setdefault(key, Source(key, name, file))
    return list(found.values()), away


def project_sources(project: Project) -> list[Source]:
    """All texts of a project, in the order they were added. Raises: UserError when there are none."""
    from workbench.data.types import ItemFilter

    items = project.items(project.item_ids(ItemFilter(problems=False)))
    found = [
        Source(f"item {i.id}".encode(), i.name, Path(i.name), i.id, i.text, i.content_hash)
        for i in items
        if i.kind == "text" and i.text is not None
    ]
    if not found:
        raise UserError(f"The project “{project.name}” holds no texts.", "Add documents, or open another project.")
    return found


def index_folder(paths: AppPaths, name: str) -> Path:
    """Where the index of a place (a folder's absolute path, a project) is kept unless another folder is wanted."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return paths.cache / "documents" / digest


def _key(card: ModelCard) -> str:
    """Names a model as it reads, without loading it. A model that was trained again has another folder."""
    source = card.source
    said = [card.options.get(f"before_{kind}", "") for kind in ("query", "passage")]
    text = f"{_VERSION}|{card.id}|{source.kind}|{source.ref}|{source.revision}|{card.created}|{card.preparation}|{said}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _state(source: Source) -> tuple[int, int]:
    """By what a changed document is told: time of change and size, or its text's hash. (0, 0): it is gone."""
    if source.text is not None:
        return int(source.hash[:15] or "0", 16), len(source.text)
    try:
        found = source.path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _is_known(known: object, state: tuple[int, int]) -> bool:
    from workbench.engine.document_store import Known

    return isinstance(known, Known) and known.whole and (known.changed, known.bytes) == state


def _is_below(key: bytes, folder: Path) -> bool:
    own = str(folder).encode("utf-8", "surrogatepass")
    return key == own or key.startswith((own + b"/", own + b"\\"))


# Searching --------------------------------------------------------------------------------------------------------------


def _fused(meaning: int | None, words: int | None, share: float) -> float:
    """Reciprocal rank fusion of two ranks from 0 (None: not ranked), so that two first places make 1.

    The place by words counts by the square of the share of the question's words that are there: the first place by words
    may be one for a single common word of a long question. A name or a number asked for has its full weight.
    """
    one = 0.5 * (_CONSTANT + 1)
    by_meaning = one / (_CONSTANT + 1 + meaning) if meaning is not None else 0.0
    return by_meaning + (share**2 * one / (_CONSTANT + 1 + words) if words is not None else 0.0)


def _by_meaning(
    sql: sqlite3.Connection, kept: npt.NDArray[np.float16], vector: Vectors, top: int, control: Control
) -> list[tuple[int, float]]:
    """(id, cosine) of the nearest passages, the nearest first. Exact: every row is compared."""
    import numpy as np

    near = np.empty(len(kept), np.float32)
    for start in range(0, len(near), _BLOCK):
        control.check()
        near[start : start + _BLOCK] = kept[start : start + _BLOCK].astype(np.float32) @ vector
    # Rows of passages that are gone are in the file still: more are taken until enough are alive.
    wanted = top
    while True:
        wanted = min(wanted * 2, len(near))
        rows = np.argpartition(-near, wanted - 1)[:wanted] if wanted < len(near) else np.arange(len(near))
        alive = _ids_of_rows(sql, rows.tolist())
        if len(alive) >= top or wanted == len(near):
            break
    ranked = sorted(((alive[row], float(near[row])) for row in alive), key=lambda pair: (-pair[1], pair[0]))
    return ranked[:top]


def _ids_of_rows(sql: sqlite3.Connection, rows: Sequence[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        marks = ",".join("?" * len(part))
        found |= dict(sql.execute(f"SELECT row, id FROM passages WHERE row IN ({marks})", part).fetchall())
    return found


def _likeness(
    sql: sqlite3.Connection, kept: npt.NDArray[np.float16], vector: Vectors, ids: Sequence[int]
) -> dict[int, float]:
    import numpy as np

    found = {}
    for number in ids:
        row = sql.execute("SELECT row FROM passages WHERE id = ?", (number,)).fetchone()[0]
        found[number] = float(kept[row].astype(np.float32) @ vector)
    return found


def _terms(question: str) -> list[str]:
    """What is looked up: each word, its parts in a row ("ISO-9001" is "iso 9001"); little words only when all are."""
    terms: list[str] = []
    for word in question.split():
        term = spaced(word)
        if term and term not in terms:
            terms.append(term)
    little = stop_words_of(terms)
    return [t for t in terms if t not in little] or terms


def _by_words(sql: sqlite3.Connection, question: str, top: int) -> list[int]:
    """Ids of the passages that hold words of a question, the best by BM25 first. The last word may be half typed."""
    asked = _asked(question)
    if not asked:
        return []
    rows = sql.execute(
        "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid LIMIT ?", (" OR ".join(asked), top)
    )
    return [int(number) for (number,) in rows]


def _shares(sql: sqlite3.Connection, question: str, ids: Sequence[int]) -> dict[int, float]:
    """Which share of a question's words each of these passages holds, rare words counting more (as in BM25)."""
    if not ids:
        return {}
    total = int(sql.execute("SELECT COUNT(*) FROM passages").fetchone()[0])
    held, whole = dict.fromkeys(ids, 0.0), 0.0
    for term in _asked(question):
        holders = {number for (number,) in sql.execute("SELECT rowid FROM words WHERE words MATCH ?", (term,))}
        weight = math.log(1 + (total - len(holders) + 0.5) / (len(holders) + 0.5))
        whole += weight
        for number in holders & held.keys():
            held[number] += weight
    return {number: own / max(whole, 1e-12) for number, own in held.items()}


def _asked(question: str) -> list[str]:
    """A question's words as FTS5 looks them up."""
    terms = _terms(question)
    asked = [f'"{term}"' for term in terms]
    if terms and _half_typed(question, terms):
        asked[-1] += "*"
    return asked


def _half_typed(question: str, terms: Sequence[str]) -> bool:
    """Whether more letters may follow on the last term."""
    return not question[-1:].isspace() and spaced(question.split()[-1]) == terms[-1] and len(terms[-1]) > 2


def _matched(text: str, question: str) -> tuple[str, ...]:
    """The words of a question as they stand in a text, each once."""
    terms = _terms(question)
    begun = terms[-1] if terms and _half_typed(question, terms) else ""
    words = [(w.start, w.end, w.folded.replace("'", "")) for w in words_of(text)]
    found: dict[str, str] = {}
    for term in terms:
        parts = term.split(" ")
        for at in range(len(words) - len(parts) + 1):
            row = words[at : at + len(parts)]
            same = all(w[2] == part for w, part in zip(row, parts, strict=True))
            if same or (term == begun and len(parts) == 1 and row[0][2].startswith(term)):
                found.setdefault(term, text[row[0][0] : row[-1][1]])
                break
    return tuple(found.values())


def _passages(sql: sqlite3.Connection, ids: Sequence[int]) -> Mapping[int, Passage]:
    found: dict[int, Passage] = {}
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        rows = sql.execute(
            "SELECT p.id, d.path, d.title, p.text, p.place, p.start, p.finish, d.item FROM passages p"
            f" JOIN documents d ON d.id = p.document WHERE p.id IN ({','.join('?' * len(part))})",
            part,
        )
        for number, path, title, text, place, first, last, item in rows:
            found[number] = Passage(_path(path), title, text, place, first, last, 0.0, id=number, item_id=item)
    return found


def _document_of(sql: sqlite3.Connection, passage: int) -> int | None:
    found = sql.execute("SELECT document FROM passages WHERE id = ?", (passage,)).fetchone()
    return int(found[0]) if found else None


def _joined(sql: sqlite3.Connection, document: int, start: int, end: int) -> tuple[str, int]:
    """The passages of a document that touch these characters, laid over each other; and where the first begins."""
    rows = sql.execute(
        "SELECT start, finish, text FROM passages WHERE document = ? AND finish > ? AND start < ? ORDER BY start",
        (document, start, end),
    ).fetchall()
    if not rows:
        return "", 0
    first = rows[0][0]
    parts: list[str] = []
    at = first
    for begins, ends, text in rows:
        if begins > at:
            parts.append("\n\n" if begins - at >= 2 else " ")
            parts.append(" " * (begins - at - len(parts[-1])))
            at = begins
        if ends > at:
            parts.append(text[at - begins :])
            at = ends
    return "".join(parts), first


def _path(stored: bytes) -> Path:
    return Path(stored.decode("utf-8", "surrogatepass"))
