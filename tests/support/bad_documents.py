"""JSON documents that hold no count: each with what its refusal must say."""

from __future__ import annotations

BAD = {
    "empty": (b"", "empty"),
    "only space": (b" \n", "empty"),
    "not JSON": (b"{ticket_num: 3}", "not JSON"),
    "cut off": (b'{"ticket_num": 3', "not JSON"),
    "two documents": (b'{"ticket_num": 3}{}', "not JSON"),
    "a list": (b"[3]", "not a JSON object"),
    "missing": (b'{"tickets": 3}', 'no "ticket_num"'),
    "negative": (b'{"ticket_num": -1}', "negative"),
    "a string": (b'{"ticket_num": "3"}', '"3"'),
    "a float": (b'{"ticket_num": 3.0}', "3.0"),
    "a bool": (b'{"ticket_num": true}', "true"),
    "null": (b'{"ticket_num": null}', "null"),
    "10^30": (b'{"ticket_num": 1000000000000000000000000000000}', "too large"),
    "beyond Python's limit": (b'{"ticket_num": ' + b"9" * 5000 + b"}", "not usable"),
    "NaN": (b'{"ticket_num": NaN}', "NaN"),
    "duplicate keys": (b'{"ticket_num": 3, "ticket_num": 4}', "twice"),
    "another duplicate": (b'{"a": 1, "a": 2, "ticket_num": 3}', "twice"),
    "byte order mark": (b'\xef\xbb\xbf{"ticket_num": 3}', "byte order mark"),
    "invalid UTF-8": (b'{"ticket_num": 3, "x": "\xff"}', "not UTF-8"),
    "deep": (b"[" * 100_000, "nested too deeply"),
}
