"""CoNLL columns: a word and its tag (IOB2) a line, an empty line between texts. Words are runs of letters and digits, and
single marks; the blanks between them are not kept by this format."""

from __future__ import annotations

from workbench.data.exporters.spans import WORD, LinesFormat, MarkedText


def _rows(text: MarkedText) -> str:
    rows = []
    for word in WORD.finditer(text.text):
        inside = next((p for p in text.pieces if p[0] < word.end() and word.start() < p[1]), None)
        if inside is None:
            tag = "O"
        else:
            begins = not WORD.search(text.text, inside[0], word.start())
            tag = f"{'B' if begins else 'I'}-{'_'.join(inside[2].split())}"
        rows.append(f"{word.group()} {tag}")
    return "\n".join(rows) + "\n"


FORMAT = LinesFormat("conll", "CoNLL columns (BIO)", _rows, ".conll", last="")
