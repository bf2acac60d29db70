"""The JSON document: what is accepted, what is refused, and that every other byte survives."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.core.protocols import TICKETS_MAX
from booking.errors import MalformedError
from booking.stores.common.json_document import NEW, parse
from tests.support.bad_documents import BAD


@pytest.mark.parametrize("data, problem", BAD.values(), ids=BAD.keys())
def test_what_holds_no_count_is_refused_in_one_line(data: bytes, problem: str) -> None:
    """Each kind of bad document is named for what it is."""
    with pytest.raises(MalformedError) as caught:
        parse(data, "data.json")
    message = str(caught.value)
    assert problem in message
    assert message.startswith("data.json: ")
    assert "\n" not in message
    assert len(message) < 200


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
counts = st.integers(0, TICKETS_MAX)


@given(
    st.dictionaries(st.text().filter(lambda key: key != "ticket_num"), json_values, max_size=4),
    counts,
    counts,
    st.sampled_from([None, 1, 2, "\t"]),
    st.booleans(),
    st.integers(0, 4),
)
def test_all_other_bytes_survive(
    others: dict[str, object],
    before: int,
    after: int,
    indent: int | str | None,
    plain: bool,
    at: int,
) -> None:
    """Another count changes the digits of the count and nothing else, in any layout."""
    items = list(others.items())
    items.insert(min(at, len(items)), ("ticket_num", before))
    text = json.dumps(dict(items), indent=indent, ensure_ascii=plain)
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return  # a lone surrogate is no UTF-8
    count, frame = parse(data, "data.json")
    assert count == before
    assert frame.render(before) == data
    quick = frame.count(frame.render(after))
    assert quick == after or (quick is None and after == TICKETS_MAX)  # which goes to the parser
    assert json.loads(frame.render(after)) == {**dict(items), "ticket_num": after}


@given(st.binary(max_size=40))
def test_the_quick_way_agrees_with_the_parser(middle: bytes) -> None:
    """Where the known frame returns a count, the parser returns the same."""
    data = NEW.prefix + middle + NEW.suffix
    quick = NEW.count(data)
    if quick is not None:
        assert parse(data, "data.json")[0] == quick


@pytest.mark.parametrize("digits", [b"", b"03", b"-1", b"1.5", b"9" * 16, "३".encode(), b" 3"])
def test_the_quick_way_takes_nothing_but_plain_digits(digits: bytes) -> None:
    """What is not certainly a count goes to the parser."""
    assert NEW.count(NEW.prefix + digits + NEW.suffix) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_a_count_or_one_error(data: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        count, frame = parse(data, "data.json")
    except MalformedError as error:
        assert "\n" not in str(error)
    else:
        assert frame.render(count).decode()
