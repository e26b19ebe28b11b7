"""An index over many pictures: what each looks like as a vector, kept on disk, so that a hundred thousand can be searched.

The vectors are the picture starter's pooled features, of length 1. Only new and changed files are looked at; a stop or a
crash loses at most the batch that was on its way.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import atomic
from workbench.app_paths import AppPaths, app_paths
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.lock import FileLock
from workbench.data.types import ItemFilter, Sample, Window, content_key
from workbench.engine.features import FeatureCache
from workbench.engine.pool import shared_pool
from workbench.engine.readers import Readers
from workbench.errors import Problem, UserError
from workbench.runtimes.stopping import between_layers

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from workbench.data.project import Project
    from workbench.runtimes.network import Network

    Vectors = npt.NDArray[np.float32]

# Raised when what is kept about a picture changes.
_VERSION = 1
_BATCH = 8
_READERS = 3
_INDEXES_KEPT = 24
_SHARP_SIDE = 256
_SCHEMA = """CREATE TABLE IF NOT EXISTS pictures (
    path BLOB PRIMARY KEY, changed INTEGER NOT NULL, bytes INTEGER NOT NULL, hash TEXT NOT NULL, row INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, sharpness REAL NOT NULL, signature BLOB NOT NULL,
    message TEXT NOT NULL, hint TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS pictures_hash ON pictures(hash);"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that shall be in an index: what it is called there, and the file.

    `item_id`: of a project, else 0. `window`: how it is read when it has more than 256 greys.
    """

    name: str
    path: Path
    item_id: int = 0
    window: Window | None = None

    def sample(self) -> Sample:
        return Sample("picture", self.name, path=self.path, window=self.window)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of an index.

    Attributes:
        sharpness: how strongly neighbouring points differ, comparable between sizes of the same picture.
        row: of its vector.
        signature: as `data.similar.signature`.
    """

    name: str
    path: Path
    item_id: int
    content_hash: str
    size: int
    width: int
    height: int
    sharpness: float
    row: int
    signature: bytes
    window: Window | None = None

    def sample(self) -> Sample:
        return Sample("picture", self.name, path=self.path, window=self.window)


@dataclass(frozen=True)
class PictureIndex:
    """What was found in one place.

    Attributes:
        pictures: in the order of the entries.
        vectors: float16 [R, F] on disk; the rows of `pictures` are of length 1.
        problems: files that could not be read.
        computed: how many pictures a network had to look at this time.
    """

    pictures: tuple[Picture, ...]
    vectors: npt.NDArray[np.float16]
    problems: tuple[Problem, ...]
    computed: int

    def rows(self) -> npt.NDArray[np.int64]:
        """int64 [N]: the rows of `vectors` in the order of `pictures`."""
        import numpy as np

        return np.fromiter((p.row for p in self.pictures), np.int64, len(self.pictures))

    def vectors_of(self, places: Sequence[int]) -> Vectors:
        """float32 [P, F]."""
        import numpy as np

        return self.vectors[[self.pictures[p].row for p in places]].astype(np.float32)


def folder_entries(folder: Path, control: Control | None = None) -> list[Entry]:
    """All pictures below a folder, in order of name. Raises: UserError when there are none, or it cannot be read."""
    from workbench.data.importers.folders import walk
    from workbench.data.media import is_picture

    if not folder.is_dir():
        raise UserError(f"The folder “{folder.name}” is not there.", "Check the name.")
    found = [Entry(f.relative_to(folder).as_posix(), f) for f in walk(folder, control or Control()) if is_picture(f)]
    if not found:
        raise UserError(f"The folder “{folder.name}” holds no pictures.", "Choose another folder.")
    return found


def project_entries(project: Project) -> tuple[str, list[Entry]]:
    """All pictures of a project in the order they were added, and the key of their index.

    Raises:
        UserError: when there are none.
    """
    window = project.window
    items = project.items(project.item_ids(ItemFilter(problems=False)))
    found = [Entry(i.name, i.path, i.id, i.window) for i in items if i.kind == "picture" and i.path is not None]
    if not found:
        raise UserError(f"The project “{project.name}” holds no pictures.", "Choose a folder of pictures.")
    # Read through another window, all of them look different.
    return f"{project.folder.absolute()}|{window}", found


def picture_card() -> ModelCard:
    """The model whose features are used: the built-in one, always there."""
    return Catalog.load().get("picture-starter")


def embed(samples: Sequence[Sample], control: Control | None = None) -> tuple[Vectors, list[Problem]]:
    """Vectors of pictures from anywhere, float32 [N, F] of length 1; what cannot be read is a problem and left out.

    Raises:
        Cancelled: when asked to stop.
    """
    import numpy as np

    control = control or Control()
    cache = FeatureCache(app_paths().cache / "features")
    problems: list[Problem] = []
    with shared_pool().use_network(picture_card(), "auto", control) as model:
        looked = []
        for sample in samples:
            control.check()
            try:
                looked.append(_look(sample, model))
            except UserError as error:
                problems.append(Problem.of(sample.name, error, str(sample.path or "")))
        found = [
            v for n in range(0, len(looked), _BATCH) for v in _vectors(looked[n : n + _BATCH], model, cache, control)[0]
        ]
        width = model.feature_width
    return np.array(found, np.float32).reshape(len(found), width), problems


def update_index(
    key: str, entries: Iterable[Entry], control: Control | None = None, paths: AppPaths | None = None
) -> PictureIndex:
    """Bring the index called `key` up to date and hand it out.

    Args:
        key: names the place (the folder's absolute path); an index is kept for each.

    Raises:
        UserError: when another window is at it, or it cannot be written.
        Cancelled: when asked to stop; what was looked at so far is kept.
    """
    control = control or Control()
    paths = paths or app_paths()
    wanted = list(entries)
    with shared_pool().use_network(picture_card(), "auto", control, paths) as model:
        store = _Store(_folder(key, model, paths), model.feature_width)
        with store.locked():
            computed = _fill(store, wanted, model, FeatureCache(paths.cache / "features"), control)
            index = store.index(wanted, computed)
    _forget_old(paths.cache / "similar")
    return index


def _folder(key: str, model: Network, paths: AppPaths) -> Path:
    from workbench.tasks.image_classification import TASK

    text = f"{_VERSION}|{model.weights_hash}|{TASK.preparation_key(model)}|{key}"
    return paths.cache / "similar" / hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _forget_old(folder: Path) -> None:
    """The indexes that were not used for longest go: they can be made again."""
    import shutil

    found = sorted(folder.iterdir(), key=lambda f: (f / "index.db").stat().st_mtime if (f / "index.db").exists() else 0)
    for old in found[:-_INDEXES_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


# Looking at files ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Looked:
    content_hash: str
    key: str
    size: int
    width: int
    height: int
    sharpness: float
    signature: bytes
    prepared: Mapping[str, Any]


def _look(sample: Sample, model: Network) -> _Looked:
    """Everything a file must be opened for, opened once. Raises: UserError."""
    from workbench.data import similar
    from workbench.data.media import read_bytes, read_picture
    from workbench.tasks.image_classification import TASK

    data = sample.data if sample.data is not None else read_bytes(sample.path or Path())
    digest = hashlib.sha256(data).hexdigest()
    opened = read_picture(replace(sample, data=data), max_side=max(_SHARP_SIDE, model.preparation.size * 4))
    if min(opened.picture.size) < 2:
        raise UserError("The picture is only a point.", "Choose a larger one.")
    return _Looked(
        digest, content_key(digest, sample.window), len(data), opened.width, opened.height,
        sharpness(opened.picture), similar.signature(opened.picture), TASK.prepare_opened(opened, model),
    )  # fmt: skip


def sharpness(picture: Any) -> float:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000) of the grey picture at about 256 pixels."""
    import numpy as np
    from PIL.Image import Resampling

    scale = _SHARP_SIDE / max(picture.size)
    size = tuple(max(4, round(side * scale)) for side in picture.size)
    grey = np.asarray(picture.convert("L").resize(size, Resampling.BICUBIC), dtype=np.float32)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * grey[1:-1, 1:-1]).var())


def _vectors(
    looked: Sequence[_Looked], model: Network, cache: FeatureCache, control: Control
) -> tuple[list[Vectors], int]:
    """Vectors of length 1 of a few pictures, and for how many the network was asked."""
    import numpy as np
    import torch

    from workbench.tasks.image_classification import TASK

    prefix = f"{model.weights_hash}/{TASK.preparation_key(model)}/"
    known = cache.get([prefix + one.key for one in looked])
    missing = [one for one in looked if prefix + one.key not in known]
    if missing:
        with torch.inference_mode(), between_layers(model.network, control):
            values = model.features(TASK.collate([one.prepared for one in missing], model)).cpu().numpy()
        fresh = {prefix + one.key: v.astype(np.float32).tobytes() for one, v in zip(missing, values, strict=True)}
        cache.put(fresh)
        known |= fresh
    found = []
    for one in looked:
        vector = np.frombuffer(known[prefix + one.key], np.float32)
        found.append(vector / max(float(np.linalg.norm(vector)), 1e-12))
    return found, len(missing)


def _fill(store: _Store, wanted: Sequence[Entry], model: Network, cache: FeatureCache, control: Control) -> int:
    """Look at what is new or changed, drop what is gone. Returns how many the network looked at."""
    control.progress(0, 0, "Looking for new pictures")
    known = store.known()
    states: dict[bytes, tuple[int, int]] = {}
    for number, entry in enumerate(wanted):
        if number % 500 == 0:
            control.check()
        states[_key(entry)] = _state(entry.path)
    store.drop([path for path in known if path not in states])
    missing = [e for e in wanted if known.get(_key(e)) != states[_key(e)]]
    done = len(wanted) - len(missing)
    computed = 0
    with Readers(_READERS, "picture") as readers:
        waiting: dict[int, Future[_Looked]] = {}
        try:
            for start in range(0, len(missing), _BATCH):
                control.check()
                for place in range(start, min(len(missing), start + 3 * _BATCH)):
                    if place not in waiting and place >= start:
                        waiting[place] = readers.submit(_look, missing[place].sample(), model)
                batch = range(start, min(len(missing), start + _BATCH))
                computed += _take(store, [(missing[p], waiting[p]) for p in batch], states, model, cache, control)
                for place in batch:
                    del waiting[place]
                done += len(batch)
                control.progress(done, len(wanted), f"Looking at pictures: {done:,} of {len(wanted):,}")
        finally:
            for future in waiting.values():
                future.cancel()
    return computed


def _take(
    store: _Store,
    batch: Sequence[tuple[Entry, Future[_Looked]]],
    states: Mapping[bytes, tuple[int, int]],
    model: Network,
    cache: FeatureCache,
    control: Control,
) -> int:
    good: list[tuple[Entry, _Looked]] = []
    bad: list[tuple[Entry, UserError]] = []
    for entry, future in batch:
        control.check()
        try:
            good.append((entry, future.result()))
        except UserError as error:
            bad.append((entry, error))
    vectors, computed = _vectors([looked for _, looked in good], model, cache, control)
    store.put(good, vectors, bad, states)
    return computed


def _key(entry: Entry) -> bytes:
    """Names of files may hold what is no text."""
    return str(entry.path).encode("utf-8", "surrogatepass")


def _state(path: Path) -> tuple[int, int]:
    """Time of change and size; by them a file is known again. (0, 0): it is gone, and reading it will say so."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


# On disk ----------------------------------------------------------------------------------------------------------------


class _Store:
    """One index on disk: records in SQLite, vectors in a plain file of float16. May be deleted at any time."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._free: list[int] = []
        self._next = 0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time. Raises: UserError."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "index.lock")
            if not lock.acquire():
                raise UserError("These pictures are being looked at in another window.", "Wait until it is done.")
        except OSError as error:
            raise UserError("What the pictures look like cannot be kept.", "Make room on the disk.") from error
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                # Damaged: begun anew next time.
                (self._folder / "index.db").unlink(missing_ok=True)
            raise UserError(
                "What the pictures look like cannot be kept.", "Make room on the disk and try again."
            ) from error
        finally:
            lock.release()

    def _open(self) -> closing[sqlite3.Connection]:
        connection = sqlite3.connect(self._folder / "index.db", timeout=10)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SCHEMA)
        return closing(connection)

    def known(self) -> dict[bytes, tuple[int, int]]:
        """Time of change and size by path. A file of vectors that is too short makes its records worthless."""
        with self._open() as sql, sql:
            rows = self._rows_on_disk()
            sql.execute("DELETE FROM pictures WHERE row >= ?", (rows,))
            taken = {row for (row,) in sql.execute("SELECT row FROM pictures WHERE row >= 0")}
            self._next = max(taken, default=-1) + 1
            self._free = sorted(set(range(self._next)) - taken, reverse=True)
            return {
                path: (changed, size)
                for path, changed, size in sql.execute("SELECT path, changed, bytes FROM pictures")
            }

    def _rows_on_disk(self) -> int:
        file = self._folder / "vectors.f16"
        return file.stat().st_size // (2 * self._width) if file.exists() else 0

    def drop(self, paths: Sequence[bytes]) -> None:
        """Forget files that are gone."""
        with self._open() as sql, sql:
            for path in paths:
                row = sql.execute("SELECT row FROM pictures WHERE path = ?", (path,)).fetchone()
                if row is not None and row[0] >= 0:
                    self._free.append(row[0])
            sql.executemany("DELETE FROM pictures WHERE path = ?", [(p,) for p in paths])

    def put(
        self,
        good: Sequence[tuple[Entry, _Looked]],
        vectors: Sequence[Vectors],
        bad: Sequence[tuple[Entry, UserError]],
        states: Mapping[bytes, tuple[int, int]],
    ) -> None:
        """Keep a batch: the vectors first, so that no record ever points to nothing."""
        import numpy as np

        records: list[tuple[Any, ...]] = []
        with self._open() as sql:
            old = {
                path: row
                for (path, row) in sql.execute(
                    f"SELECT path, row FROM pictures WHERE path IN ({','.join('?' * (len(good) + len(bad)))})",
                    [_key(e) for e, _ in (*good, *bad)],
                )
                if row >= 0
            }
            file = self._folder / "vectors.f16"
            with file.open("r+b" if file.exists() else "w+b") as stream:
                for (entry, looked), vector in zip(good, vectors, strict=True):
                    row = old.pop(_key(entry), -1)
                    if row < 0:
                        row = self._free.pop() if self._free else self._next
                        self._next = max(self._next, row + 1)
                    stream.seek(row * 2 * self._width)
                    stream.write(vector.astype(np.float16).tobytes())
                    records.append((
                        _key(entry), *states[_key(entry)], looked.content_hash, row, looked.width, looked.height,
                        looked.sharpness, looked.signature, "", "",
                    ))  # fmt: skip
                atomic.sync(stream)
            records += [
                (_key(entry), *states[_key(entry)], "", -1, 0, 0, 0.0, b"", error.message, error.hint)
                for entry, error in bad
            ]
            with sql:
                sql.executemany(f"INSERT OR REPLACE INTO pictures VALUES ({','.join('?' * 11)})", records)
            self._free += old.values()

    def index(self, wanted: Sequence[Entry], computed: int) -> PictureIndex:
        """Everything that is known of the entries."""
        import numpy as np

        with self._open() as sql:
            found = {row[0]: row for row in sql.execute("SELECT * FROM pictures")}
        (self._folder / "index.db").touch()
        pictures, problems = [], []
        for entry in wanted:
            _, _, size, digest, row, width, height, sharp, signature, message, hint = found[_key(entry)]
            if message:
                problems.append(Problem(entry.name, message, hint, str(entry.path)))
            else:
                pictures.append(Picture(
                    entry.name, entry.path, entry.item_id, digest, size, width, height, sharp, row, signature,
                    entry.window,
                ))  # fmt: skip
        file, rows = self._folder / "vectors.f16", self._rows_on_disk()
        if rows:
            vectors: Any = np.memmap(file, np.float16, "r", shape=(rows, self._width))
        else:
            vectors = np.zeros((0, self._width), np.float16)
        return PictureIndex(tuple(pictures), vectors, tuple(problems), computed)
