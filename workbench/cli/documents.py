"""workbench documents: read, search, map and find keywords in one's own documents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.cli.output import as_json, note, out, problem, progress

if TYPE_CHECKING:
    from workbench.control import Control
    from workbench.engine.document_index import DocumentIndex

_FOUND = ("score", "likeness", "document", "place", "words", "text", "path")


def add(commands: Any) -> None:
    """Its part of the command line."""
    top = commands.add_parser("documents", help="search, map and find keywords in your documents", description=__doc__)
    kinds = top.add_subparsers(dest="kind", required=True, metavar="WHAT")
    index = kinds.add_parser("index", help="read new and changed documents")
    _sources(index, positional=True)
    index.set_defaults(run=_index)
    search = kinds.add_parser("search", help="find passages by meaning and by words")
    search.add_argument("question", help="in your own words")
    _sources(search)
    search.add_argument("--top", type=int, default=10, help="how many to show (default 10)")
    search.add_argument("--words-only", action="store_true", help="compare words only (BM25), not meanings")
    form = search.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--csv", action="store_true", help="a table")
    search.set_defaults(run=_search)
    drawn = kinds.add_parser("map", help="groups of texts that mean something alike, named by their keywords")
    _sources(drawn)
    drawn.add_argument("--by-document", action="store_true", help="group whole documents instead of passages")
    drawn.add_argument("--output", type=Path, help="also write every point with its place and group (CSV)")
    _diversity(drawn)
    drawn.add_argument("--json", action="store_true")
    drawn.set_defaults(run=_map)
    words = kinds.add_parser("keywords", help="keywords of each document, or of a text")
    words.add_argument("file", nargs="*", type=Path, help="documents")
    words.add_argument("--text", default="", help="a text instead")
    words.add_argument("--top", type=int, default=10, help="how many (default 10)")
    _diversity(words)
    words.add_argument("--model", default="", help="id of a sentence embedder (default: the built-in one)")
    words.add_argument("--json", action="store_true")
    words.set_defaults(run=_keywords)


def _sources(command: Any, positional: bool = False) -> None:
    if positional:
        command.add_argument("sources", nargs="+", type=Path, help="files and folders; folders with all below them")
    else:
        command.add_argument(
            "--in", dest="sources", action="append", required=True, type=Path, metavar="PATH",
            help="a file or folder; may be given again",
        )  # fmt: skip
    command.add_argument("--model", default="", help="id of a sentence embedder (default: the built-in one)")


def _diversity(command: Any) -> None:
    command.add_argument(
        "--different", type=float, default=0.4, metavar="0..1",
        help="how different keywords shall be from each other (default 0.4)",
    )  # fmt: skip


def _opened(name: str, model: str) -> DocumentIndex:
    from workbench.app_paths import app_paths
    from workbench.catalog.catalog import Catalog
    from workbench.engine.document_index import DocumentIndex, index_folder

    paths = app_paths().ensure()
    return DocumentIndex.open(index_folder(paths, name), paths, Catalog.load(paths).get(model) if model else None)


def _updated(sources: Sequence[Path], model: str, control: Control) -> DocumentIndex:
    """The index of these files and folders, up to date. Raises: UserError when one of them is not there."""
    from workbench.errors import UserError

    places = sorted({p.absolute() for p in sources})
    for place in places:
        if not place.exists():
            raise UserError(f"“{place.name}” is not there.", "Check the name.")
    index = _opened("\n".join(str(p) for p in places), model)
    for _ in index.update(places, control):
        control.check()
    return index


def _index(options: argparse.Namespace) -> int:
    with progress("Reading documents") as control:
        index = _updated(options.sources, options.model, control)
    return _said(index)


def _said(index: DocumentIndex) -> int:
    """What was read, and what could not be. Returns 0, or 3 for the latter."""
    problems = index.problems()
    for found in problems:
        problem(found)
    documents, passages = index.count()
    note(f"{documents:,} documents, {passages:,} passages.")
    return 3 if problems else 0


def _search(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some documents could not be read."""
    from workbench.data.exporters.tables import csv_text

    with progress("Reading documents") as control:
        index = _updated(options.sources, options.model, control)
        if options.words_only:
            found = index.search_words(options.question, options.top)
        else:
            found = index.search(options.question, options.top, control)
    rows: list[dict[str, Any]] = [
        {
            "score": round(p.score, 4), "likeness": round(p.likeness, 4), "document": p.title, "place": p.place,
            "words": ", ".join(p.words), "text": p.text, "path": str(p.document),
        }
        for p in found
    ]  # fmt: skip
    if options.json:
        as_json(rows)
        return 3 if index.problems() else 0
    if options.csv:
        out(csv_text(rows, _FOUND).rstrip("\r\n"))
        return 3 if index.problems() else 0
    for row in rows:
        words = f" ({row['words']})" if row["words"] else ""
        out(f"{float(row['likeness']):6.1%}  {row['document']}, {row['place']}{words}")
        out(f"        {' '.join(str(row['text']).split())}")
    if not rows:
        note("Nothing was found.")
    return _said(index)


def _map(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when some documents could not be read."""
    from workbench.data.exporters.tables import csv_text
    from workbench.engine.text_map import group_table, make_map

    with progress("Reading documents") as control:
        index = _updated(options.sources, options.model, control)
        found = make_map(index, options.by_document, options.different, control)
    if options.output is not None:
        rows: list[dict[str, Any]] = [
            {
                "x": round(float(found.xy[n, 0]), 5), "y": round(float(found.xy[n, 1]), 5),
                "group": found.groups[int(found.group_of[n])].name, "document": p.title, "place": p.place, "text": p.text,
            }
            for n, p in enumerate(found.passages)
        ]  # fmt: skip
        text = csv_text(rows, ("x", "y", "group", "document", "place", "text"))
        options.output.write_text(text, "utf-8-sig", newline="")
        note(f"Written to {options.output}.")
    if options.json:
        as_json(group_table(found))
    else:
        for group in found.groups:
            out(f"{len(group.places):6,}  {', '.join(k.text for k in group.keywords)}")
        if found.note:
            note(found.note)
    return 3 if index.problems() else 0


def _keywords(options: argparse.Namespace) -> int:
    """Returns 0, or 3 when a document could not be read."""
    from workbench.data.documents import read_document
    from workbench.engine.keywords import text_keywords
    from workbench.errors import Problem, UserError

    if not options.file and not options.text.strip():
        raise UserError("There is nothing to find keywords in.", "Name documents, or give a text with --text.")
    index = _opened("keywords", options.model)
    code = 0
    rows: list[dict[str, Any]] = []
    with progress("Finding keywords") as control:
        for path in [*options.file, *([None] if options.text.strip() else [])]:
            name = str(path) if path is not None else "text"
            try:
                text = read_document(path, control).text if path is not None else options.text
                found = text_keywords(text, index, options.top, options.different, control)
            except UserError as error:
                problem(Problem.of(name, error))
                code = 3
                continue
            rows.append(
                {"document": name, "keywords": [{"keyword": k.text, "score": round(k.score, 4)} for k in found]}
            )
    if options.json:
        as_json(rows)
        return code
    for row in rows:
        if len(rows) > 1:
            out(row["document"])
        for word in row["keywords"]:
            out(f"{word['score']:6.1%}  {word['keyword']}")
    return code
