"""JPEG Lossless (ITU-T T.81, process 14, Annex H): what many hospitals store X-ray and CT pictures in.

Huffman codes can only be read one after the other, but what each place of the stream would mean, and the pixels made of
what was read, are computed for all at once; so a picture takes a fraction of a second without native code.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_SOF3, _DHT, _SOI, _EOI, _SOS, _DRI = 0xC3, 0xC4, 0xD8, 0xD9, 0xDA, 0xDD
# Bytes of the stream, and codes, worked on at once.
_BLOCK = 1 << 18
_CODES = 1 << 20


class DamagedError(ValueError):
    """The stream breaks off or makes no sense."""


@dataclass
class _Table:
    """What the next 16 bits mean. uint8 [65536] each: bits of the code, bits that follow it, their sum (0: no code)."""

    code: npt.NDArray[np.uint8]
    extra: npt.NDArray[np.uint8]
    step: npt.NDArray[np.uint8]


@dataclass
class _Header:
    precision: int = 0
    height: int = 0
    width: int = 0
    components: list[int] = field(default_factory=list)
    tables: dict[int, _Table] = field(default_factory=dict)
    restart: int = 0


def decode(data: bytes, height: int, width: int) -> npt.NDArray[Any]:
    """The pixels: uint8 or uint16, [H, W] or [H, W, C].

    Args:
        height, width: what the picture must be; nothing is made room for before it is compared.

    Raises:
        DamagedError: when the stream is not a lossless JPEG of this size, or breaks off.
    """
    import numpy as np

    header = _Header()
    planes: dict[int, npt.NDArray[Any]] = {}
    at = 2
    if data[:2] != bytes((0xFF, _SOI)):
        raise DamagedError("no start")
    while len(planes) < max(1, len(header.components)):
        marker, body, at = _segment(data, at)
        if marker == _SOF3:
            _read_frame(header, body)
            if (header.height, header.width) != (height, width):
                raise DamagedError("another size")
        elif 0xC0 <= marker <= 0xCF and marker not in (_DHT, 0xC8, 0xCC):
            raise DamagedError("not lossless")
        elif marker == _DHT:
            _read_tables(header, body)
        elif marker == _DRI and len(body) == 2:
            header.restart = int.from_bytes(body)
        elif marker == _SOS:
            names, end = _scan(header, data, at, body, planes)
            at = end
            if not names:
                raise DamagedError("an empty scan")
        elif marker == _EOI:
            raise DamagedError("cut off")
    found = [planes[c] for c in header.components]
    return found[0] if len(found) == 1 else np.stack(found, axis=-1)


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Marker, its body, where the next one begins."""
    while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
        at += 1
    if at + 2 > len(data) or data[at] != 0xFF:
        raise DamagedError("no marker")
    marker = data[at + 1]
    if marker == _EOI:
        return marker, b"", at + 2
    length = int.from_bytes(data[at + 2 : at + 4])
    if length < 2 or at + 2 + length > len(data):
        raise DamagedError("cut off")
    return marker, data[at + 4 : at + 2 + length], at + 2 + length


def _read_frame(header: _Header, body: bytes) -> None:
    if len(body) < 6 or header.components:
        raise DamagedError("a bad frame")
    header.precision, header.height, header.width, count = struct.unpack(">BHHB", body[:6])
    parts = [body[6 + 3 * n : 9 + 3 * n] for n in range(count)]
    if not 2 <= header.precision <= 16 or count not in (1, 3, 4) or any(len(p) != 3 or p[1] != 0x11 for p in parts):
        raise DamagedError("a bad frame")
    header.components = [p[0] for p in parts]
    if len(set(header.components)) != count:
        raise DamagedError("a bad frame")


