"""Who liked what comes in row by row, with a sentence for each bad row, and is shared out by time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.likes import write_likes
from workbench.control import Control
from workbench.data.importers import sniff
from workbench.data.importers.interactions import InteractionsPlan, moment, roles_of
from workbench.data.people import Case, as_item, case_of, is_case, parts_of, person_of
from workbench.data.project import Project
from workbench.data.project_interactions import SPLIT_BY, Interaction, LikesSplit, read_split
from workbench.data.recover import read_into
from workbench.data.types import NewItem, Split
from workbench.engine.journey import MISFIT, add_plan, project_from_plan, tasks_for_plan
from workbench.errors import Cancelled, UserError
from workbench.runtimes.taste import confidence


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p", "p", "recommendation") as made:
        yield made


def table(folder: Path, text: str, name: str = "ratings.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def planned(*paths: Path) -> InteractionsPlan:
    plan = sniff(list(paths))
    assert isinstance(plan, InteractionsPlan)
    return plan


def test_a_folder_as_published_comes_in_whole(tmp_path: Path) -> None:
    plan = planned(write_likes(tmp_path / "set"))
    assert plan.roles.liked_from == 4 and plan.total == 50
    assert plan.summary == "600 ratings by 60 people of 50 things, with times."
    assert tasks_for_plan(plan)[0].info.id == "recommendation"
    project, result = project_from_plan(plan, tmp_path / "p")
    with project:
        assert len(result.added) == 50 and not result.problems
        counts = project.interaction_counts()
        assert counts.people == 60 and counts.things == 50 and counts.liked <= counts.pairs <= 600
        first = project.item(project.item_keys()["3"])
        assert (first.name, first.text) == ("The murder number 3", "The murder number 3\nmurder, story 0")


def test_each_bad_row_has_its_line_and_its_sentence_and_the_rest_comes_in(tmp_path: Path, project: Project) -> None:
    file = table(
        tmp_path,
        "user,item,count,date\n"
        "ann,tea,2,2024-05-01\n"
        ",tea,2,2024-05-01\n"  # line 3
        "ann,,2,2024-05-01\n"
        "bob,tea,many,2024-05-01\n"
        "bob,tea,-3,2024-05-01\n"
        "bob,tea,3,some day\n"
        'bob,tea,3,2024-05-01,"x",y\n'
        "bob,milk,inf,2024-05-01\n"
        "ann,tea,1,2024-05-03\n",
    )
    result = add_plan(project, planned(file))
    assert {p.where: p.message for p in result.problems} == {
        "row 3": "The column “user” is empty here.",
        "row 4": "The column “item” is empty here.",
        "row 5": "“many” in the column “count” is not a number.",
        "row 6": "“-3” in the column “count” is below zero.",
        "row 7": "“some day” in the column “date” is no time.",
        "row 8": "This row has 6 cells, the table has 4 columns.",
        "row 9": "“inf” in the column “count” is not a number.",
    }
    assert project.history_of("ann").liked == ((project.item_keys()["tea"], 3.0),)
    assert "2 rows" in result.notes[0] and "added up" in result.notes[0]


@pytest.mark.parametrize(("meaning", "kept"), [("count", 9.0), ("rating", 1.0)])
def test_several_rows_are_added_or_the_last_by_time_counts(
    tmp_path: Path, project: Project, meaning: str, kept: float
) -> None:
    plan = planned(
        table(tmp_path, "user,item,score,ts\na,x,4,1500000300\na,x,2,1500000100\na,x,3,1500000200\na,y,1,1\n")
    )
    plan.say("meaning", meaning)
    asked = next(q for q in plan.questions() if q.id == "meaning")
    assert ("added up" if meaning == "count" else "last one") in dict(asked.choices)[asked.chosen]
    add_plan(project, plan)
    liked = dict(project.history_of("a").liked)
    assert liked[project.item_keys()["x"]] == kept


def test_low_ratings_count_as_seen_only_and_the_limit_can_be_said(tmp_path: Path, project: Project) -> None:
    plan = planned(table(tmp_path, "user,item,stars\n" + "".join(f"u{i % 2},t{i},{i}\n" for i in range(1, 6))))
    assert plan.roles.liked_from == 4
    plan.say("liked", "3")
    add_plan(project, plan)
    assert len(project.history_of("u1").liked) == 2 and len(project.history_of("u1").seen) == 1


def test_higher_ratings_count_for_more_when_that_is_said(tmp_path: Path, project: Project) -> None:
    plan = planned(table(tmp_path, "user,item,stars\n" + "".join(f"u{i % 2},t{i},{i}\n" for i in range(1, 6))))
    assert next(q for q in plan.questions() if q.id == "weigh").chosen == "no"
    plan.say("liked", "3")
    plan.say("weigh", "yes")
    add_plan(project, plan)
    strengths = sorted({s for person in ("u0", "u1") for _, s in project.history_of(person).liked})
    # 3, 4 and 5 stars; the best is liked twice as surely.
    assert strengths == pytest.approx([1.0, 2**1.5 - 1, 3.0])
    sure = confidence(strengths, 10.0) - 1
    assert sure[-1] == pytest.approx(2 * sure[0])
    assert [len(project.history_of(p).seen) for p in ("u0", "u1")] == [1, 1]


def test_all_that_are_liked_may_have_one_rating(tmp_path: Path, project: Project) -> None:
    plan = planned(
        table(tmp_path, "user,item,stars\n" + "".join(f"u{i % 2},t{i},{1 + 4 * (i % 2)}\n" for i in range(8)))
    )
    plan.say("weigh", "yes")
    add_plan(project, plan)
    assert {s for _, s in project.history_of("u1").liked} == {1.0}


def test_columns_can_be_put_right_and_nonsense_is_refused(tmp_path: Path) -> None:
    plan = planned(table(tmp_path, "user,item,x,when\na,1,5,2020-01-01\na,2,3,2020-01-02\nb,1,1,2020-01-03\n"))
    assert plan.roles.strength == ""
    plan.say("strength", "x")
    assert plan.roles.meaning == "count"
    plan.say("time", "none")
    assert any("drawn at random" in w for w in plan.warnings)
    for question, choice in (("person", "item"), ("person", "nothing"), ("dates", "day"), ("liked", "much")):
        with pytest.raises(UserError):
            plan.say(question, choice)
    assert plan.roles.person == "user"


def test_other_tables_are_left_to_others(tmp_path: Path) -> None:
    assert roles_of(("customer", "age", "churn"), [["a", "1", "yes"]]) is None
    assert roles_of(("user", "item"), [[f"u{i}", "x"] for i in range(50)]) is None
    assert roles_of(("text", "label"), [["a", "b"]]) is None
    found = roles_of(("column 1", "column 2", "column 3", "column 4"), [["1", "2", "3", "881250949"]], "u.data")
    assert found is not None and found.time == "column 4"


def test_ratings_added_to_things_that_are_there_find_them_by_name(tmp_path: Path, project: Project) -> None:
    project.add_items([NewItem("text", "Tea", text="Tea\nblack and hot"), NewItem("text", "cup.txt", text="a cup")])
    result = add_plan(project, planned(table(tmp_path, "user,item\na,Tea\na,cup\nb,Tea\nb,spoon\n")))
    assert len(result.added) == 1
    assert len(project.item_ids()) == 3
    again = add_plan(project, planned(table(tmp_path, "user,item\na,Tea\na,spoon\n", "more.csv")))
    assert not again.added and project.interaction_counts().pairs == 5


def test_likes_fit_no_project_that_sorts(tmp_path: Path) -> None:
    with (
        Project.create(tmp_path / "c", "c", "text-classification") as other,
        pytest.raises(UserError, match=MISFIT),
    ):
        add_plan(other, planned(write_likes(tmp_path / "set")))


def test_things_whose_tables_do_not_meet_are_told(tmp_path: Path) -> None:
    write_likes(tmp_path / "set")
    (tmp_path / "set" / "films.csv").write_text("movieId,title\nx1,A\nx2,B\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"No column of “films\.csv”"):
        sniff([tmp_path / "set"])


def test_pictures_outside_their_folder_are_not_taken(tmp_path: Path) -> None:
    write_likes(tmp_path / "set")
    (tmp_path / "secret.png").write_bytes(b"x")
    (tmp_path / "set" / "films.csv").write_text("movieId,title,image\n0,A,../secret.png\n1,B,b.png\n", encoding="utf-8")
    plan = planned(tmp_path / "set")
    assert plan.media == "picture"
    paths = [i.path for i in plan.read() if isinstance(i, NewItem) and i.path is not None]
    assert paths == [tmp_path / "set" / "b.png"]


def test_a_picture_that_the_table_names_comes_in_once(tmp_path: Path, project: Project) -> None:
    folder = tmp_path / "shop"
    (folder / "pictures").mkdir(parents=True)
    for name in ("red", "blue", "extra"):
        Image.new("RGB", (20, 20), name if name != "extra" else "green").save(folder / "pictures" / f"{name}.png")
    table(folder, "customer,product,day\n" + "".join(f"c{n % 4},{n % 2 + 1},2024-01-{n + 1:02}\n" for n in range(20)))
    table(folder, "product,name,picture\n1,Red one,pictures/red.png\n2,Blue one,pictures/blue.png\n", "things.csv")
    read = [i for i in planned(folder).read() if isinstance(i, NewItem)]
    assert sorted(i.name for i in read) == ["Blue one", "Red one", "extra.png"]


def test_many_rows_take_little_memory(tmp_path: Path, project: Project) -> None:
    ids = project.add_items([NewItem("text", f"t{i}", text=f"t{i}") for i in range(40)]).added
    rows = (Interaction(f"u{n % 100}", ids[n % 37], 1.0, float(n)) for n in range(60_000))
    tracemalloc.start()
    assert project.add_interactions(rows) == (60_000, 60_000 - 3700)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000  # a chunk, not the table
    assert project.interaction_counts().pairs == 3700


def test_a_stop_keeps_what_is_whole(project: Project) -> None:
    ids = project.add_items([NewItem("text", "t", text="t")]).added
    control = Control()

    def rows() -> Iterator[Interaction]:
        for n in range(40_000):
            if n == 25_000:
                control.cancel()
            yield Interaction(f"u{n}", ids[0])

    with pytest.raises(Cancelled):
        project.add_interactions(rows(), control=control)
    assert project.interaction_counts().pairs == 20_000


def test_of_each_person_the_last_likes_are_kept_aside_and_nothing_looks_into_the_future(
    tmp_path: Path,
) -> None:
    project, _ = project_from_plan(planned(write_likes(tmp_path / "set")), tmp_path / "p")
    with project:
        project.ensure_interaction_splits()
        times = dict(project._store.query("SELECT person_id || ' ' || item_id, at FROM interactions"))
        for split in (Split.VALIDATION, Split.TEST):
            cases = project.cases(split)
            assert len(cases) == 60
            for item in cases:
                person, part = person_of(item.id)
                case = case_of(item.text or "")
                assert part is split and item.id < 0 and len(case.wanted) == 1
                before = [times[f"{person} {i}"] for i, _ in case.liked]
                assert max(before) <= min(times[f"{person} {i}"] for i in case.wanted)
                assert not {i for i, _ in case.liked} & set(case.wanted)
        frozen = {i.id: i.text for i in project.cases(Split.TEST)}
        project.add_interactions(
            [Interaction("u0", project.item_ids()[0], 1.0, 1.0), Interaction("new", project.item_ids()[0])]
        )
        project.ensure_interaction_splits()
        after = {i.id: i.text for i in project.cases(Split.TEST)}
        assert after.keys() == frozen.keys()
        assert {i.id: i.text for i in project.cases_of(list(after))} == after
        assert len(project.cases(Split.TEST, most=7, seed=1)) == 7


def test_parts_by_a_date_and_without_times(project: Project) -> None:
    ids = project.add_items([NewItem("text", f"t{i}", text=f"t{i}") for i in range(30)]).added
    project.set_meta(SPLIT_BY, "date")
    project.add_interactions(Interaction(f"u{i % 3}", ids[i], 1.0, 1e9 + i) for i in range(30))
    project.ensure_interaction_splits()
    parts = [row[0] for row in project._store.query("SELECT split FROM interactions ORDER BY at")]
    assert parts == sorted(parts, key=["train", "validation", "test"].index) and set(parts) == set(list(Split)[:3])
    project.add_interactions(Interaction("timeless", i) for i in ids[:10])
    project.set_meta(SPLIT_BY, "person")
    project.ensure_interaction_splits()
    project.ensure_interaction_splits()
    person = project._store.query(
        "SELECT split, COUNT(*) FROM interactions d JOIN people p ON p.id = person_id WHERE name = 'timeless' GROUP BY 1"
    )
    assert dict(person) == {"train": 8, "validation": 1, "test": 1}


def _likes(project: Project, people: int = 5, each: int = 20) -> None:
    """One like a second, in turns."""
    ids = project.add_items([NewItem("text", f"t{i}", text=f"t{i}") for i in range(each)]).added
    project.add_interactions(
        Interaction(f"u{n % people}", ids[n // people], 1.0, 1e9 + n) for n in range(people * each)
    )


def _parts(project: Project) -> list[str]:
    return [str(row[0]) for row in project._store.query("SELECT split FROM interactions ORDER BY at")]


def test_everything_from_a_date_on_judges_when_it_was_said_so(project: Project) -> None:
    _likes(project)
    assert project.likes_split() == LikesSplit() and not project.likes_are_shared_out()
    assert project.likes_between() == (1e9, 1e9 + 99)
    project.set_likes_split(LikesSplit("date", 0.1))
    project.set_likes_split(LikesSplit("date", since=1e9 + 80))  # another thought, before anything was taught
    project.ensure_interaction_splits()
    assert _parts(project) == ["train"] * 60 + ["validation"] * 20 + ["test"] * 20
    with pytest.raises(UserError, match="decided at the first training"):
        project.set_likes_split(LikesSplit())
    # What comes in later does not move the limits.
    project.add_interactions([Interaction("new", project.item_ids()[0], 1.0, 1e9 + 70)])
    project.add_interactions(Interaction("late", i, 1.0, 1e9 + 5000) for i in project.item_ids()[:9])
    project.ensure_interaction_splits()
    assert _parts(project)[:60] == ["train"] * 60 and set(_parts(project)[81:]) == {"test"}


def test_a_share_of_the_newest_likes_judges(project: Project) -> None:
    _likes(project)
    project.set_likes_split(LikesSplit("date", 0.3))
    project.ensure_interaction_splits()
    # Of those before, a quarter steers at most.
    assert _parts(project) == ["train"] * 53 + ["validation"] * 17 + ["test"] * 30


def test_a_date_that_leaves_nothing_is_refused(project: Project) -> None:
    _likes(project)
    for wanted, words in (
        (LikesSplit("date", since=2e9), "left to test on"),
        (LikesSplit("date", since=1e9), "left to learn from"),
        (LikesSplit("date", 0.9), "between 1 and 50"),
    ):
        with pytest.raises(UserError, match=words):
            project.set_likes_split(wanted)
    assert project.likes_split() == LikesSplit()
    project.add_interactions(Interaction("timeless", i) for i in project.item_ids())
    project.add_interactions(Interaction(f"x{n}", project.item_ids()[0]) for n in range(100))
    with pytest.raises(UserError, match="Fewer than half"):
        project.set_likes_split(LikesSplit("date", 0.1))


def test_how_it_is_tested_can_be_said_in_a_word() -> None:
    assert read_split("last") == LikesSplit() and read_split("20%") == LikesSplit("date", 0.2)
    assert read_split("2024-10-01") == LikesSplit("date", since=1727740800.0)
    with pytest.raises(UserError, match="a share like 20%"):
        read_split("soonish")


def test_cases_are_no_items_and_survive_being_written() -> None:
    case = Case(((3, 1.0), (4, 2.5)), (9,), (7,))
    item = as_item(5, "ann", Split.TEST, case)
    assert is_case(item.text or "") and case_of(item.text or "") == case and person_of(item.id) == (5, Split.TEST)
    for broken in ("", "{}", '{"liked": [[1]]}', '{"liked":' + "[" * 9000):
        with pytest.raises(UserError):
            case_of(broken)
    assert [len([p for p in parts_of(n) if p is Split.TEST]) for n in (0, 1, 2, 3, 14, 16, 100)] == [
        0,
        0,
        0,
        1,
        1,
        2,
        10,
    ]


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("964982703", 964982703),
        ("964982703000", 964982703),
        ("2000-07-30 18:45:03", 964982703),
        ("soon", None),
        ("12", None),
    ],
)
def test_moments(cell: str, seconds: float | None) -> None:
    assert moment(cell) == seconds


def test_a_damaged_project_gives_its_likes_back(tmp_path: Path) -> None:
    project, _ = project_from_plan(planned(write_likes(tmp_path / "set")), tmp_path / "p")
    counts = project.interaction_counts()
    project.close()
    (tmp_path / "q").mkdir()
    found = read_into(tmp_path / "p" / "project.db", tmp_path / "q" / "project.db")
    assert not found.damaged
    with Project.open(tmp_path / "q", read_only=True) as again:
        assert again.interaction_counts() == counts
