"""Files of labels that may hold anything: never more than a `UserError` with a sentence, and nothing that runs away."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from marked_sets import make_picture
from PIL import Image

from workbench.control import Control
from workbench.data.importers.base import ImportPlan
from workbench.data.importers.formats import all_formats
from workbench.data.importers.json_stream import elements, ends_of, peek, plus, span_of
from workbench.data.shapes import PICTURE_SHAPES, bounds
from workbench.data.types import NewItem
from workbench.errors import Cancelled, UserError

FEW = {"deadline": None, "suppress_health_check": list(HealthCheck)}
KEYS = st.sampled_from(
    ["images", "annotations", "categories", "id", "image_id", "category_id", "bbox", "segmentation", "size", "counts", "iscrowd", "file_name", "width", "height", "name", "shapes", "points", "label", "shape_type", "imagePath", "imageData", "imageWidth", "imageHeight", "mask", "flags", "group_id", "image", "coordinates", "x", "y", "data", "result", "type", "value", "original_width", "original_height", "rectanglelabels", "polygonlabels", "brushlabels", "rle", "rotation", "supercategory", "keypoints"]
)  # fmt: skip
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, 1, -1, 2**31, 1e308, 64, 48, "1", "nan"]),
    st.text(max_size=6), st.sampled_from(["a.png", "../a.png", "/etc/passwd", "http://[a.png", "file:///a.png?x", "cat", "polygon", "mask", "rectangle", "circle", "rectanglelabels"]),
)  # fmt: skip
VALUE = st.recursive(
    ODD, lambda inner: st.one_of(st.lists(inner, max_size=6), st.dictionaries(KEYS, inner, max_size=6)), max_leaves=25
)


def seeds() -> dict[str, Any]:
    """One sound file of each format of JSON."""
    box = {"x": 5, "y": 5, "width": 4, "height": 4}
    return {
        "coco": {
            "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": [[1, 1, 9, 1, 9, 9]], "iscrowd": 0}],
            "categories": [{"id": 1, "name": "cat"}],
        },
        "labelme": {
            "version": "5", "imagePath": "a.png", "imageData": None, "imageWidth": 64, "imageHeight": 48,
            "shapes": [{"label": "cat", "points": [[1, 1], [9, 1], [9, 9]], "shape_type": "polygon", "group_id": 1, "flags": {}}],
        },
        "createml": [{"image": "a.png", "annotations": [{"label": "cat", "coordinates": box}]}],
        "label studio": [
            {
                "data": {"image": "/data/upload/a.png"},
                "annotations": [
                    {"result": [{"type": "rectanglelabels", "id": "q", "original_width": 64, "original_height": 48, "value": box | {"rectanglelabels": ["cat"]}}]}
                ],
            }
        ],
    }  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> Any:
    """A sound file with some of its values replaced by others."""
    value = draw(st.sampled_from(list(seeds().values())))

    def walk(node: Any) -> Any:
        if draw(st.integers(0, 12)) == 0:
            return draw(VALUE)
        if isinstance(node, dict):
            return {k: walk(v) for k, v in node.items() if draw(st.integers(0, 25))} | draw(
                st.dictionaries(KEYS, VALUE, max_size=1)
            )
        if isinstance(node, list):
            return [walk(v) for v in node] + ([walk(node[0])] if node and draw(st.booleans()) else [])
        return node

    return walk(value)


def ask_all(folder: Path) -> Iterator[ImportPlan]:
    """Every format's plan of a folder; all its items are read."""
    for known in all_formats():
        try:
            plan = known.plan([folder], Control())
        except UserError as error:
            assert error.message and "Traceback" not in error.message
            continue
        if plan is None:
            continue
        assert plan.summary
        for problem in (*plan.problems, *plan.repairs):
            assert problem.where and problem.message.endswith((".", "?"))
        for editor in ("boxes", "regions"):
            for item in plan.read_for(editor) if plan.serves(editor) else ():
                if isinstance(item, NewItem):
                    assert item.path is not None and item.path.is_file()
                    for mark in item.annotations or ():
                        assert isinstance(mark.shape, PICTURE_SHAPES)
                        x0, y0, x1, y1 = bounds(mark.shape)
                        assert 0 <= x0 < x1 <= 64 and 0 <= y0 < y1 <= 48
                        mark.label.encode()
        yield plan


def folder_with(name: str, data: bytes) -> tempfile.TemporaryDirectory[str]:
    made = tempfile.TemporaryDirectory()
    make_picture(Path(made.name) / "a.png")
    (Path(made.name) / name).write_bytes(data)
    return made


@settings(max_examples=60, **FEW)
@given(spoilt())
@example({"version": "5", "imagePath": "a.png", "shapes": [{"label": "cat", "points": [[1, 1]], "shape_type": [None]}]})
def test_json_of_any_content(value: Any) -> None:
    with folder_with("set.json", json.dumps(value).encode()) as folder:
        list(ask_all(Path(folder)))


@settings(max_examples=30, **FEW)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace"))),
    st.sampled_from(list(seeds())),
    st.integers(0, 400),
)
def test_json_that_is_cut_or_spoilt(noise: bytes, name: str, at: int) -> None:
    data = json.dumps(seeds()[name]).encode()
    with folder_with("set.json", data[:at] + noise + data[at:]) as folder:
        list(ask_all(Path(folder)))
    with folder_with("set.json", data[:at]) as folder:
        list(ask_all(Path(folder)))


