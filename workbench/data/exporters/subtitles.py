"""Words with their times as subtitles: SubRip (.srt) and WebVTT (.vtt, https://www.w3.org/TR/webvtt1/).

Lines and times keep to what broadcasters ask for (BBC Subtitle Guidelines; Netflix Timed Text Style Guide): two lines of at
most 42 characters, on the screen for one to seven seconds, broken where a sentence or a pause ends.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LINE = 42
LINES = 2
SHORTEST, LONGEST = 1.0, 7.0
# A pause this long, in seconds, ends a subtitle; so does half of it after the end of a sentence.
_PAUSE = 0.8
# What stays on the screen after the last word, where there is room.
_LINGER = 0.3
_BETWEEN = 0.05
# Of a written transcript: a pause that ends a paragraph, and how many words one has.
_LONG_PAUSE, _PARAGRAPH, _LONGEST_PARAGRAPH = 2.0, 50, 150
_ENDS = (".", "?", "!", "…", "。", "？", "！")
_BREAKS = (*_ENDS, ",", ";", ":", "，", "、")


@dataclass(frozen=True)
class TimedWord:
    """A word with its times in seconds. `glued`: no blank parts it from the word before (Chinese, Japanese)."""

    text: str
    begins: float
    ends: float
    glued: bool = False


@dataclass(frozen=True)
class Cue:
    """One subtitle: its lines, and when it is shown."""

    begins: float
    ends: float
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def timed_words(text: str, pieces: Sequence[tuple[int, int, float, float]]) -> list[TimedWord]:
    """Words of a transcript.

    Args:
        pieces: (start, end) characters of `text` and (begins, ends) seconds, in order. A piece of several words shares
            its time among them by their letters.
    """
    found: list[TimedWord] = []
    for start, end, begins, ends in pieces:
        whole = text[start:end]
        glued = bool(found) and start > 0 and not text[start - 1].isspace()
        words = whole.split()
        letters = max(1, sum(map(len, words)))
        at = begins
        for word in words:
            until = at + max(0.0, ends - begins) * len(word) / letters
            found.append(TimedWord(word, at, until, glued))
            at, glued = until, False
    return found


def paragraphs(words: Sequence[TimedWord]) -> list[int]:
    """Places of the words that begin a paragraph of a written transcript: after a long pause, or where a sentence (else a
    pause) ends after many words. Words that come later change nothing before them."""
    found: list[int] = []
    for place, word in enumerate(words):
        if not found:
            found.append(place)
            continue
        last = words[place - 1]
        pause, count = word.begins - last.ends, place - found[-1]
        sentence = last.text.endswith(_ENDS)
        if pause > _LONG_PAUSE or (count >= _PARAGRAPH and (sentence or pause > _PAUSE)) or count >= _LONGEST_PARAGRAPH:
            found.append(place)
    return found


def transcript(words: Sequence[TimedWord]) -> str:
    """Plain text in paragraphs, with an empty line between them."""
    starts = [*paragraphs(words), len(words)]
    return "\n\n".join(_joined(words[a:b]) for a, b in pairwise(starts))


def cues(words: Sequence[TimedWord]) -> list[Cue]:
    """Words as subtitles that do not overlap, in order of time."""
    groups: list[list[TimedWord]] = []
    for word in sorted(words, key=lambda w: w.begins):
        if not groups or _closes(groups[-1], word):
            groups.append([])
        groups[-1].append(word)
    made: list[Cue] = []
    for place, group in enumerate(groups):
        begins = max(group[0].begins, made[-1].ends + _BETWEEN if made else 0.0)
        after = groups[place + 1][0].begins - _BETWEEN if place + 1 < len(groups) else float("inf")
        wanted = max(begins + SHORTEST, max(w.ends for w in group) + _LINGER)
        ends = min(wanted, begins + LONGEST, max(after, begins + _BETWEEN))
        made.append(Cue(begins, ends, _lines(group)))
    return made


def _closes(group: Sequence[TimedWord], word: TimedWord) -> bool:
    """Does this word begin a new subtitle?"""
    last = group[-1]
    pause = word.begins - last.ends
    sentence = last.text.endswith(_ENDS)
    return (
        pause >= (_PAUSE / 2 if sentence else _PAUSE)
        or word.ends - group[0].begins > LONGEST
        or len(_lines([*group, word])) > LINES
        or (sentence and _width(_joined(group)) > LINE)
    )


def _joined(words: Sequence[TimedWord]) -> str:
    return "".join(("" if n == 0 or w.glued else " ") + w.text for n, w in enumerate(words))


def _width(text: str) -> int:
    """Columns it takes: Chinese and Japanese characters are two wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _lines(words: Sequence[TimedWord]) -> tuple[str, ...]:
    """One line where it fits, else two as even as can be, rather after a comma; more where even these overflow."""
    whole = _joined(words)
    if _width(whole) <= LINE:
        return (whole,)
    halves = [(_joined(words[:n]), _joined(words[n:]).strip()) for n in range(1, len(words))]
    fitting = [pair for pair in halves if max(map(_width, pair)) <= LINE]
    if fitting:
        return min(fitting, key=lambda pair: abs(_width(pair[0]) - _width(pair[1])) - 8 * pair[0].endswith(_BREAKS))
    lines: list[list[TimedWord]] = [[]]
    for word in words:
        if lines[-1] and _width(_joined([*lines[-1], word])) > LINE:
            lines.append([])
        lines[-1].append(word)
    return tuple(_joined(line) for line in lines)


def srt_text(found: Sequence[Cue]) -> str:
    """SubRip: numbered, times with a comma. It knows no escape, so an arrow within a text is drawn otherwise."""
    blocks = [
        f"{number}\n{_stamp(c.begins, ',')} --> {_stamp(c.ends, ',')}\n{c.text.replace('-->', '→')}\n"
        for number, c in enumerate(_apart(found), 1)
    ]
    return "\n".join(blocks)


def vtt_text(found: Sequence[Cue]) -> str:
    """WebVTT, with its signs escaped."""
    blocks = [f"{_stamp(c.begins, '.')} --> {_stamp(c.ends, '.')}\n{_escaped(c.text)}\n" for c in _apart(found)]
    return "\n".join(["WEBVTT\n", *blocks])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _apart(found: Sequence[Cue]) -> list[Cue]:
    """Rounded to milliseconds, none ends before it begins or after the next one does."""
    rounded = [Cue(round(c.begins, 3), max(round(c.ends, 3), round(c.begins, 3) + 0.001), c.lines) for c in found]
    kept = [Cue(a.begins, max(a.begins, min(a.ends, b.begins)), a.lines) for a, b in pairwise(rounded)]
    return [*kept, *rounded[-1:]]


def _stamp(seconds: float, point: str) -> str:
    thousandths = round(max(0.0, seconds) * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"
