"""A model looks at videos: answers against where things really are, copies against the originals, and nothing lags."""

from __future__ import annotations

import csv
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.catalog.card import ModelCard, Source
from workbench.catalog.catalog import Catalog
from workbench.control import Control
from workbench.data.video import Frame, VideoReader
from workbench.engine import annotate as annotating
from workbench.engine.annotate import annotate, steady_rate
from workbench.engine.newest import Newest
from workbench.engine.player import Player
from workbench.engine.timeline import Colours, events, rows, spans, write_timeline
from workbench.engine.video import Looked, Looker, Pace, watch, watch_live
from workbench.engine.video_draw import draw
from workbench.errors import Cancelled, UserError
from workbench.tasks.predictions import Box, Boxes, Mask, Score, Scores
from workbench.tasks.registry import all_tasks, get_task

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / "catalog")]
import small_copies  # noqa: E402
from hub_server import serving  # noqa: E402
from video_files import (  # noqa: E402
    OnePool,
    SquareFinder,
    jpeg_pictures,
    moving_square,
    mp4_facts,
    panned,
    square_at,
    uneven_gif,
    write_video,
)

DETECTION = get_task("object-detection")
SEGMENTATION = get_task("semantic-segmentation")
CLASSES = get_task("image-classification")


def find(model: SquareFinder, task: Any = DETECTION) -> dict[str, Any]:
    return {"card": model.card, "task": task, "pool": OnePool(model)}


@pytest.fixture
def square(tmp_path: Path) -> Path:
    return write_video(tmp_path / "square.mp4", moving_square(50))


# Which pictures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pace", "wanted"),
    [
        (Pace(0.0), list(range(50))),
        (Pace(0.5), [0, 12, 25, 37]),
        (Pace(0.2), list(range(0, 50, 5))),
        (Pace(60.0), [0]),
        (Pace(0.001), list(range(50))),
        (Pace(pictures=7), list(range(0, 50, 7))),
    ],
)
def test_looks_as_often_as_asked(square: Path, pace: Pace, wanted: list[int]) -> None:
    found = [look.index for look in watch(square, **find(SquareFinder()), pace=pace)]
    assert len(found) == len(wanted)
    assert all(abs(a - b) <= 1 for a, b in zip(found, wanted, strict=True))


def test_each_answer_belongs_to_its_picture(square: Path) -> None:
    for look in watch(square, **find(SquareFinder()), pace=Pace(0.1)):
        assert look.time == pytest.approx(look.index / 25, abs=0.001)
        (box,) = look.prediction.boxes  # type: ignore[union-attr]
        x, y = square_at(look.index)
        assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((x, y, x + 24, y + 24), abs=1)


def test_large_pictures_are_looked_at_smaller_and_answered_in_full(tmp_path: Path) -> None:
    path = write_video(tmp_path / "wide.avi", moving_square(2, 3000, 60))
    (look, _) = watch(path, **find(SquareFinder()), pace=Pace(0.0))
    assert isinstance(look.prediction, Boxes) and (look.prediction.width, look.prediction.height) == (3000, 60)
    x, y = square_at(0)
    assert look.prediction.boxes[0].x1 == pytest.approx(x + 24, abs=3) and look.prediction.boxes[0].y0 == pytest.approx(
        y, abs=3
    )


def test_which_tasks_watch_is_told_by_their_data() -> None:
    watching = {t.info.id for t in all_tasks() if t.info.watches}
    assert {"image-classification", "object-detection", "semantic-segmentation", "text-in-pictures"} <= watching
    assert not watching & {"super-resolution", "style-transfer", "text-classification", "speech-recognition"}
    card = SquareFinder().card
    with pytest.raises(UserError, match="does not work with videos"):
        Looker(card, get_task("super-resolution"))
    with pytest.raises(UserError, match="sent away"):
        Looker(replace(card, runtime="endpoint", source=Source("endpoint", "https://example.org")), DETECTION)