TAG = st.sampled_from(["annotation", "annotations", "object", "name", "bndbox", "xmin", "ymin", "xmax", "ymax", "image", "box", "polygon", "mask", "size", "width", "height", "filename", "meta", "labels", "label", "track", "part"])  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["id", "name", "width", "height", "label", "xtl", "ytl", "xbr", "ybr", "points", "rle", "left", "top", "rotation", "group_id", "subset"]),
    st.one_of(st.sampled_from(["a.png", "cat", "1,1;5,1;5,5", "1, 2, 1", "nan", "1e400", "-5", "4"]), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)),
    max_size=7,
)  # fmt: skip


@st.composite
def xml(draw: st.DrawFn, depth: int = 0) -> str:
    from xml.sax.saxutils import escape, quoteattr

    tag = draw(st.sampled_from(["annotation", "annotations"])) if depth == 0 else draw(TAG)
    attributes = "".join(f" {k}={quoteattr(v)}" for k, v in draw(ATTRIBUTES).items())
    inner = "".join(draw(xml(depth + 1)) for _ in range(draw(st.integers(0, 4 if depth < 3 else 0))))
    text = draw(
        st.one_of(
            st.sampled_from(["1", "5", "40", "0", "nan", "a.png", "cat"]),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4),
        )
    )
    return f"<{tag}{attributes}>{escape(text) if not inner else ''}{inner}</{tag}>"


@settings(max_examples=40, **FEW)
@given(xml(), st.booleans(), st.integers(0, 300))
def test_xml_of_any_content(text: str, cut: bool, at: int) -> None:
    with folder_with("a.xml", text.encode()[: at if cut else None]) as folder:
        list(ask_all(Path(folder)))


WORD = st.one_of(
    st.sampled_from(["0", "1", "0.5", "0.25", "1.5", "-0.1", "nan", "inf", "1e400", "x", "99999999999"]),
    st.floats().map(str),
)


@settings(max_examples=40, **FEW)
@given(st.lists(st.lists(WORD, max_size=9).map(" ".join), max_size=5), st.binary(max_size=30), st.text(max_size=30))
def test_lines_and_settings_of_any_content(lines: list[str], noise: bytes, names: str) -> None:
    with folder_with("a.txt", "\n".join(["0 0.5 0.5 0.1 0.1", *lines]).encode() + noise) as folder:
        (Path(folder) / "data.yaml").write_bytes(b"names: [a, b]\ntrain: ." + names.encode("utf-8", "replace"))
        list(ask_all(Path(folder)))


@settings(max_examples=25, **FEW)
@given(st.binary(min_size=1, max_size=300), st.integers(0, 300))
def test_masks_that_are_spoilt(noise: bytes, at: int) -> None:
    import io

    stream = io.BytesIO()
    Image.new("P", (64, 48), 1).save(stream, "PNG")
    data = stream.getvalue()
    with folder_with("labels.txt", noise) as folder:
        (Path(folder) / "masks").mkdir()
        (Path(folder) / "images").mkdir()
        (Path(folder) / "a.png").rename(Path(folder) / "images" / "a.png")
        (Path(folder) / "masks" / "a.png").write_bytes(data[:at] + noise + data[at:])
        list(ask_all(Path(folder)))


# Reading JSON piece by piece -----------------------------------------------------------------------------------------


@settings(max_examples=40, **FEW)
@given(
    st.dictionaries(st.text(max_size=4), st.one_of(VALUE, st.lists(VALUE, max_size=4)), max_size=4),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_json_piece_by_piece_is_json(value: dict[str, Any], encoding: str) -> None:
    value = json.loads(json.dumps(value))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.json"
        path.write_text(json.dumps(value, ensure_ascii=True, indent=1), encoding=encoding)
        found: list[tuple[str, Any]] = list(elements(path, Control()))
    wanted = [(k, e) for k, v in value.items() for e in (v if isinstance(v, list) else [v])]
    assert repr(found) == repr(wanted)


def test_a_window_may_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.data.importers import json_stream

    value = {"a": [12345, -0.5, 'ü\\"x', {"b": [1, 2]}, True, None], "c": 1234567, "d": {"e": "f" * 50}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    wanted = list(elements(path, Control()))
    for size in range(1, 30):
        monkeypatch.setattr(json_stream, "_CHUNK", size)
        assert list(elements(path, Control())) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "  ", "{", "[1, 2", '{"a": [1 2]}', "nonsense", '{"a" 1}', "[" * 100_000, '{"a": ' * 50_000, "\xff\xfe"],
)
def test_what_is_no_json_is_one_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=r"not readable JSON|nested too deeply|cannot be read"):
        list(elements(path, Control()))
    assert peek(path) == {} or text.startswith(("[1", '{"a": [1'))


def test_a_record_without_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.data.importers import json_stream

    monkeypatch.setattr(json_stream, "_LARGEST_RECORD", 3_000_000)
    path = tmp_path / "x.json"
    path.write_text('{"annotations": ["' + "x" * 20_000_000)
    with pytest.raises(UserError, match="holds a record that is too large"):
        list(elements(path, Control()))


def test_reading_stops_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"annotations": [{"id": n} for n in range(300_000)]}))
    control = Control()
    stream = elements(path, control)
    next(stream)
    control.cancel()
    with pytest.raises(Cancelled):
        list(stream)


@settings(max_examples=400, **FEW)
@given(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), st.floats(1e-6, 1e6))
def test_ends_written_as_sizes_come_back_to_the_last_bit(low: float, high: float) -> None:
    from workbench.data.importers.json_stream import _DECODER

    start, size, middle = (_DECODER.decode(text) for text in span_of(low, high))
    assert plus(start, size) == high and ends_of(middle, size) == (low, high)
    assert math.isclose(float(size), high - low, rel_tol=1e-9, abs_tol=1e-9)
