from __future__ import annotations

import pytest

from moderator.plain_json import parse_json


@pytest.mark.parametrize("text", [b"", b"no", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000])
def test_whatever_is_wrong_is_one_kind_of_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)


def test_a_value() -> None:
    assert parse_json('{"a": [1, null]}') == parse_json(b'{"a": [1, null]}') == {"a": [1, None]}