def test_the_starter_sees_the_palace_then_the_flower(tmp_path: Path) -> None:
    path = write_video(tmp_path / "tour.mp4", panned(("china", "flower"), 50))
    card = Catalog.load().get("picture-starter")
    seen: list[Looked] = []
    made = annotate(path, card, CLASSES, tmp_path / "tour annotated.mp4", pace=Pace(0.4), seen=seen.append)
    assert made.looks == len(seen) == 10 and made.pictures == 100
    found = events(seen, 4.0)
    palace = max((e for e in found if e.label == "palace"), key=lambda e: e.ends - e.begins)
    assert palace.ends == pytest.approx(2.0, abs=0.25) and palace.ends - palace.begins > 1.1
    assert not [e for e in found if e.label == "palace" and e.ends > 2.3]
    # The same answers as in batches.
    batched = list(watch(path, card, CLASSES, pace=Pace(0.4)))
    assert [look.prediction.summary() for look in batched] == [look.prediction.summary() for look in seen]


@pytest.mark.parametrize(
    ("entry", "task"), [("ssdlite320-mobilenet-v3-large", DETECTION), ("lraspp-mobilenet-v3-large", SEGMENTATION)]
)
def test_published_architectures_from_hub_to_copy(
    tmp_path: Path, entry: str, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    import torch

    from workbench.hub.store import download

    plain = small_copies.plain_file

    def sure(card: ModelCard, folder: Path) -> dict[str, bytes]:
        """Random weights that are sure of one class."""
        state = torch.load(io.BytesIO(plain(card, folder)["weights"]), weights_only=True)
        for name, tensor in state.items():
            if name.startswith("head.classification_head") and name.endswith(".bias") and tensor.numel() % 91 == 0:
                tensor.view(-1, 91)[:, 17] = 8.0
        stream = io.BytesIO()
        torch.save(state, stream)
        return {"weights": stream.getvalue()}

    monkeypatch.setattr(small_copies, "plain_file", sure)
    path = write_video(tmp_path / "tour.mp4", panned(("china",), 6, 320, 240))
    with serving() as hub:
        monkeypatch.setenv("WORKBENCH_TORCHVISION_URL", hub.url)
        card = small_copies.served(Catalog.load().get(entry), hub, tmp_path / "copy")
        download(card)
    seen: list[Looked] = []
    made = annotate(path, card, task, tmp_path / "out.avi", pace=Pace(pictures=3), seen=seen.append)
    assert (made.looks, made.pictures) == (2, 6)
    table = rows(seen)
    assert table and {r["frame"] for r in table} == {1, 4}
    for row in table:
        if "x0" in row:
            assert -1 <= row["x0"] <= row["x1"] <= 321 and -1 <= row["y0"] <= row["y1"] <= 241 and row["label"] == "cat"
        elif row["label"]:
            assert 0 < row["area"] <= 1
    copies = jpeg_pictures(tmp_path / "out.avi")
    for copy, original in zip(copies, panned(("china",), 6, 320, 240), strict=True):
        changed = np.abs(copy.astype(int) - original).max(2) > 60
        assert changed.mean() > 0.002, "nothing is drawn in"


# Copies ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".avi"])
def test_a_copy_has_every_picture_with_its_own_box(square: Path, tmp_path: Path, suffix: str) -> None:
    progress: list[float] = []
    out = tmp_path / "new folder" / f"copy{suffix}"
    made = annotate(
        square, **find(SquareFinder()), out=out, pace=Pace(0.0), control=Control(lambda f, _t: progress.append(f))
    )
    assert (made.pictures, made.seconds, made.looks) == (50, 2.0, 50) and "no sound" in made.sentence()
    assert progress == sorted(progress) and progress[-1] > 0.9
    assert sorted(p.name for p in out.parent.iterdir()) == [out.name]
    if suffix == ".mp4":
        assert mp4_facts(out) == {"pictures": 50, "seconds": 2.0, "codec": "mp4v"}
    colour = np.array([int(Colours().of("square")[i : i + 2], 16) for i in (1, 3, 5)])
    with VideoReader(out) as video:
        assert abs(video.info.seconds - 2.0) < 0.05
        frames = list(video.frames())
    assert [f.index for f in frames] == list(range(50))
    for frame in frames:
        x, y = square_at(frame.index)
        # Left edge and lower edge of the box, below its name, in the label's colour.
        edge = frame.pixels[y + 16 : y + 20, x - 1 : x + 1].reshape(-1, 3).mean(0)
        assert np.abs(edge - colour).max() < 60, frame.index
        assert frame.pixels[y + 8 : y + 16, x + 8 : x + 16].mean() > 180, "the square itself is still seen"


def test_between_two_looks_the_last_answer_stays(square: Path, tmp_path: Path) -> None:
    model = SquareFinder()
    annotate(square, **find(model), out=tmp_path / "copy.avi", pace=Pace(1.0))
    assert model.looked == 2
    copies = jpeg_pictures(tmp_path / "copy.avi")
    colour = np.array([int(Colours().of("square")[i : i + 2], 16) for i in (1, 3, 5)])
    for index, origin in ((10, 0), (24, 0), (30, 25)):
        x, y = square_at(origin)
        assert np.abs(copies[index][y + 23 : y + 25, x + 1 : x + 4].reshape(-1, 3).mean(0) - colour).max() < 70


def test_areas_are_laid_over(square: Path, tmp_path: Path) -> None:
    annotate(square, **find(SquareFinder("semantic-segmentation"), SEGMENTATION), out=tmp_path / "c.avi", opacity=1.0)
    x, y = square_at(20)
    inside = jpeg_pictures(tmp_path / "c.avi")[20][y + 12 : y + 20, x + 12 : x + 20].reshape(-1, 3).mean(0)
    colour = np.array([int(Colours().of("", 1)[i : i + 2], 16) for i in (1, 3, 5)])
    assert np.abs(inside - colour).max() < 30


def test_uneven_times_keep_their_length(tmp_path: Path) -> None:
    shown = [100, 100, 500, 50, 50, 200, 1000, 300]
    path = uneven_gif(tmp_path / "v.gif", shown)
    made = annotate(path, **find(SquareFinder()), out=tmp_path / "copy.mp4")
    assert made.seconds == pytest.approx(sum(shown) / 1000, abs=0.06)
    with VideoReader(tmp_path / "copy.mp4") as video, VideoReader(path) as source:
        for moment in (0.05, 0.15, 0.65, 0.72, 1.5, 1.95):
            copy, original = video.seek(moment), source.seek(moment)
            assert copy is not None and original is not None
            # Dark enough for nothing to be found and drawn.
            assert abs(copy.pixels[40:, 40:].mean() - original.pixels[40:, 40:].mean()) < 6


def test_odd_sides_and_odd_rates_can_be_written(tmp_path: Path) -> None:
    ntsc = write_video(tmp_path / "ntsc.mp4", moving_square(20), 30000 / 1001)
    assert steady_rate(ntsc) == pytest.approx(29.97, abs=0.001)
    odd = uneven_gif(tmp_path / "odd.gif", [40] * 6, side=49)
    made = annotate(odd, **find(SquareFinder()), out=tmp_path / "odd.mp4")
    with VideoReader(made.path) as video:
        assert (video.info.width, video.info.height, len(list(video.frames()))) == (48, 48, 6)


def test_stopped_half_way_there_is_no_file(square: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "copy.mp4"
    control = Control()
    model = SquareFinder(seconds=0.02)
    seen: list[Looked] = []

    def look(found: Looked) -> None:
        seen.append(found)
        if len(seen) == 5:
            control.cancel()

    with pytest.raises(Cancelled):
        annotate(square, **find(model), out=out, control=control, seen=look)
    assert len(seen) == 5 and list(out.parent.iterdir()) == []
    out.write_bytes(b"an older copy")
    with pytest.raises(Cancelled):
        annotate(square, **find(model), out=out, control=control)
    assert out.read_bytes() == b"an older copy" and len(list(out.parent.iterdir())) == 1


def test_what_cannot_be_written_is_a_sentence(square: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = find(SquareFinder())
    with pytest.raises(UserError, match="cannot be written as"):
        annotate(square, **model, out=tmp_path / "copy.gif")
    with pytest.raises(UserError, match="overwrite the video itself"):
        annotate(square, **model, out=square)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match="could not be written"):
        annotate(square, **model, out=tmp_path / "file" / "copy.mp4")
    monkeypatch.setattr(annotating, "_ROOM_BYTES", 10**18)
    with pytest.raises(UserError, match="The disk is full"):
        annotate(square, **model, out=tmp_path / "out" / "copy.mp4")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_cut_off_video_is_copied_as_far_as_it_goes(tmp_path: Path) -> None:
    data = write_video(tmp_path / "v.webm", moving_square(60)).read_bytes()
    (tmp_path / "half.webm").write_bytes(data[: len(data) // 2])
    made = annotate(tmp_path / "half.webm", **find(SquareFinder()), out=tmp_path / "copy.mp4")
    assert made.pictures < 50 and f"only {made.pictures} of its 60" in made.note
    remarks: list[str] = []
    assert list(watch(tmp_path / "half.webm", **find(SquareFinder()), remark=remarks.append))
    assert "cut off" in remarks[0]


def test_drawing_takes_any_picture_and_any_words() -> None:
    ground = np.full((90, 120, 3), 90, np.uint8)
    far = Box(-9e9, -5, 9e9, 50, "Ж ü 猫 " + "long " * 40, 0.99)
    boxes = Boxes((far, Box(5, 5, 40, 40, "b", 0.8, ((5, 5), (40, 8), (38, 40), (4, 37)))), 120, 90)
    mask = Mask(
        cv2.imencode(".png", np.arange(256, dtype=np.uint8).reshape(16, 16))[1].tobytes(),
        16,
        16,
        ("nothing", "a"),
        (0.5, 0.5),
    )
    scores = Scores(tuple(Score(f"name {i} " * 9, 1 - i / 10) for i in range(5)))
    for picture in (ground, ground[:3, :2], np.full((700, 30, 3), 90, np.uint8)):
        for prediction in (boxes, mask, scores):
            drawn = draw(picture, prediction, Colours())
            assert drawn.shape == picture.shape and drawn.dtype == np.uint8
            assert (picture == 90).all(), "the given picture is not touched"
    assert (draw(ground, boxes, Colours(), threshold=0.999) == 90).all()
    assert (draw(ground, mask, Colours(), opacity=0.0)[70:] == 90).all()


# Timelines -------------------------------------------------------------------------------------------------------------


def boxes_look(index: int, step: float, *names: str) -> Looked:
    found = tuple(Box(1, 2, 11, 22, name, 0.5 + 0.01 * index) for name in names)
    return Looked(index, index * step, Boxes(found, 100, 50), 0.0)


def test_same_labels_become_events_and_blinks_are_bridged() -> None:
    seen = [("dog",), ("dog", "cat"), ("cat",), ("dog", "cat"), (), (), ("dog",)]
    found = events([boxes_look(i, 0.5, *names) for i, names in enumerate(seen)], 3.5)
    assert [(e.label, e.begins, e.ends, e.looks) for e in found] == [
        ("dog", 0.0, 2.0, 3),
        ("cat", 0.5, 2.0, 3),
        ("dog", 3.0, 3.5, 1),
    ]
    assert found[0].best == pytest.approx(0.53)


def test_the_best_of_several_classes_is_not_bridged() -> None:
    looks = [Looked(i, i * 1.0, Scores((Score(name, 0.9),)), 0.0) for i, name in enumerate("aabac")]
    assert [(e.label, e.begins, e.ends) for e in events(looks, 5.0)] == [
        ("a", 0.0, 2.0), ("b", 2.0, 3.0), ("a", 3.0, 4.0), ("c", 4.0, 5.0),
    ]  # fmt: skip


def test_where_nobody_looked_is_a_hole() -> None:
    looks = [boxes_look(i, 0.5, "dog") for i in (0, 1, 2, 20, 21)]
    assert [(e.begins, e.ends) for e in events(looks)] == [(0.0, 1.5), (10.0, 11.0)]
    assert spans([0.0], 3600.0) == [1.0] and spans([], 5.0) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 5), st.sets(st.sampled_from("abc"))), max_size=30), st.booleans())
