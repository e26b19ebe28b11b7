"""A training taken elsewhere: its folder, several processes, and the way back."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.app_paths import for_this_program
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.types import Split
from workbench.engine.elsewhere.back import bring_back
from workbench.engine.elsewhere.execute import run_training
from workbench.engine.elsewhere.layout import About
from workbench.engine.elsewhere.names import is_result, is_training
from workbench.engine.elsewhere.write import Choices, size_of, write_bundle
from workbench.engine.events import EpochDone, Finished, How, RunConfig
from workbench.engine.fit import fit, new_config
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.engine.quick import Looked, look
from workbench.engine.run import prepare
from workbench.engine.together import Together
from workbench.errors import Cancelled, UserError
from workbench.tasks.registry import get_pooled

MakeProject = Callable[[Path], Project]
Digits = Callable[..., Path]


@pytest.fixture
def project(digits_folder: Digits, make_project: MakeProject) -> Project:
    """30 digits in three classes."""
    return make_project(digits_folder(each=10))


def config_of(project: Project, catalog: Catalog, how: How = How.QUICK, **options: object) -> RunConfig:
    card, _ = catalog.suggest(project.task_id)
    return new_config(project, card, how, device="cpu", **options)


@pytest.fixture
def bundle(project: Project, catalog: Catalog, tmp_path: Path) -> Path:
    """A Quick training taken elsewhere."""
    return write_bundle(config_of(project, catalog), project, catalog, tmp_path / "away").folder


def weights(folder: Path) -> dict[str, object]:
    from safetensors.torch import load_file

    return dict(load_file(folder / "model.safetensors"))


def furthest(one: Path, other: Path) -> float:
    """The largest difference of a weight between two model folders."""
    first, second = weights(one), weights(other)
    assert set(first) == set(second)
    return max(float((first[n].double() - second[n].double()).abs().max()) for n in first)  # type: ignore[attr-defined]


def last_round(folder: Path) -> tuple[float, float]:
    """What a run elsewhere said at the end of its last round: losses while it learnt, and of what it is checked on."""
    lines = [json.loads(line) for line in (folder / "result" / "events.jsonl").read_text().splitlines()]
    said = [line for line in lines if line["kind"] == "epoch"][-1]
    return said["train_loss"], said["validation_loss"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def pair(command: list[str], log: Path) -> list[subprocess.Popen[bytes]]:
    """Two processes that find each other by gloo on loopback."""
    port, started = str(free_port()), []
    for rank in ("0", "1"):
        environment = for_this_program() | {
            "RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port,
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        with log.with_suffix(f".{rank}").open("wb") as stream:
            started.append(
                subprocess.Popen([sys.executable, *command], env=environment, stdout=stream, stderr=subprocess.STDOUT)
            )
    return started


def words_of(log: Path) -> str:
    return "".join(log.with_suffix(f".{rank}").read_text() for rank in "01")


# As the processes have: another number of threads adds up in another order, and the first head, which stops after a number of
# steps, makes thousandths of such millionths.
@pytest.mark.usefixtures("one_thread")
def test_elsewhere_gives_the_same_model_in_one_process_and_in_two_that_were_killed(
    project: Project, catalog: Catalog, tmp_path: Path
) -> None:
    # Classes of different sizes that count differently: what each of two processes has of them must not matter.
    spare = project.item_ids()[:3]
    project.set_label(spare, None)
    config = config_of(
        project, catalog, How.BALANCED, epochs=2, augment=False, balance_classes=True, learning_rate=1e-5, batch_size=7
    )
    one = write_bundle(config, project, catalog, tmp_path / "away" / "one").folder
    # What is not learnt from does not go along.
    kept = {json.loads(line)["id"] for line in (one / "items.jsonl").read_text().splitlines()}
    assert len(kept) == 27 and not kept & set(spare)
    assert len([f for f in (one / "media").rglob("*") if f.is_file()]) == 27
    shutil.rmtree(one / "program")  # ours is the same
    whole, broken = (Path(shutil.copytree(one, tmp_path / name)) for name in ("whole", "broken"))
    events = list(fit(config, project, catalog))
    home = Path(catalog.get(events[-1].model_id).source.ref)  # type: ignore[union-attr]
    rounds = [e for e in events if isinstance(e, EpochDone)]
    # With so few pictures Quick may stay the best, and its weights be the result; what a round is checked at tells of all weights.
    assert len(rounds) == 2 and rounds[0].train_loss != rounds[1].train_loss
    # One process: the same bits.
    same = [e for e in run_training(one / "run.toml") if isinstance(e, EpochDone)]
    assert [replace(e, seconds=0.0) for e in same] == [replace(e, seconds=0.0) for e in rounds]
    assert furthest(home, one / "result" / "model") == 0.0 and not (one / "work").exists()
    # Two processes that are killed after the first round …
    state = broken / "work" / "project" / "runs" / config.run_id / "last.safetensors"
    processes = pair(["-m", "workbench", "train", str(broken / "run.toml")], tmp_path / "first")
    try:
        until = time.monotonic() + 90
        while not state.is_file():
            assert time.monotonic() < until and all(p.poll() is None for p in processes), words_of(tmp_path / "first")
            time.sleep(0.005)
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert not (broken / "result").exists()
    # … and go on end as two that were not; these do both, one after the other. The third is stopped by a file.
    stopped = Path(shutil.copytree(one, tmp_path / "stopped", ignore=shutil.ignore_patterns("result")))
    (stopped / "stop").touch()
    both = "import sys; from workbench.__main__ import main; sys.exit(any([main(['train', f]) for f in sys.argv[1:]]))"
    processes = pair(["-c", both, str(broken), str(whole), str(stopped)], tmp_path / "second")
    assert [p.wait(120) for p in processes] == [0, 0], words_of(tmp_path / "second")
    assert (tmp_path / "second.1").read_text() == ""  # the leader alone speaks
    assert furthest(broken / "result" / "model", whole / "result" / "model") == 0.0
    assert last_round(broken) == last_round(whole)
    assert json.loads((stopped / "result" / "result.json").read_text())["reason"] == "cancelled"
    # Two processes give what one gives, but for rounding.
    lines = [json.loads(line) for line in (whole / "result" / "events.jsonl").read_text().splitlines()]
    for alone, together in zip(rounds, [n for n in lines if n["kind"] == "epoch"], strict=True):
        assert together["train_loss"] == pytest.approx(alone.train_loss, abs=1e-5)
        assert together["validation_loss"] == pytest.approx(alone.validation_loss, abs=1e-5)
    assert furthest(home, whole / "result" / "model") <= 1e-5
    # Home again.
    with pytest.raises(UserError, match="already"):  # it was trained at home, too
        bring_back(one, project, catalog)
    predictions = project.predictions(config.run_id)
    project.delete_run(config.run_id)
    back = bring_back(one, project, catalog)
    assert project.predictions(config.run_id) == predictions
    assert (back.gone, back.changed, back.items) == (0, 0, 27) and back.sentence.endswith("among your models.")
    assert furthest(home, Path(catalog.get(back.model_id).source.ref)) == 0.0
    assert project.run(config.run_id).metrics["model_id"] == back.model_id
    with pytest.raises(UserError, match="run already"):
        list(run_training(one))


def test_what_changed_since_is_said(bundle: Path, project: Project, catalog: Catalog) -> None:
    assert is_training(bundle) and not is_result(bundle)
    with pytest.raises(UserError, match="not finished"):
        bring_back(bundle, project, catalog)
    finished = list(run_training(bundle))[-1]
    assert isinstance(finished, Finished) and is_result(bundle) and is_result(bundle / "result")
    ids = project.item_ids()
    project.remove_items(ids[:2])
    project.set_label([ids[5]], project.class_by_name("three").id)  # type: ignore[union-attr]
    back = bring_back(bundle / "result", project, catalog)
    assert (back.gone, back.changed) == (2, 1)
    assert "2 of its 30 items have been taken out and 1 have another label" in back.sentence
    assert not {p.item_id for p in project.predictions(back.run_id)} & set(ids[:2])


@pytest.mark.parametrize(
    "harm, said",
    [
        (lambda r: (r / "predictions.jsonl").write_text("{}\n"), "changed or is damaged"),
        (lambda r: (r / "model" / "more.json").write_text("{}"), "not in its list"),
        (lambda r: edit_json(r / "result.json", lambda d: d["sha256"].update({"../run.toml": "0"})), "out of its folder"),
        (lambda r: edit_json(r / "result.json", lambda d: d.update(project="another")), "belongs to the project"),
        (lambda r: edit_json(r / "result.json", lambda d: d["run"].update(extra=1)), "does not know"),
        (lambda r: edit_json(r / "result.json", lambda d: d["run"]["config"].update(run_id="abcdef9")), "another training"),
        (lambda r: (r / "result.json").write_text("[" * 100_000), "cannot be read"),
    ],
)  # fmt: skip
def test_a_result_that_was_tampered_with_is_refused(
    harm: Callable[[Path], object], said: str, project: Project, catalog: Catalog, tmp_path: Path
) -> None:
    result = made_up_result(project, tmp_path)
    harm(result)
    before = [c.id for c in catalog.own()]
    with pytest.raises(UserError, match=said):
        bring_back(result, project, catalog)
    assert project.runs() == [] and [c.id for c in catalog.own()] == before


def edit_json(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))


def made_up_result(project: Project, tmp_path: Path) -> Path:
    """A folder that is right but for its model, which is looked at last."""
    project.set_meta("identity", "this")
    result = tmp_path / "made up"
    (result / "model").mkdir(parents=True)
    for name in ("events.jsonl", "predictions.jsonl", "items.jsonl"):
        (result / name).write_text("")
    (result / "model" / "card.json").write_text("{}")
    files = sorted(f for f in result.rglob("*") if f.is_file())
    run = {"id": "abcdef1", "name": "n", "status": "done", "created": "", "metrics": {}}
    config = RunConfig(project.task_id, "picture-starter", run_id="abcdef1").to_json()
    hashes = {f.relative_to(result).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}
    about = {"version": 1, "project": "this", "project_name": "p", "run": {**run, "config": config}, "sha256": hashes}
    (result / "result.json").write_text(json.dumps(about))
    return result


HARMS: list[tuple[Callable[[Path], object], str]] = [
    (lambda b: swap(b / "run.toml", "[bundle]", "[other]\nx = 1\n[bundle]"), "does not know"),
    (lambda b: swap(b / "run.toml", "seed = 0", "seed = 0\nprogram = 'rm'"), "not known"),
    (lambda b: swap(b / "run.toml", "seed = 0", "seed = 'x'"), "another kind"),
    (lambda b: swap(b / "run.toml", "version = 1\napp", "version = 9\napp"), "another version"),
    (lambda b: swap(b / "run.toml", 'media = "media"', 'media = "../.."'), "outside"),
    (lambda b: swap(b / "run.toml", "items = 30", "items = 29"), "longer than"),
    (lambda b: (b / "run.toml").write_bytes(b"#" * 5_000_000), "too large"),
    (lambda b: swap(b / "run.toml", "run_id = ", "run_id = '../x' #"), "run_id"),
    (lambda b: swap(b / "items.jsonl", '"label": "one"', '"label": "two"'), "changed"),
    (lambda b: swap(b / "items.jsonl", '"file": "', '"file": "/etc/', resign=True), "out of its folder"),
    (lambda b: swap(b / "items.jsonl", '"file": "', '"file": "../media/', resign=True), "out of its folder"),
    (lambda b: swap(b / "items.jsonl", '"id": ', '"made": 1, "id": ', resign=True), "does not know"),
    (lambda b: swap(b / "items.jsonl", '"id": 2,', '"id": 1,', resign=True), "came before"),
    (lambda b: first_file(b).write_bytes(b"another"), "changed or is damaged"),
    (lambda b: link_out(first_file(b)), "out of its folder"),
    (lambda b: first_file(b).unlink(), "missing"),
    (lambda b: (b / "model" / "files" / "extra.bin").write_bytes(b"x"), "not in its list"),
    (lambda b: (b / "model" / "card.json").write_text("{"), "cannot be read"),
]


def test_a_folder_that_was_tampered_with_is_refused_with_one_sentence(bundle: Path, tmp_path: Path) -> None:
    shutil.rmtree(bundle / "program")
    for number, (harm, said) in enumerate(HARMS):
        harmed = Path(shutil.copytree(bundle, tmp_path / f"harm {number}"))
        harm(harmed)
        with pytest.raises(UserError, match=said):
            list(run_training(harmed))
        assert not (harmed / "result").exists()
        shutil.rmtree(harmed)


def swap(file: Path, old: str, new: str, resign: bool = False) -> None:
    """Change the first place; `resign`: as somebody would who also knows of the hash."""
    text = file.read_text()
    assert old in text
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_text(text.replace(old, new, 1))
    if resign:
        swap(file.parent / "run.toml", before, hashlib.sha256(file.read_bytes()).hexdigest())


def first_file(bundle: Path) -> Path:
    return min(f for f in (bundle / "media").rglob("*") if f.is_file())


def link_out(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/hostname")


def test_files_may_stay_where_they_lie_and_be_looked_for_elsewhere(
    project: Project, catalog: Catalog, tmp_path: Path, digits_folder: Digits
) -> None:
    config = config_of(project, catalog)
    bundle = write_bundle(config, project, catalog, tmp_path / "away", Choices(media=False)).folder
    assert not (bundle / "media").exists()
    moved = tmp_path / "other disk"
    (tmp_path / "my digits").rename(moved)
    with pytest.raises(UserError, match="missing"):
        list(run_training(bundle))
    finished = list(run_training(bundle, media=moved))[-1]
    assert isinstance(finished, Finished) and (bundle / "result" / "result.json").is_file()


def test_stopped_or_hindered_it_leaves_nothing(project: Project, catalog: Catalog, tmp_path: Path) -> None:
    config = config_of(project, catalog)

    class Stops(Control):
        def progress(self, done: float, total: float, text: str = "") -> None:
            if text.startswith("Taking along the model"):
                self.cancel()

    with pytest.raises(Cancelled):
        write_bundle(config, project, catalog, tmp_path / "away" / "x", control=Stops())
    assert list((tmp_path / "away").iterdir()) == []
    first = project.items(project.item_ids())[0]
    assert first.path is not None
    first.path.write_bytes(first.path.read_bytes() + b" ")
    with pytest.raises(UserError, match="1 of the items are missing or have changed"):
        write_bundle(config, project, catalog, tmp_path / "away" / "x")
    assert list((tmp_path / "away").iterdir()) == []
    with pytest.raises(UserError, match="already a folder"):
        write_bundle(config, project, catalog, tmp_path / "away")


def test_the_size_is_known_before(bundle: Path, project: Project, catalog: Catalog) -> None:
    size = size_of(project, catalog.suggest(project.task_id)[0])
    real = sum(f.stat().st_size for f in bundle.rglob("*") if f.is_file())
    assert size.items == 30 and abs(size.total(Choices()) - real) < 0.2 * real
    assert size.media == sum(f.stat().st_size for f in (bundle / "media").rglob("*") if f.is_file())


def test_a_table_s_rows_are_learnt_elsewhere_with_what_its_columns_mean(tmp_path: Path, catalog: Catalog) -> None:
    table = tmp_path / "parts.csv"
    lines = [f"P{n:03},{n % 7},{'old' if n % 3 else 'new'},{'good' if n % 7 > 3 else 'bad'}" for n in range(60)]
    table.write_text("part,size,age,quality\n" + "\n".join(lines))
    project, _ = project_from_plan(sniff([table]), tmp_path / "project")
    with project:
        card, _why = catalog.suggest(project.task_id, to_teach=True)
        folder = write_bundle(new_config(project, card), project, catalog, tmp_path / "away").folder
        events = list(run_training(folder))
        assert isinstance(events[-1], Finished)
        back = bring_back(folder, project, catalog)
    assert back.items == 60 and catalog.get(back.model_id).name == back.name


def test_the_recipes_are_whole(bundle: Path) -> None:
    task = yaml.safe_load((bundle / "recipes" / "skypilot.yaml").read_text())
    assert set(task) == {"name", "resources", "num_nodes", "workdir", "envs", "setup", "run"}
    assert (bundle / "recipes" / task["workdir"]).resolve() == bundle and "$SKYPILOT_NODE_RANK" in task["run"]
    tree = ast.parse((bundle / "recipes" / "ray_train.py").read_text())
    assert {n.name for n in tree.body if isinstance(n, ast.FunctionDef)} == {"learn"}
    subprocess.run(["sh", "-n", str(bundle / "recipes" / "hf_jobs.sh")], check=True)
    for file in (bundle / "recipes").iterdir():
        assert "not run by it" in file.read_text()
    lock = (bundle / "environment" / "requirements.txt").read_text().splitlines()[1:]
    assert f"torch=={version('torch').partition('+')[0]}" in lock and not [n for n in lock if "pyside" in n.lower()]
    # The program that goes along teaches by itself: it finds nothing of ours but what lies in the folder.
    environment = {**os.environ, "PYTHONPATH": str(bundle / "program"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "workbench", "train", str(bundle / "run.toml")],
        env=environment, cwd=bundle, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (bundle / "result" / "model" / "model.safetensors").is_file()


toml_values = st.recursive(
    st.text(max_size=20) | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(options=st.dictionaries(st.text(max_size=10), toml_values, max_size=4), name=st.text(max_size=30))
def test_settings_are_written_so_that_every_reader_of_toml_reads_them(options: dict[str, Any], name: str) -> None:
    config = RunConfig("image-classification", "m", name=name, options=options)
    text = About(config, "1", "now", "id", name, 1, "0" * 64).to_toml()
    assert RunConfig.from_json(tomllib.loads(text)["run"]) == config


@given(items=st.lists(st.integers(), max_size=30), size=st.integers(1, 7))
def test_what_is_shared_out_is_put_together_again(items: list[int], size: int) -> None:
    shares = [Together(rank, size).share(items) for rank in range(size)]
    assert Together(0, size).joined(shares) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_training_by_steps_begins_with_a_part_of_many_items(project: Project, catalog: Catalog) -> None:
    config = config_of(project, catalog, How.BALANCED)
    run = prepare(config, project, catalog, Control())
    with shared_pool().use_network(run.card, "cpu") as model:

        def looked(most: dict[Split, int] | None) -> Looked:
            steps = look(run, get_pooled(run.config.task), model, (Split.TRAIN, Split.VALIDATION), most)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    return done.value

        part, whole = looked({Split.TRAIN: 4, Split.VALIDATION: 2}), looked(None)
    assert len(whole.items[Split.TRAIN]) == len(run.usable(Split.TRAIN)) > 7
    ids = {i.id for i in part.items[Split.TRAIN]}
    assert 4 <= len(ids) <= 7 and {run.targets[i] for i in ids} == {0, 1, 2}
    # The same items give the same features.
    row = {item.id: place for place, item in enumerate(whole.items[Split.TRAIN])}
    for item, features in zip(part.items[Split.TRAIN], part.features[Split.TRAIN], strict=True):
        assert features.equal(whole.features[Split.TRAIN][row[item.id]])


class Two(Together):
    """Number 1 of two, of which number 0 says what a test wants."""

    def __init__(self, other: dict[str, Any]) -> None:
        super().__init__(1, 2)
        object.__setattr__(self, "other", other)

    def gather(self, value: Any) -> list[Any]:
        return [self.other, value]  # type: ignore[attr-defined]


def test_what_stops_one_stops_all() -> None:
    fine: dict[str, Any] = {"cancelled": False, "error": None}
    assert Two(fine).all_of(lambda: 5) == 5
    with pytest.raises(Cancelled):
        Two(fine | {"cancelled": True}).all_of(lambda: 5)
    with pytest.raises(UserError, match="The disk is full"):
        Two(fine | {"error": ["The disk is full.", ""]}).all_of(lambda: 5)

    def fails() -> int:
        raise UserError("Mine is full.", "")

    with pytest.raises(UserError, match="Mine is full"):
        Two(fine | {"error": ["The disk is full.", ""]}).all_of(fails)
