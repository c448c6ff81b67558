"""Cursors: what we gave out comes back, anything else is refused."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.kernel.errors import Malformed
from services.kernel.http.paging import decode_cursor, encode_cursor


@given(st.integers(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60))
def test_a_cursor_comes_back_as_it_was(number: int, word: str) -> None:
    assert decode_cursor(encode_cursor(sequence=number, id=word), sequence=int, id=str) == {
        "sequence": number,
        "id": word,
    }


@given(st.text(max_size=200))
@example("=")
@example("[" * 200)
@example("e30")
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode_cursor(text, sequence=int)


@given(
    st.dictionaries(
        st.text(max_size=5), st.one_of(st.integers(), st.text(max_size=5), st.booleans(), st.none()), max_size=3
    ).filter(lambda value: set(value) != {"sequence"} or type(value["sequence"]) is not int)
)
def test_a_cursor_of_another_shape_is_refused(value: dict[str, object]) -> None:
    text = base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    with pytest.raises(Malformed):
        decode_cursor(text, sequence=int)


def test_a_cursor_with_a_nul_is_refused() -> None:
    with pytest.raises(Malformed):
        decode_cursor(encode_cursor(at="a\0", n=1), at=str, n=int)


def test_another_spelling_of_a_cursor_is_refused() -> None:
    text = base64.urlsafe_b64encode(b'{"sequence": 3}').rstrip(b"=").decode()
    with pytest.raises(Malformed, match="not one of ours"):
        decode_cursor(text, sequence=int)
