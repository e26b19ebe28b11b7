"""What every test stands on: its own home folder, no network, Qt without a screen, and a few small data sets."""

from __future__ import annotations

import gc
import os
import random
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Several tests run at once, on few cores and on small networks: threads that wait for each other are slow.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Read by the libraries when they are first imported, so it must stand before any test module is. Nothing listens
# there: a test that wants a hub starts one on loopback.
os.environ["HF_ENDPOINT"] = "http://127.0.0.1:9"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ.pop("HF_TOKEN", None)

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.usual_threads import usual_threads
from workbench import guard, memory
from workbench.app_paths import resources
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project

# The same examples at each run, so that a change is judged by what it changes. WORKBENCH_FUZZ=1 looks for new ones, and keeps
# what it finds. How long one takes (hypothesis gives it a fifth of a second) says how busy the computer is.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_PATIENT)
settings.register_profile("fuzz", derandomize=False, print_blob=True, **_PATIENT)
settings.load_profile("fuzz" if os.environ.get("WORKBENCH_FUZZ") else "same")

# torch's own, of a process in which nobody has set one.
_TORCHS_SEED = 67280421310721
# What libraries that only tests use pass to themselves as pickles.
TEST_TOOLS: tuple[str, ...] = ()

# So many modules more are a library that was imported in the meantime.
_LIBRARY = 40
_seen = {"modules": 0}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Five thousand tests and the libraries they import are a million things that stay. Python would look through all of them for
    what nobody holds any more, again and again: a third of the time in which the tests are collected, and much of the rest.
    As in the app (workbench/garbage.py) nothing is looked for meanwhile, and what is there then is put aside."""
    memory.few_heaps()
    gc.disable()
    try:
        return (yield)
    finally:
        _put_aside()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """What a test has loaded is not there for the next one: its home, and the models in it, are its own. The app keeps models
    warm up to a share of the memory, which a process of hundreds of tests would fill; only the bundled starters stay.

    After a module's last test nothing of it is in use: what is free goes back, and what it has imported is put aside."""
    done = yield  # here, and not in a fixture: what a test has put in the place of the pool is gone by now
    pool = sys.modules.get("workbench.engine.pool")
    if pool is not None:
        pool.shared_pool().keep_only(lambda card: card.source.kind in ("wheel", "bundled"))
    if nextitem is None or nextitem.path != item.path:
        if len(sys.modules) - _seen["modules"] >= _LIBRARY:
            gc.collect()
            _put_aside()
        memory.give_back()
    return done


def _put_aside() -> None:
    _seen["modules"] = len(sys.modules)
    gc.freeze()


@pytest.fixture(autouse=True)
def workbench_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has settings, cache, projects and models of its own."""
    home = tmp_path / "workbench-home"
    monkeypatch.setenv("WORKBENCH_HOME", str(home))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "other-hub"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    # A test does not wait for a server as a person would.
    monkeypatch.setattr("workbench.hub.http.PAUSE", 0.02)
    return home


@pytest.fixture(autouse=True)
def batches_off_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many items are computed together does not hang on how quick this computer is at the moment: a sum of other sizes
    differs in its last digits, and so would two answers that are compared."""
    monkeypatch.setattr("workbench.engine.predict._SOON_SECONDS", 0.0)
    monkeypatch.setattr("workbench.engine.predict._PART_SECONDS", 1e9)


@pytest.fixture(autouse=True)
def chance_begins_anew() -> None:
    """Networks that a test makes up have the same weights whichever tests ran before it, or none. The seeds are those with
    which the libraries themselves begin, or would if they were asked to."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(_TORCHS_SEED)


@pytest.fixture(autouse=True)
def nothing_unasked() -> Iterator[None]:
    """The whole suite runs under the app's own watch: no test may make it reach out, or name a program in a pickle."""
    guard.stand(modules=TEST_TOOLS)
    before = guard.refused()
    yield
    assert guard.refused() == before


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch computes with one thread in this test's own."""
    with usual_threads(1):
        yield


@pytest.fixture
def catalog(workbench_home: Path) -> Catalog:
    return Catalog.load()


@pytest.fixture
def digits_folder(tmp_path: Path) -> Callable[..., Path]:
    """`digits_folder(("one", "two"), 15)`: a folder per class with so many of the sample digits each."""

    def make(names: tuple[str, ...] = ("one", "two", "three"), each: int = 12, first: int = 0) -> Path:
        folder = tmp_path / "my digits"
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
            for file in sorted((resources() / "samples" / "digits" / name).glob("*.png"))[first : first + each]:
                (folder / name / file.name).write_bytes(file.read_bytes())
        return folder

    return make


@pytest.fixture
def make_project() -> Iterator[Callable[[Path], Project]]:
    """`make_project(path)`: a new project with everything of a folder or a table in it; closed at the end."""
    from workbench.data.importers import sniff
    from workbench.engine.journey import project_from_plan

    made: list[Project] = []

    def make(path: Path) -> Project:
        project, _ = project_from_plan(sniff([path]))
        made.append(project)
        return project

    yield make
    for project in made:
        project.close()