def test_events_hold_together(steps: list[tuple[float, set[str]]], scores: bool) -> None:
    looks, now = [], 0.0
    for step, names in steps:
        if scores:
            answer: Any = Scores(tuple(Score(n, 0.5) for n in sorted(names)) or (Score("d", 0.1),))
        else:
            answer = Boxes(tuple(Box(0, 0, 1, 1, n, 0.9) for n in sorted(names)), 10, 10)
        looks.append(Looked(len(looks), now, answer, 0.0))
        now += step
    found = events(looks, now)
    for one in found:
        assert 0 <= one.begins < one.ends and one.looks >= 1
        others = [e for e in found if e is not one and (scores or e.label == one.label)]
        assert all(e.ends <= one.begins + 1e-9 or e.begins >= one.ends - 1e-9 for e in others)
    for look in looks:
        for name in {r["label"] for r in rows([look])} - {""}:
            assert any(e.label == name and e.begins <= look.time < e.ends for e in found)


def test_the_tables_are_read_by_any_program(tmp_path: Path) -> None:
    looks = [boxes_look(0, 0.5, "=dog"), boxes_look(1, 0.5), boxes_look(2, 0.5, "cat", "cat")]
    written = write_timeline(tmp_path / "t.csv", looks, 1.5)
    assert [p.name for p in written] == ["t.csv", "t events.csv"]
    with written[0].open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [(r["time"], r["frame"], r["label"]) for r in table] == [
        ("0.0", "1", "'=dog"), ("0.5", "2", ""), ("1.0", "3", "cat"), ("1.0", "3", "cat"),
    ]  # fmt: skip
    assert (table[2]["x0"], table[2]["y1"], float(table[2]["area"])) == ("1", "22", 200 / 5000)
    with written[1].open(encoding="utf-8-sig", newline="") as file:
        assert [(r["label"], r["begins"], r["ends"]) for r in csv.DictReader(file)] == [
            ("'=dog", "0.0", "0.5"), ("cat", "1.0", "1.5"),
        ]  # fmt: skip
    assert write_timeline(tmp_path / "t.json", looks, 1.5) == [tmp_path / "t.json"]


