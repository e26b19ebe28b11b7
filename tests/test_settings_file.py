"""Small files of settings: what was set comes back; what is damaged, missing or cannot be reads as usual."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench import settings_file
from workbench.errors import UserError


@dataclass(frozen=True)
class Kept:
    on: bool = True
    name: str = "usual"
    share: float = 0.5
    count: int = 2


def fair(kept: Kept) -> Kept:
    if not 0 <= kept.share <= 1:
        raise UserError("This is no share.")
    return replace(kept, count=max(0, kept.count))


@given(
    st.builds(
        Kept, st.booleans(), st.text(st.characters(exclude_categories=["Cs"])), st.floats(0, 1), st.integers(0, 9)
    )
)
def test_what_was_set_comes_back(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> None:
    file = tmp_path_factory.getbasetemp() / "kept.json"
    settings_file.write(file, kept)
    assert settings_file.read(file, Kept(), fair) == kept


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", Kept()), ("{", Kept()), ("[1]", Kept()), ("null", Kept()), ('{"count": "many"}', Kept()), ('{"share": [1]}', Kept()),
        ('{"share": 7}', Kept()), ("[" * 5000, Kept()), ('{"count": 5, "unknown": 1}', Kept(count=5)), ('{"count": -5}', Kept(count=0)),
    ],
)  # fmt: skip
def test_what_cannot_be_reads_as_usual(tmp_path: Path, text: str, found: Kept) -> None:
    file = tmp_path / "kept.json"
    assert settings_file.read(file, Kept(), fair) == Kept()
    file.write_text(text, encoding="utf-8")
    assert settings_file.read(file, Kept(), fair) == found


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("")
    with pytest.raises(UserError, match="could not be written"):
        settings_file.write(tmp_path / "a file" / "kept.json", Kept())
