"""The container of a PDF file (ISO 32000-1, chapter 7), written from front to back: what has been written is not held,
so that a file of a thousand scanned pages takes no more memory than one of one page."""

from __future__ import annotations

import hashlib
import zlib
from typing import IO

_BUNDLE = 64


class PdfFile:
    """Numbered objects one after the other, and at the end the table of their places.

    Args:
        stream: where the bytes go, at its beginning.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._places: dict[int, int] = {}
        self._next = 1
        self._at = 0
        self._digest = hashlib.sha256()
        # Pages hang in bundles, so that a reader need not go through all of them to find one.
        self._bundle = 0
        self._bundled: list[int] = []
        self._bundles: list[int] = []
        self._count = 0
        # The comment of bytes above 127 tells programs that this is no text file.
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        self._trees = self.reserve()

    def reserve(self) -> int:
        """A number for an object that is written later."""
        number = self._next
        self._next += 1
        return number

    def put(self, body: bytes, number: int = 0) -> int:
        """Write an object; gives its number."""
        number = number or self.reserve()
        self._places[number] = self._at
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def put_stream(self, entries: bytes, data: bytes, number: int = 0, *, compress: bool = True) -> int:
        """Write a stream object. `entries`: of its dictionary, without the length."""
        if compress:
            data, entries = zlib.compress(data, 6), entries + b" /Filter /FlateDecode"
        head = b"<< %b /Length %d >>\nstream\n" % (entries.strip(), len(data))
        return self.put(head + data + b"\nendstream", number)

    def put_page(self, width: float, height: float, resources: bytes, content: int) -> None:
        """Add a page. `width`, `height`: in points (1/72 inch); `content`: the number of its content stream."""
        if not self._bundled:
            self._bundle = self.reserve()
        box = b"0 0 %b %b" % (number_of(width), number_of(height))
        body = b"<< /Type /Page /Parent %d 0 R /MediaBox [%b] /Resources %b /Contents %d 0 R >>"
        self._bundled.append(self.put(body % (self._bundle, box, resources, content)))
        self._count += 1
        if len(self._bundled) == _BUNDLE:
            self._close_bundle()

    def close(self, title: str, producer: str) -> None:
        """Write the end. The stream stays open."""
        if self._bundled:
            self._close_bundle()
        kids = b" ".join(b"%d 0 R" % number for number in self._bundles)
        self.put(b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, self._count), self._trees)
        view = b"/ViewerPreferences << /DisplayDocTitle true >>"
        root = self.put(b"<< /Type /Catalog /Pages %d 0 R %b >>" % (self._trees, view))
        info = self.put(b"<< /Title %b /Producer %b >>" % (text_string(title), text_string(producer)))
        start = self._at
        self._write(b"xref\n0 %d\n0000000000 65535 f \n" % self._next)
        for number in range(1, self._next):
            self._write(b"%010d 00000 n \n" % self._places[number])
        identity = self._digest.hexdigest()[:32].encode()
        self._write(
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R /ID [<%b> <%b>] >>\nstartxref\n%d\n%%%%EOF\n"
            % (self._next, root, info, identity, identity, start)
        )

    def _close_bundle(self) -> None:
        kids = b" ".join(b"%d 0 R" % number for number in self._bundled)
        body = b"<< /Type /Pages /Parent %d 0 R /Kids [%b] /Count %d >>" % (self._trees, kids, len(self._bundled))
        self._bundles.append(self.put(body, self._bundle))
        self._bundled = []

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._digest.update(data)
        self._at += len(data)


def number_of(value: float) -> bytes:
    """A number as PDF writes it: no exponent, at most four places."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return (text if text not in ("", "-0") else "0").encode()


def text_string(text: str) -> bytes:
    """A text of any script, as PDF writes it outside of pages (UTF-16 with its mark)."""
    return b"<%b>" % (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex().upper().encode()