# Live ------------------------------------------------------------------------------------------------------------------


def test_only_the_newest_waits() -> None:
    newest: Newest[int] = Newest()
    assert [newest.put(1), newest.put(2), newest.put(3)] == [True, False, False]
    assert newest.wait(Control(), 1.0) == 3 and newest.empty and newest.take() is None
    assert newest.wait(Control(), 0.02) is None
    stop = Control()
    threading.Timer(0.05, stop.cancel).start()
    with pytest.raises(Cancelled):
        newest.wait(stop, 60.0)


def run_player(player: Player, seconds: float, seen: list[tuple[float, int]], looker: Looker | None) -> list[Looked]:
    """Show a player's pictures for so long, as the window does, while a model looks at the newest ones."""
    control, newest, looks = Control(), Newest[Frame](), []

    def look() -> None:
        assert looker is not None
        try:
            looks.extend(watch_live(looker, newest, control, patience=0.5))
        except Cancelled:
            return

    thread = threading.Thread(target=look)
    if looker is not None:
        thread.start()
    began = time.monotonic()
    threading.Timer(seconds, control.cancel).start()
    with pytest.raises(Cancelled):
        for word in player.run(control):
            if word == "shown" and (shown := player.shown.take()) is not None:
                seen.append((time.monotonic() - began, shown.frame.index))
                newest.put(shown.frame)
    if looker is not None:
        thread.join(60)
        assert not thread.is_alive()
    return looks


