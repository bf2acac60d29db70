"""EDN as Jepsen writes it, and as far as it may stray from it."""

from __future__ import annotations

import pytest

from booking.errors import HistoryError
from booking.history import read

FIRST = "{:process 0, :type :invoke, :f :buy, :value nil, :time -5, :index 0}"
SECOND = '{:index 1 :process 0 :type :ok :f :buy :value 3N :time 7 :error [:odd "a \\" ; b"]}'


def events(tmp_path, text, **flags):
    path = tmp_path / "h.edn"
    path.write_text(text)
    reader = read(path, **flags)
    return [event for chunk in reader.chunks() for event in chunk], reader.notes


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}\n",
        f"[{FIRST}\n {SECOND}]",
        f"({FIRST} {SECOND})",
        f"#jepsen.history.Op{FIRST}; a comment }}\n#jepsen.history.Op{SECOND}",
        f"{FIRST} #_{{:process 9}} {SECOND}",
        f'{FIRST[:-1]} :extra #{{1 2 \\a}} :at #inst "2024-01-01" :x/y 1.5e3 :n -2M}}\n{SECOND}',
    ],
)
def test_maps_one_a_line_or_in_a_vector(tmp_path, text):
    (one, two), notes = events(tmp_path, text)
    assert (one.process, one.type, one.f, one.value, one.time) == (0, "invoke", "buy", None, -5)
    assert (two.value, two.error) == (3, ["odd", 'a " ; b'])
    assert notes == []


@pytest.mark.parametrize("cut", [5, 30, len(SECOND) - 1, 70])
def test_a_history_cut_off_in_a_form_is_read_up_to_there(tmp_path, cut):
    found, notes = events(tmp_path, f"{FIRST}\n{SECOND[:cut]}")
    assert len(found) == 1
    assert notes == ["the history is cut off in line 2; it is judged up to there"]


def test_a_vector_that_is_not_closed_is_cut_off(tmp_path):
    found, notes = events(tmp_path, f"[{FIRST}\n{SECOND}\n")
    assert len(found) == 2
    assert "cut off" in notes[0]


@pytest.mark.parametrize(
    "text, line",
    [
        (f"{FIRST}\n{{:process 0 :type}}", 2),
        (f"{FIRST}\n]", 2),
        (f"{FIRST}\n(1 2]", 2),
        (f"{FIRST}\n17", 2),
        (f"{FIRST}\n{{:process 0, :type :ok, :f :buy, :index 1}}", 2),
        (f"{FIRST}\n{{:process 0, :type :ok, :f :buy, :index 1, :time :late}}", 2),
        ("\n\n[" * 300, 1),
    ],
)
def test_malformed_edn_names_its_line(tmp_path, text, line):
    if text.startswith("\n"):
        text = "{:process " + "[" * 300 + "]" * 300 + "}"
    with pytest.raises(HistoryError, match=f"line {line}"):
        events(tmp_path, text)


def test_values_of_several_inventories_are_taken_apart(tmp_path):
    (one, two), _ = events(
        tmp_path,
        "{:process 0 :type :invoke :f :read :value [7 nil] :time 1 :index 0}"
        "{:process 0 :type :ok :f :read :value [7 3] :time 2 :index 1}",
        keyed=True,
    )
    assert (one.key, one.value, two.key, two.value) == (7, None, 7, 3)
