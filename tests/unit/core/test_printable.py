"""Control characters become escapes; every other text stays as it is."""

from __future__ import annotations

import json
import sys
import unicodedata

from booking.core.printable import printable, printable_json, printable_lines

EVERY = [chr(code) for code in range(sys.maxunicode + 1)]
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = {
    char for char in EVERY if char in BIDI or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
}


def test_what_a_terminal_obeys_becomes_an_escape() -> None:
    r"""By Unicode's own tables; ESC is shown as `\x1b`."""
    assert {char for char in EVERY if printable(char) != char} == CONTROLS
    assert {char for char in EVERY if printable_lines(char) != char} == CONTROLS - {"\n", "\t"}
    assert printable("a\x1b[2J\u202eb\n") == r"a\x1b[2J\u202eb\n"


def test_names_of_every_script_stay_as_they_are() -> None:
    """Accents, right-to-left letters, joiners and pictures are no controls."""
    for name in ("Žofie", "علی", "שרה", "می\u200cخواهم", "👩\u200d🎤", "日本"):
        assert printable(name) == name


def test_a_json_document_means_the_same() -> None:
    """Its strings hold the characters, and its bytes do not."""
    value = "".join(char for char in sorted(CONTROLS) if not "\ud800" <= char <= "\udfff")
    written = printable_json(json.dumps({value: [value]}, ensure_ascii=False))
    assert json.loads(written) == {value: [value]}
    assert not set(written) & CONTROLS
