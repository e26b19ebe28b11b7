"""Documents for tests, written by programs that know nothing of our readers."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path


def docx(path: Path, parts: Sequence[tuple[str, str]], table: Sequence[Sequence[str]] = ()) -> Path:
    """By python-docx. `parts`: (style: "" or "Heading 1" …, text)."""
    import docx as writer

    made = writer.Document()
    for style, text in parts:
        made.add_paragraph(text, style=style or None)
    if table:
        grid = made.add_table(rows=len(table), cols=len(table[0]))
        for row, cells in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    made.save(str(path))
    return path


def pdf(path: Path, pages: Sequence[Sequence[str]], columns: int = 1, password: str = "", title: str = "") -> Path:
    """By ReportLab: paragraphs per page, set in columns."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import BaseDocTemplate, Frame, PageBreak, PageTemplate, Paragraph

    wide, high = A4
    lock = StandardEncryption(password, canPrint=0) if password else None
    made = BaseDocTemplate(str(path), pagesize=A4, encrypt=lock, title=title)
    width = (wide - 100) / columns
    frames = [Frame(50 + n * width, 50, width - 10, high - 100) for n in range(columns)]
    made.addPageTemplates(PageTemplate(frames=frames))
    style = getSampleStyleSheet()["BodyText"]
    flow: list[object] = []
    for number, page in enumerate(pages):
        flow += [PageBreak()] if number else []
        flow += [Paragraph(text, style) for text in page]
    made.build(flow)
    return path


def picture_pdf(path: Path) -> Path:
    """A page that is only a picture, by Pillow."""
    from PIL import Image, ImageDraw

    page = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(page).text((40, 100), "Scanned words", fill="black")
    page.save(path, "PDF")
    return path


def odt(path: Path, body: str, encrypted: bool = False) -> Path:
    """Written by hand as OpenDocument 1.3 says. `body`: what lies in office:text."""
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    lock = "<manifest:encryption-data/>" if encrypted else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="content.xml">{lock}</manifest:file-entry></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names}><office:body><office:text>{body}'
            "</office:text></office:body></office:document-content>",
        )
    return path


def epub(path: Path, chapters: Sequence[tuple[str, str]], title: str) -> Path:
    """(name in the book, XHTML of the body) in the order of reading; stored in another order."""
    items = "".join(f'<item id="i{n}" href="{name}"/>' for n, (name, _) in enumerate(chapters))
    order = "".join(f'<itemref idref="i{n}"/>' for n in range(len(chapters)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>',
        )
        for name, body in reversed(chapters):
            archive.writestr(f"OEBPS/{name.replace('%20', ' ')}", f"<html><body>{body}</body></html>")
        archive.writestr(
            "OEBPS/book.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            f"<dc:title>{title}</dc:title></metadata><manifest>{items}</manifest><spine>{order}</spine></package>",
        )
    return path
