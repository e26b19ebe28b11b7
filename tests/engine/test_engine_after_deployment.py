"""A model at work: its answers are kept, its weeks are watched, what is reviewed teaches the next version, and old and new
are compared before anyone decides."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import torch

from workbench.app_paths import resources
from workbench.catalog.card import ModelCard
from workbench.catalog.catalog import Catalog
from workbench.data.project import Project
from workbench.data.project_reviewed import part_for
from workbench.data.types import Item, ItemFilter, NewItem, Split
from workbench.engine import review, versions
from workbench.engine.bulk import run_to_csv
from workbench.engine.evaluate import evaluate
from workbench.engine.events import Finished
from workbench.engine.fit import fit, new_config
from workbench.engine.pool import shared_pool
from workbench.engine.predict import collect_samples, predict
from workbench.engine.prediction_log import LogSettings, PredictionLog, flush, require_log
from workbench.engine.run import replayed
from workbench.engine.update import Updated, compare_versions, news, update
from workbench.engine.usual import USUAL_FILE, read_usual
from workbench.engine.watching import look_at_week, week_id, weeks_of
from workbench.engine.week_sheet import render_sheet, write_sheet
from workbench.errors import UserError
from workbench.runtimes.folder import save_folder
from workbench.runtimes.network import Network
from workbench.tasks.registry import get_task

DIGITS = resources() / "samples" / "digits"
MakeProject = Callable[[Path], Project]


def shuffled(name: str) -> list[Path]:
    files = sorted((DIGITS / name).glob("*.png"))
    random.Random(5).shuffle(files)
    return files


def put(files: Sequence[Path], folder: Path, before: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, folder / f"{before}{file.name}")


def taught(project: Project, catalog: Catalog) -> ModelCard:
    *_, done = fit(new_config(project, catalog.suggest(project.task_id, to_teach=True)[0]), project, catalog)
    assert isinstance(done, Finished)
    return catalog.get(done.model_id)


def ask(card: ModelCard, folder: Path) -> PredictionLog:
    task = get_task(card.main_task)
    list(predict(collect_samples([folder], task), card, task, source="test"))
    flush()
    return require_log(card)


def move_back(log: PredictionLog, days: int) -> None:
    """What is in the log was asked so many days earlier."""
    import sqlite3

    sql = sqlite3.connect(log.file)
    with sql:
        sql.execute("UPDATE predictions SET at = at - ?", (days * 86_400,))
    sql.close()


def test_pictures_from_the_log_to_the_next_version(make_project: MakeProject, catalog: Catalog, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        put(shuffled(name)[:20], tmp_path / "taught" / name)
        put(shuffled(name)[20:32], tmp_path / "usual", f"{name} ")
        put(shuffled(name)[20:22], tmp_path / "again", f"{name} ")
    put(shuffled("eight"), tmp_path / "later", "eight ")
    put(shuffled("two")[30:], tmp_path / "later", "two ")
    project = make_project(tmp_path / "taught")
    card = taught(project, catalog)
    usual = read_usual(card)
    assert len(usual.certainty) == len(project.split_items(Split.TEST)) + len(project.split_items(Split.VALIDATION))
    assert set(usual.answers) <= {"one", "two", "three"}

    # Off: nothing is kept, whoever asks.
    log = ask(card, tmp_path / "again")
    assert not log.exists
    log.set_settings(LogSettings(on=True))
    # Judging asks too, but does not say from where, so it is not kept.
    evaluate(project, project.runs()[0].id, Split.TEST, catalog)
    run_to_csv(card, [tmp_path / "again"], tmp_path / "x.csv")
    flush()
    assert log.count() == 0

    # A usual week, asked twice: each content counts once.
    ask(card, tmp_path / "usual")
    run_to_csv(card, [tmp_path / "again"], tmp_path / "x.csv", source="use")
    flush()
    move_back(log, 14)
    (name,) = weeks_of(log)
    week = look_at_week(card, name)
    assert week.over and week.answers == 42 and week.items == 36 and sum(week.days) == 42 and sum(week.bins) == 36
    assert not week.changed and "No change found" in week.headline()
    assert set(week.looks[0].p) == {"features", "certainty", "classes"}  # too few test items for “unlike”
    assert len(log.features([r.id for r in log.rows()])) == 42

    # This week something else comes.
    ask(card, tmp_path / "later")
    today = look_at_week(card)
    assert today.items == 50 and "features" in today.changed and today.noticed_at == 50
    assert "Do not trust" in " ".join(today.advice())
    # Looks are taken once: a look that is kept is not computed again, and a later item changes nothing in it.
    assert look_at_week(card).looks == today.looks

    waiting = review.queue(card, project)
    hashes = [w.row.hash for w in waiting]
    assert len(set(hashes)) == len(hashes)
    eights = [w for w in waiting if w.row.name.startswith("eight")]
    assert len(eights) >= 15 and review.UNLIKE in waiting[0].why
    by_lot = [w for w in waiting if "sample" in w.why and "drifted" not in w.why]
    assert len(by_lot) == 5  # of the usual week

    frozen = {i.id for i in project.split_items(Split.TEST)}
    steering = {i.id for i in project.split_items(Split.VALIDATION)}
    for one in waiting:
        truth = one.row.name.split()[0]
        decision = review.RIGHT if one.row.answer == truth else review.CORRECTED
        kept = review.decide(card, project, one, decision, [truth])
        item = project.item(kept.item_id or 0)
        assert item.split in (Split.TRAIN, Split.NEW) and item.label_source == "review"
        assert {c.id: c.name for c in project.classes()}[item.class_id or 0] == truth
    assert {i.id for i in project.split_items(Split.TEST)} == frozen
    assert not review.queue(card, project)
    noted = project.reviewed()
    assert len(noted) == len(waiting) and {r.model for r in noted.values()} == {card.id}
    assert sum(r.why == "sample" for r in noted.values()) >= 5

    fresh = news(card, project)
    assert len(fresh.learn) + len(fresh.judge) == len(waiting) and fresh.judge
    events = list(update(card, project, catalog))
    done = events[-1]
    assert isinstance(done, Updated)
    assert {i.id for i in project.split_items(Split.TEST)} == frozen
    assert {i.id for i in project.split_items(Split.VALIDATION)} == steering
    assert done.card.name.endswith("v2") and done.card.base == card.id and "eight" in done.card.label_names
    # What was kept apart taught nothing.
    assert done.card.metrics["train_items"] == len(project.split_items(Split.TRAIN))
    beside = done.beside
    assert beside.new.n == len(fresh.judge) and beside.new.better and beside.advice == "new"
    assert beside.test.n == len(frozen) and not beside.forgotten
    assert "Use the new version" in beside.sentence()
    assert compare_versions(project, card, done.card) == beside  # what was said is kept

    # Nothing uses it until one decides; then what was agreed to goes along, and one can go back.
    assert versions.current_version(catalog, done.card).id == card.id
    versions.make_current(done.card)
    assert [(v.number, v.current) for v in versions.versions(catalog, card)] == [(1, False), (2, True)]
    assert require_log(done.card).settings().on and not log.settings().on
    assert versions.version_before(catalog, card).id == card.id
    versions.make_current(versions.version_before(catalog, card))
    assert versions.current_version(catalog, done.card).id == card.id and log.settings().on
    with pytest.raises(UserError, match="first version"):
        versions.version_before(catalog, card)
    with pytest.raises(UserError, match="Nothing new"):
        list(update(done.card, project, catalog))

    # Deleting a model deletes what it answered.
    shared_pool().release(card.id)
    catalog.remove_own(card.id)
    assert not log.exists and [v.number for v in versions.versions(catalog, done.card)] == [2]

    _planted_forgetting(project, done.card, catalog)


def _planted_forgetting(project: Project, card: ModelCard, catalog: Catalog) -> None:
    """Going on with eights alone makes it forget the others, and the comparison says which; with the old ones beside
    them it does not."""
    items = [i for i in project.split_items(Split.TRAIN) if i.id in project.reviewed()]
    eight = next(c.id for c in project.classes() if c.name == "eight")
    only = [i for i in items if i.class_id == eight]
    task = get_task(card.main_task)
    with shared_pool().use_network(card) as model:
        assert isinstance(model, Network) and model.head is not None
        batch = task.collate([task.prepare(i.sample(), model) for i in only], model)  # type: ignore[attr-defined]
        features = model.features(batch).detach()
        head = torch.nn.Linear(*reversed(model.head.weight.shape))
        head.load_state_dict(model.head.state_dict())
        target = torch.full((len(only),), model.labels.index("eight"))
        optimiser = torch.optim.SGD(head.parameters(), lr=20.0)
        for _ in range(300):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(head(features), target).backward()
            optimiser.step()
        forgetful = model.with_head(model.labels, head.weight.detach(), head.bias.detach())
    folder = Path(card.source.ref).with_name("forgetful")
    made = replace(card, id="forgetful", name="Forgetful", source=replace(card.source, ref=str(folder)))
    save_folder(forgetful, made, folder)
    catalog.refresh()
    beside = compare_versions(project, card, catalog.get("forgetful"))
    names = {c.name for c in beside.classes if c.after < c.before}
    assert names and "eight" not in names and beside.test.after < beside.test.before
    assert beside.test.worse and beside.advice == "old" and beside.sentence().startswith("Keep the old")
    lost = {i for c in beside.classes for i in c.lost}
    assert lost == set(beside.test.lost) and lost <= {i.id for i in project.split_items(Split.TEST)}


def test_texts_without_agreement_can_be_watched_but_not_reviewed(
    make_project: MakeProject, catalog: Catalog, tmp_path: Path
) -> None:
    lines = [
        f"the {a} ran over the {b}" for a in ("dog", "cat", "cow") for b in ("hill", "field", "road", "wall", "dune")
    ]
    sums = [f"add {a} to {b} and divide" for a in range(3, 6) for b in range(5)]
    table = tmp_path / "t.csv"
    table.write_text(
        "text,label\n" + "".join(f"{t},story\n" for t in lines) + "".join(f"{t},sum\n" for t in sums), encoding="utf-8"
    )
    project = make_project(table)
    card = taught(project, catalog)
    log = require_log(card)
    log.set_settings(LogSettings(on=True))
    asked = tmp_path / "asked.csv"
    asked.write_text("text\nperhaps a horse\nthe sum of seven\n", encoding="utf-8")
    run_to_csv(card, [asked], tmp_path / "out.csv", source="use")
    flush()
    first = log.rows()[0]
    assert first.answer in ("story", "sum") and first.path is None
    waiting = review.Waiting(first, (review.UNSURE,), 1)
    with pytest.raises(UserError, match="no copy of it was kept"):
        review.decide(card, project, waiting, review.RIGHT)
    log.set_settings(LogSettings(on=True, texts=True))
    run_to_csv(card, [asked], tmp_path / "out.csv", source="use")
    flush()
    kept = review.decide(card, project, waiting, review.CORRECTED, ["story"])
    item = project.item(kept.item_id or 0)
    assert item.text == "perhaps a horse" and item.split is part_for(first.hash)
    # Undo and redo, as the window does it.
    review.take_back(card, project, kept)
    assert item.id not in project.item_ids() and not log.decisions() and not project.reviewed()
    review.do_again(card, project, kept)
    assert item.id in project.item_ids() and log.decisions()[first.hash].labels == ("story",)
    # Nothing of it comes into a project when it is not mine.
    other = review.Waiting(log.rows()[1], (review.UNSURE,), 1)
    assert review.decide(card, None, other, review.NOT_MINE).item_id is None
    assert len(log.decisions()) == 2
    assert review.project_folder_of(card) == project.folder or project.folder.parent != project.folder


def test_what_is_like_a_test_item_is_never_learnt_from(make_project: MakeProject, tmp_path: Path) -> None:
    from PIL import Image

    for name in ("one", "two"):
        put(shuffled(name)[:10], tmp_path / "taught" / name)
    project = make_project(tmp_path / "taught")
    project.ensure_splits()
    like = {Split.TEST: Split.NEW, Split.VALIDATION: Split.TRAIN, Split.TRAIN: Split.TRAIN}
    for split, wanted in like.items():
        item = project.split_items(split)[0]
        assert item.path is not None
        copy = tmp_path / f"{split}.png"
        with Image.open(item.path) as picture:
            changed = picture.convert("RGB")
            changed.putpixel((0, 0), tuple(v ^ 1 for v in changed.getpixel((0, 0))))  # type: ignore[arg-type,union-attr]
            changed.save(copy)
        (new,) = project.add_items([NewItem("picture", "copy", copy)]).added
        for part in (Split.TRAIN, Split.NEW):
            assert review._beside_its_like(project, new, part) is wanted
        project.remove_items([new])
    # A share as was said, by content alone.
    hashes = [f"{n * 2654435761 % 2**32:08x}" + "0" * 56 for n in range(2000)]
    share = sum(part_for(h) is Split.NEW for h in hashes) / 2000
    assert 0.27 < share < 0.33


def test_replay_keeps_all_new_ones_and_some_of_every_old_class() -> None:
    items = [Item(n, "picture", str(n), class_id=1 if n < 80 else 2 if n < 90 else 3) for n in range(100)]
    found = replayed(items, {97, 98, 99}, 24, seed=1)
    kept = [i for i in found if i.id < 97]
    assert {97, 98, 99} <= {i.id for i in found} and len(kept) == 24
    assert [sum(i.class_id == c for i in kept) for c in (1, 2, 3)] == [9, 8, 7]
    assert replayed(items, {97}, 24, seed=1) != replayed(items, {97}, 24, seed=2)
    assert replayed(items, {97}, 500, seed=1) == items


def test_the_sheet_is_escaped_and_whole(tmp_path: Path) -> None:
    """Of a model without pooled features, by what is kept of its certainty alone."""
    from workbench.app_paths import app_paths
    from workbench.catalog.card import Source
    from workbench.data.types import ItemPrediction, Sample
    from workbench.engine.prediction_log import recorder_for
    from workbench.engine.usual import keep_usual
    from workbench.tasks.predictions import Score, Scores

    folder = app_paths().models / "evil"
    folder.mkdir(parents=True)
    evil = "<script>alert(1)</script>"
    card = ModelCard(
        "evil", evil, ("image-classification",), "timm", "x", Source("folder", str(folder)), label_names=(evil, "b")
    )
    rng = random.Random(0)
    sure = [rng.uniform(0.8, 1) for _ in range(80)]
    keep_usual(folder, [ItemPrediction(n, Split.TEST, evil, evil, (v, 1 - v)) for n, v in enumerate(sure)])
    assert (folder / USUAL_FILE).is_file() and 0.8 <= read_usual(card).low() < 0.85
    log = require_log(card)
    log.set_settings(LogSettings(on=True))
    recorder = recorder_for(card, "test")
    assert recorder is not None
    for n in range(60):
        value = rng.uniform(0.5, 0.7)
        recorder.note([Sample("picture", f"{n}", data=str(n).encode())],
                      [Scores((Score(evil, value, 0), Score("b", 1 - value, 1)))])  # fmt: skip
    flush()
    week = look_at_week(card)
    assert week.changed == ("certainty",) and not week.keeps_features and week.keeps_usual and week.noticed_at == 50
    page = render_sheet(card, week)
    assert "<script" not in page and "&lt;script&gt;alert(1)" in page and "http" not in page
    assert page.count("<svg") == 2 and "how sure it is" in page and "at most 5% of years" in page
    assert write_sheet(card, week, tmp_path / "sheets" / "w.html").read_text(encoding="utf-8") == page
    assert look_at_week(card, "2020-W10").headline().startswith("Nothing was asked")
    for wrong in ("soon", "2026-W99", "W1"):
        with pytest.raises(UserError, match="no week"):
            look_at_week(card, wrong)
    (folder / USUAL_FILE).write_text('{"certainty": [2], "answers": ["a"]}', encoding="utf-8")
    assert read_usual(card).certainty == ()


def test_an_older_project_is_brought_up_to_date(tmp_path: Path) -> None:
    import sqlite3

    Project.create(tmp_path / "p", "p", "image-classification").close()
    sql = sqlite3.connect(tmp_path / "p" / "project.db")
    sql.execute("DROP TABLE reviewed")
    sql.execute("PRAGMA user_version=3")
    sql.commit()
    sql.close()
    with Project.open(tmp_path / "p") as project:
        assert project.reviewed() == {}
        project.item_ids(ItemFilter(split=Split.NEW))
    assert week_id(date(2026, 11, 25)) == "2026-W48" and week_id(date(2027, 1, 1)) == "2026-W53"