def test_a_slow_model_does_not_hold_up_the_picture(tmp_path: Path) -> None:
    path = write_video(tmp_path / "long.mp4", moving_square(60), 25.0)
    model = SquareFinder(seconds=0.3)
    player = Player(path)
    player.play()
    seen: list[tuple[float, int]] = []
    looks = run_player(player, 2.0, seen, Looker(model.card, DETECTION, pool=OnePool(model)))
    first = next(at for at, index in seen if index > 0) - 1 / 25
    late = [(at - first) * 25 - index for at, index in seen if index > 0]
    # Never far behind the clock, however busy the machine, and at the end still not.
    assert len(seen) > 15 and np.median(late) < 5 and min(late[-3:]) < 8
    assert [i for _, i in seen] == sorted({i for _, i in seen}), "no picture twice, none too late"
    assert 2 <= len(looks) <= 8 < len(seen)
    # It always took the newest one: between two looks lie as many pictures as were shown meanwhile.
    gaps = np.diff([look.index for look in looks])
    assert (gaps >= 4).all()
    for look in looks:
        x, _ = square_at(look.index)
        assert look.prediction.boxes[0].x0 == pytest.approx(x, abs=1)  # type: ignore[union-attr]


def test_playing_pausing_and_searching_by_a_clock_of_its_own(square: Path) -> None:
    now = [100.0]

    def clock() -> float:
        now[0] += 0.005
        return now[0]

    player = Player(square, clock)
    words = player.run(Control())

    def index(forward: float = 0.0) -> int:
        """The next picture shown; `forward`: so many seconds pass before."""
        now[0] += forward
        while (word := next(words)) != "shown":
            assert word != "stopped"
        shown = player.shown.take()
        assert shown is not None and len(shown.rgb) == shown.width * shown.height * 3
        return shown.frame.index

    info = next(words)
    assert not isinstance(info, str) and info.count == 50
    assert index() == 0
    player.play()
    assert [index(), index(), index()] == [1, 2, 3]
    # A fifth of a second is missed: not the late pictures come, but soon the one of that moment.
    assert index(0.18) >= 6
    player.pause()
    now[0] += 50
    player.seek(0.2)
    player.seek(1.0)
    assert index() == 25
    player.play()
    assert [index(), index()] == [26, 27]
    # A machine that fell far behind goes on from where it is instead of jumping.
    assert index(30) < 35
    player.seek(1.96)
    assert index() == 49
    now[0] += 1
    assert next(words) == "stopped" and not player.playing and player.problem == ""
    player.play()
    assert index() == 0
    words.close()  # type: ignore[attr-defined]


def test_a_player_says_that_a_video_is_cut_off(tmp_path: Path) -> None:
    data = write_video(tmp_path / "v.webm", moving_square(60)).read_bytes()
    (tmp_path / "half.webm").write_bytes(data[: len(data) // 2])
    now = [0.0]

    def clock() -> float:
        now[0] += 0.05
        return now[0]

    player = Player(tmp_path / "half.webm", clock)
    player.play()
    for word in player.run(Control()):
        player.shown.take()
        if word == "stopped":
            break
    assert "cut off" in player.problem
    with pytest.raises(UserError, match="not a video"):
        (tmp_path / "text.mp4").write_text("no video " * 99)
        next(Player(tmp_path / "text.mp4").run(Control()))
