"""The whole way of a recommender by the command line: two tables, a training, a judgement, lists; and what must not happen on it."""

from __future__ import annotations

import csv
import json
import logging
from pathlib import Path

import pytest

from tests.likes import write_likes
from workbench.app_paths import app_paths
from workbench.catalog.catalog import Catalog
from workbench.cli.app import run
from workbench.data.checks import check_project
from workbench.data.importers import sniff
from workbench.data.project import Project
from workbench.data.project_interactions import InteractionCounts
from workbench.data.types import Split
from workbench.engine.elsewhere.write import write_bundle
from workbench.engine.estimate import estimate, measure
from workbench.engine.evaluate import compare, evaluate
from workbench.engine.events import How, RunConfig
from workbench.engine.health.check import known_health
from workbench.engine.journey import project_from_plan
from workbench.engine.pool import shared_pool
from workbench.errors import UserError
from workbench.hub.store import files
from workbench.runtimes.recommender_runtime import Recommender
from workbench.runtimes.registry import open_model
from workbench.tasks.recommend_course import work_seconds
from workbench.tasks.registry import get_trainable
from workbench.trust.judge_ranking import RankingJudgement


def train(project: Path, model: str, capsys: pytest.CaptureFixture[str], how: str = "quick") -> dict[str, object]:
    assert run(["train", str(project), "--model", model, "--how", how, "--json"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write_likes(tmp_path / "set")
    with (tmp_path / "set" / "ratings.csv").open("a", encoding="utf-8") as stream:
        stream.writelines(f"\n=cmd()|x,{i},5,{1_000_000_000 + i}" for i in (0, 5, 10, 15))
    code = run(["project", "import", str(tmp_path / "p"), str(tmp_path / "set"), "--answer", "liked=4"])
    assert code == 0
    assert "rows of who liked what were taken in" in capsys.readouterr().out
    return tmp_path / "p"


def test_from_tables_to_lists(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    popular = train(project, "recommend-popular", capsys)
    both = train(project, "recommend-both", capsys)
    assert both["score"] > 2 * popular["score"] > 0  # type: ignore[operator]
    assert both["popularity_ndcg_at_10"] == pytest.approx(popular["score"])
    assert both["better_than_popularity_p"] < 0.05 and popular["better_than_popularity_p"] == 1  # type: ignore[operator]
    assert Path(str(both["report"])).read_text(encoding="utf-8").count("NDCG@10") > 1
    model = str(both["model"])

    assert run(["recommend", model, "--project", str(project), "--person", "u3", "--json"]) == 0
    things = json.loads(capsys.readouterr().out)["things"]
    assert len(things) == 10 and things[0]["name"].startswith("The murder") and things[0]["because"]
    with Project.open(project, read_only=True) as opened:
        case = opened.history_of("u3")
        known = {i.name for i in opened.items([*[i for i, _ in case.liked], *case.seen])}
    assert not known & {t["name"] for t in things}

    # New people by a few names, and by words of their own.
    for likes, kind in ((["The robot number 1"], "robot"), (["a book on gardens"], "garden")):
        assert run(["recommend", model, "--likes", *likes, "--json"]) == 0
        said = json.loads(capsys.readouterr().out)
        assert sum(kind in t["name"] for t in said["things"][:5]) >= 4
        assert said["things"][0]["because"] == likes and ("“a book on gardens”" in said["note"]) == (kind == "garden")

    assert (
        run(["recommend", model, "--project", str(project), "--everybody", str(tmp_path / "lists.csv"), "--count", "3"])
        == 0
    )
    with (tmp_path / "lists.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 61 * 3 and {r["place"] for r in rows} == {"1", "2", "3"}
    assert {r["person"] for r in rows if "cmd" in r["person"]} == {"'=cmd()|x"}
    assert all(r["key"].isdigit() for r in rows)  # what the person's own table calls the things

    # Two models are compared on the same people, and a judgement later is the one of the training.
    with Project.open(project, read_only=True) as opened:
        runs = {r.metrics["model_id"]: r for r in opened.runs()}
        first, second = (evaluate(opened, runs[str(m["model"])].id) for m in (both, popular))
        assert isinstance(first, RankingJudgement) and first.n == 61
        assert first.headline()["score"] == pytest.approx(both["score"])
        assert "better" in compare(first, second).sentence()
        assert evaluate(opened, runs[model].id, Split.VALIDATION).n == 61
    assert run(["evaluate", model, str(project)]) == 0
    assert "what most people like" in capsys.readouterr().out

    # Nobody's name is in a log or in the model.
    logged = caplog.text + "".join(f.read_text(errors="replace") for f in app_paths().logs.glob("*") if f.is_file())
    folder = Path(Catalog.load().get(model).source.ref)
    held = b"".join(f.read_bytes() for f in folder.iterdir())
    for name in ("u3", "u17", "u42", "cmd()"):
        assert f"“{name}”" not in logged and f" {name} " not in logged and f'"{name}"'.encode() not in held
    told = "".join(f.read_text(encoding="utf-8") for f in folder.iterdir() if f.suffix in (".json", ".html"))
    assert "u17" not in told and "cmd()" not in told
    with Project.open(project) as opened, pytest.raises(UserError, match="stay on this computer"):
        write_bundle(RunConfig.from_json(runs[model].config), opened, Catalog.load(), tmp_path / "bundle")
    assert {f.suffix for f in folder.iterdir()} <= {".json", ".safetensors", ".html"}

    for refused in (
        ["recommend", model, "--person", "u3"],
        ["recommend", model, "--project", str(project), "--person", "nobody at all"],
        ["recommend", "recommend-both", "--likes", "x"],
        ["recommend", model, "--likes", "x", "--count", "0"],
    ):
        assert run(refused) == 1
        error = capsys.readouterr().err
        assert error.count("\n") == 1 and "unexpected" not in error and "nobody at all" not in error


def test_a_damaged_model_is_a_sentence(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(train(project, "recommend-together", capsys)["model"])
    card = Catalog.load().get(model)
    folder = Path(card.source.ref)
    whole = (folder / "things.json").read_bytes()
    assert isinstance(open_model(card, files(card, app_paths())), Recommender)
    things = json.loads(whole)
    for broken in (
        b"",
        b"[]",
        b"{}",
        whole[:-9],
        json.dumps(things | {"names": things["names"][:-1]}).encode(),
        b"[" * 5000,
    ):
        (folder / "things.json").write_bytes(broken)
        shared_pool().clear()
        assert run(["recommend", card.id, "--likes", "The robot number 1"]) == 1
        assert "damaged" in capsys.readouterr().err
    shorter = {"names": things["names"][:-1], "ids": things["ids"][:-1]}
    (folder / "things.json").write_text(json.dumps(shorter))
    with pytest.raises(UserError, match="damaged"):
        open_model(card, files(card, app_paths()))


def test_what_is_too_little_is_told_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, people, each, wanted in (("a", 3, 9, "Only 3 people have"), ("b", 40, 1, "Only 0 people have")):
        write_likes(tmp_path / name, people, 50, each)
        assert run(["train", str(tmp_path / name), "--model", "recommend-popular"]) == 1
        assert wanted in capsys.readouterr().err


def test_it_can_be_tested_from_a_date_on_and_only_the_first_time_that_is_asked(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def popular(*more: str) -> int:
        return run(["train", str(project), "--model", "recommend-popular", *more])

    assert popular("--test-likes", "next week") == 1 and "20%" in capsys.readouterr().err
    assert popular("--test-likes", "20%") == 0
    assert "something they" in capsys.readouterr().out
    with Project.open(project, read_only=True) as opened:
        parts = opened._store.query("SELECT at, split FROM interactions WHERE strength > 0 ORDER BY at")
        test = [at for at, part in parts if part == "test"]
        assert 0.15 < len(test) / len(parts) < 0.3
        assert min(test) > max(at for at, part in parts if part != "test")
        words = get_trainable(opened.task_id).parts_words(opened)
        assert words.startswith("The newest 20% of all likes")
    assert popular("--test-likes", "last") == 1 and "decided at the first training" in capsys.readouterr().err
    assert run(["project", "status", str(project)]) == 0
    said = capsys.readouterr().out
    assert "50 things, 0 broken" in said and "labelled" not in said


def test_what_is_told_before_a_training_counts_its_work(project: Path) -> None:
    """How near it is to what a training takes is measured by benchmarks/recommendations.py."""
    with Project.open(project) as opened:
        catalog = Catalog.load()
        told = {}
        for model in ("recommend-popular", "recommend-together", "recommend-both"):
            card = catalog.get(model)
            assert measure(opened, card) >= 0
            ways = [estimate(opened, card, how) for how in How]
            assert all(e.measured and 50_000_000 < e.memory_bytes < 500_000_000 for e in ways)
            told[model] = [e.seconds for e in ways]
        assert told["recommend-popular"][0] == told["recommend-popular"][2]
        for model in ("recommend-together", "recommend-both"):
            assert told["recommend-popular"][0] < told[model][0] < told[model][1] < told[model][2]
        assert told["recommend-together"][0] < told["recommend-both"][0]
    # More people, things and likes take longer; counting popularity takes nothing.
    few, many = (InteractionCounts(n * 20, n * 20, n, n, n * 20, n) for n in (100, 1000))
    assert 5 * work_seconds(few, "hybrid", How.QUICK) < work_seconds(many, "hybrid", How.QUICK)
    assert work_seconds(few, "popular", How.QUICK) < work_seconds(few, "als", How.QUICK) / 5


def test_things_with_short_names_and_twins_are_no_worry(tmp_path: Path) -> None:
    rows = "".join(f"u{n % 9},t{n % 7},{n}\n" for n in range(200))
    (tmp_path / "likes.csv").write_text(f"user,item,count\n{rows}", encoding="utf-8")
    with project_from_plan(sniff([tmp_path / "likes.csv"]), tmp_path / "p")[0] as opened:
        assert "short" in {f.code for f in check_project(opened)}
        assert not {"short", "near-duplicates", "leakage"} & {f.code for f in known_health(opened)}


def test_a_speed_that_is_kept_does_not_depend_on_what_else_ran(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock:
        """Each look takes six seconds, of which the processor works one for it."""

        at = 0

        def perf_counter(self) -> float:
            self.at += 1
            return 6.0 * self.at

        def process_time(self) -> float:
            return 1.0 * self.at

    monkeypatch.setattr("workbench.engine.estimate.time", Clock())
    monkeypatch.setattr("workbench.runtimes.devices.best_device", lambda _wanted="auto": "cpu")
    with Project.open(project) as opened:
        assert measure(opened, Catalog.load().get("recommend-popular")) == pytest.approx(1 / 6)  # of six things
    monkeypatch.setattr("workbench.runtimes.devices.best_device", lambda _wanted="auto": "cuda")
    with Project.open(project) as opened:
        assert measure(opened, Catalog.load().get("recommend-together")) == pytest.approx(1.0)  # it waits for the card
