"""The corpus of strings that people write: each is read, and has the value that it is meant to have."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from strings import Row
from written import ROWS as MORE

ROWS = [
    Row(str(each["text"]), str(each["meaning"]), each["scope"], each["id"])
    for each in yaml.safe_load((Path(__file__).parent / "notation.yaml").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_published_string_is_read_as_it_is_meant(row: Row) -> None:
    assert not row.fault()


@pytest.mark.parametrize("row", MORE, ids=str)
def test_a_string_of_books_and_posts_is_read_as_it_is_meant(row: Row) -> None:
    assert not row.fault()