def _read_tables(header: _Header, body: bytes) -> None:
    """T.81 Annex C: codes are given by how many there are of each length."""
    import numpy as np

    at = 0
    while at + 17 <= len(body):
        name, counts = body[at] & 0x0F, body[at + 1 : at + 17]
        values = body[at + 17 : at + 17 + sum(counts)]
        at += 17 + len(values)
        code, extra, step = (np.zeros(1 << 16, np.uint8) for _ in range(3))
        place = used = 0
        for bits, count in enumerate(counts, 1):
            for value in values[used : used + count]:
                span = 1 << (16 - bits)
                if value > 16 or place + span > 1 << 16:
                    raise DamagedError("a bad table")
                code[place : place + span] = bits
                extra[place : place + span] = 0 if value == 16 else value
                # 16 stands for a difference of 32768, with no bits after it.
                step[place : place + span] = bits + (0 if value == 16 else value)
                if value == 16:
                    extra[place : place + span] = 255
                place += span
            used += count
        header.tables[name] = _Table(code, extra, step)


def _scan(
    header: _Header, data: bytes, at: int, body: bytes, planes: dict[int, npt.NDArray[Any]]
) -> tuple[list[int], int]:
    """One scan into `planes`. Returns the components it held and where it ends."""
    import numpy as np

    count = body[0] if body else 0
    if not header.components or len(body) != 4 + 2 * count:
        raise DamagedError("a bad scan")
    names = [body[1 + 2 * n] for n in range(count)]
    tables = [header.tables.get(body[2 + 2 * n] >> 4) for n in range(count)]
    predictor, shift = body[1 + 2 * count], body[3 + 2 * count] & 0x0F
    known = [t for t in tables if t is not None]
    if not set(names) <= set(header.components) or len(known) != count or not 1 <= predictor <= 7:
        raise DamagedError("a bad scan")
    if shift >= header.precision:
        raise DamagedError("a bad scan")
    rows = header.height
    if header.restart:
        if header.restart % header.width:
            raise DamagedError("a bad restart interval")
        rows = min(rows, header.restart // header.width)
    parts: list[list[npt.NDArray[Any]]] = [[] for _ in names]
    done = 0
    while done < header.height:
        rows = min(rows, header.height - done)
        end = _end_of_run(data, at)
        stream = data[at:end].replace(b"\xff\x00", b"\xff")
        flat = _differences(stream, known, rows * header.width * count)
        for n in range(count):
            difference = flat[n::count].reshape(rows, header.width)
            parts[n].append(_predicted(difference, predictor, 1 << (header.precision - shift - 1)))
        done += rows
        at = end
        if done < header.height:
            if data[at : at + 1] != b"\xff" or not 0xD0 <= data[at + 1] <= 0xD7:
                raise DamagedError("cut off")
            at += 2
    for name, part in zip(names, parts, strict=True):
        whole = np.concatenate(part) << shift
        planes[name] = whole.astype(np.uint8 if header.precision <= 8 else np.uint16)
    return names, at


def _end_of_run(data: bytes, at: int) -> int:
    """Where the next marker stands."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0:
            return at
        at += 2


def _differences(stream: bytes, tables: list[_Table], count: int) -> npt.NDArray[np.int32]:
    """The differences of a run, components in turn: int32 [count]."""
    import numpy as np

    padded = np.frombuffer(stream + b"\0" * 8, np.uint8)
    bits = len(stream) * 8
    if count > bits:  # a code has at least one bit
        raise DamagedError("cut off")
    places = np.empty(count, np.int64)
    done = at = 0
    many = len(tables)
    while done < count:
        first = at >> 3
        last = min(len(stream), first + _BLOCK)
        if first >= last:
            raise DamagedError("cut off")
        ahead = _sixteen(padded[first : last + 2])
        steps = [table.step[ahead].tobytes() for table in tables]
        base, limit = first * 8, last * 8
        begun = done
        taken: list[int] = []
        add = taken.append
        turn = done % many
        while at < limit and begun + len(taken) < count:
            step = steps[turn][at - base]
            if not step:
                raise DamagedError("no such code")
            add(at)
            at += step
            turn = turn + 1 if turn + 1 < many else 0
        done += len(taken)
        places[begun:done] = taken
    if at > bits:
        raise DamagedError("cut off")
    part = _CODES // many * many
    return np.concatenate([_values(padded, places[n : n + part], tables) for n in range(0, count, part)])


def _sixteen(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """The 16 bits from every bit on: uint16 [(n - 2) * 8] of n bytes."""
    import numpy as np

    wide = data[:-2].astype(np.uint32) << 16 | data[1:-1].astype(np.uint32) << 8 | data[2:]
    result = np.empty((len(wide), 8), np.uint16)
    for bit in range(8):
        result[:, bit] = wide >> (8 - bit) & 0xFFFF
    return result.reshape(-1)


def _values(data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64], tables: list[_Table]) -> npt.NDArray[np.int32]:
    """T.81 F.2.2.1: so many bits after a code say which of its differences is meant."""
    import numpy as np

    def window(at: npt.NDArray[np.int64], bits: npt.NDArray[Any] | int) -> npt.NDArray[np.int64]:
        byte = at >> 3
        wide = np.zeros(len(at), np.int64)
        for n in range(4):
            wide = wide << 8 | data[byte + n]
        result: npt.NDArray[np.int64] = (wide << (at & 7) & 0xFFFFFFFF) >> (32 - bits)
        return result

    code = np.empty(len(places), np.int64)
    extra = np.empty(len(places), np.int64)
    ahead = window(places, 16)
    for n, table in enumerate(tables):
        part = slice(n, None, len(tables))
        code[part], extra[part] = table.code[ahead[part]], table.extra[ahead[part]]
    far = extra == 255
    extra[far] = 0
    value = window(places + code, extra)
    half = np.where(extra > 0, 1 << np.maximum(extra - 1, 0), 0)
    result: npt.NDArray[np.int32] = np.where(value < half, value - (1 << extra) + 1, value).astype(np.int32)
    result[far] = 32768
    return result


def _predicted(difference: npt.NDArray[np.int32], predictor: int, begin: int) -> npt.NDArray[np.int64]:
    """Pixels from differences (T.81 H.1.2.1; all modulo 65536): int64 [rows, width]."""
    import numpy as np

    whole = difference.astype(np.int64)
    whole[0, 0] += begin
    if predictor == 1:  # from the left; the first of a row from above
        whole[:, 0] = np.cumsum(whole[:, 0])
        return np.cumsum(whole, axis=1) & 0xFFFF
    whole[0] = np.cumsum(whole[0])
    if predictor == 2:  # from above
        return np.cumsum(whole, axis=0) & 0xFFFF
    if predictor == 4:  # left + above - above left
        whole[1:] = np.cumsum(whole[1:], axis=1)
        return np.cumsum(whole, axis=0) & 0xFFFF
    whole[0] &= 0xFFFF
    for row in range(1, len(whole)):
        above, now = whole[row - 1], whole[row]
        now[0] += above[0]
        if predictor == 3:  # above left
            now[1:] += above[:-1]
        elif predictor == 5:  # left + half of (above - above left)
            now[1:] += (above[1:] - above[:-1]) >> 1
            now[:] = np.cumsum(now)
        else:
            _one_by_one(now, above, predictor)
        now &= 0xFFFF
    return whole


def _one_by_one(now: npt.NDArray[np.int64], above: npt.NDArray[np.int64], predictor: int) -> None:
    """The two predictors whose rounding hangs on the pixel just made."""
    line, upper = now.tolist(), above.tolist()
    left = line[0] & 0xFFFF
    line[0] = left
    for x in range(1, len(line)):
        guess = upper[x] + ((left - upper[x - 1]) >> 1) if predictor == 6 else (left + upper[x]) >> 1
        left = (line[x] + guess) & 0xFFFF
        line[x] = left
    now[:] = line
