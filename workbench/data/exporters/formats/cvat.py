"""CVAT for images 1.1: `annotations.xml` with pictures in `images/`. How its numbers map: see the importer.

All shapes come back to the last bit. Several outlines of one thing get a group number of their own; parts that shall not
count get the attribute "ignored".
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from workbench.data.exporters.marked import Done, Export, Mark, MarkedFormat
from workbench.data.shapes import BoxShape, Polygon, Region
from workbench.data.types import Split

_SUBSETS = {Split.TRAIN: "train", Split.VALIDATION: "validation", Split.TEST: "test", Split.NEW: "new"}


def _write(running: Export) -> None:
    with running.open("annotations.xml") as stream:
        stream.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
        )
        stream.write(f"      <name>{_text(running.project.name)}</name>\n      <labels>\n")
        for name in running.names:
            stream.write(
                f"        <label>\n          <name>{_text(name)}</name>\n          <attributes>\n{_attribute('ignored', 'checkbox', 'false')}"
                f"{_attribute('text', 'text', '')}          </attributes>\n        </label>\n"
            )
        stream.write("      </labels>\n    </task>\n  </meta>\n")
        for done in running.pictures(lambda split: "images"):
            subset = f" subset={quoteattr(_SUBSETS[done.split])}" if done.split else ""
            stream.write(
                f'  <image id="{done.number - 1}" name={_quoted(done.file)}{subset} width="{done.width}" height="{done.height}">\n'
            )
            for line in _marks(done):
                stream.write(line)
            stream.write("  </image>\n")
        stream.write("</annotations>\n")


def _attribute(name: str, kind: str, default: str) -> str:
    return (
        f"            <attribute>\n              <name>{name}</name>\n              <mutable>False</mutable>\n"
        f"              <input_type>{kind}</input_type>\n              <default_value>{default}</default_value>\n"
        "              <values></values>\n            </attribute>\n"
    )


def _marks(done: Done) -> list[str]:
    lines = []
    for group, mark in enumerate(done.marks, 1):
        notes = '<attribute name="ignored">true</attribute>' if mark.ignored else ""
        notes += f'<attribute name="text">{_text(mark.text)}</attribute>' if mark.text else ""
        lines += [f"    <{start}>{notes}</{start.split()[0]}>\n" for start in _starts(mark, group)]
    return lines


def _starts(mark: Mark, group: int) -> list[str]:
    common = f'label={_quoted(mark.name)} source="manual" occluded="0" z_order="0"'
    match mark.shape:
        case BoxShape(x0, y0, x1, y1):
            return [f'box {common} xtl="{x0!r}" ytl="{y0!r}" xbr="{x1!r}" ybr="{y1!r}"']
        case Region(x, y, width, height, runs):
            listed = ", ".join(map(str, runs))
            return [f'mask {common} rle="{listed}" left="{x}" top="{y}" width="{width}" height="{height}"']
        case Polygon(parts):
            several = f' group_id="{group}"' if len(parts) > 1 else ""
            points = (";".join(f"{float(x)!r},{float(y)!r}" for x, y in part) for part in parts)
            return [f'polygon {common}{several} points="{p}"' for p in points]


def _clean(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"
    )


def _text(text: str) -> str:
    return escape(_clean(text))


def _quoted(text: str) -> str:
    return quoteattr(_clean(text))


FORMAT = MarkedFormat("cvat", "CVAT for images 1.1 (XML)", "CVAT", _write, may_refer=True)
