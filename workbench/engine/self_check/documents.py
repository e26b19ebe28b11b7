"""Documents, tables, personal data, and the map of texts."""

from __future__ import annotations

import zipfile
from pathlib import Path

from workbench.engine.self_check.base import Failed, Place, Step, expect

_WORDS = "The warranty ends in 2031."


def _pdf(path: Path) -> None:
    """The smallest PDF with a line of text (ISO 32000-1, 7.5): objects, their places, a trailer."""
    drawing = f"BT /F1 24 Tf 40 100 Td ({_WORDS}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(data),
    )
    path.write_bytes(data)


def _documents(place: Place) -> str:
    from workbench.data.documents import read_document

    folder = place.folder / "documents"
    folder.mkdir()
    _pdf(folder / "a.pdf")
    (folder / "b.html").write_text(f"<html><body><p>{_WORDS}</p><script>no()</script></body></html>", encoding="utf-8")
    (folder / "c.md").write_text(f"# Paper\n\n{_WORDS}\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "d.docx", "w") as archive:
        space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
        archive.writestr(
            "word/document.xml",
            f"<w:document {space}><w:body><w:p><w:r><w:t>{_WORDS}</w:t></w:r></w:p></w:body></w:document>",
        )
    for file in sorted(folder.iterdir()):
        text = read_document(file).text
        expect(_WORDS in text and "no()" not in text, f"{file.suffix}: read “{text[:60]}”")
    return "PDF, HTML, Markdown and Word are read"


def _personal(_place: Place) -> str:
    from workbench.data.personal import EMAIL, IBAN, PHONE, find

    found = {p.kind for p in find("Call +49 30 901820 or write to ann@example.org; IBAN DE89 3704 0044 0532 0130 00.")}
    expect({EMAIL, IBAN, PHONE} <= found, f"found only {sorted(found)}")
    return "an e-mail address, a telephone number and a bank account are found"


def _table(place: Place) -> str:
    import openpyxl

    from workbench.data.importers import sniff

    book = openpyxl.Workbook()
    for row in (("text", "label"), ("good", "praise"), ("bad", "blame"), ("fine", "praise"), ("poor", "blame")):
        book.active.append(row)
    book.save(place.folder / "table.xlsx")
    plan = sniff([place.folder / "table.xlsx"])
    guess = plan.guess()
    if guess is None:
        raise Failed("the table was not taken for one")
    plan.choose(guess)
    expect(sorted(plan.label_counts) == ["blame", "praise"], plan.summary)
    return "an Excel table is read"


def _map(_place: Place) -> str:
    """Two clouds of points stay two clouds (openTSNE)."""
    import numpy as np

    from workbench.engine.text_map import grouped, laid_out

    random = np.random.default_rng(0)
    vectors = np.concatenate([random.normal(side, 0.1, (40, 16)) for side in (-1, 1)]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    xy = laid_out(vectors)
    _, _centres = grouped(vectors)
    apart = float(np.linalg.norm(xy[:40].mean(0) - xy[40:].mean(0)))
    expect(xy.shape == (80, 2) and apart > 0.3, f"the clouds lie {apart:.2f} apart")
    return "a map of 80 points"


STEPS = (
    Step("documents", "Documents", _documents),
    Step("personal", "Personal data", _personal),
    Step("table", "Tables", _table),
    Step("map", "The map of texts", _map),
)
