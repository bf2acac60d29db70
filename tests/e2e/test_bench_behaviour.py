"""`bench` of purchase functions: figures side by side, and which of them lost sales."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT, Program

SHOP = "tests.support.free_shop"
SALE = ("--setup", f"{SHOP}:setup", "--check", f"{SHOP}:left", "--buyers", "2", "--rounds", "2",
        "--time", "50ms")  # fmt: skip


def test_functions_are_priced_side_by_side(program: Program) -> None:
    """A row each, with what was wrong: both buyers of the naive one read before either writes."""
    behaviours = [f"{SHOP}:conditional", f"{SHOP}:naive"]
    words = [word for name in behaviours for word in ("--behaviour", name)]
    done = program("bench", *words, *SALE, "--json", PYTHONPATH=str(ROOT))
    assert done.returncode in {0, 3}, done  # 3: no purchases met
    document = json.loads(done.stdout)
    assert (document["rounds"], document["failed"]) == (2, [])
    right, naive = document["rows"]
    assert [right["behaviour"], naive["behaviour"]] == behaviours
    assert (right["anomalies"], right["oversold"], right["lost_sales"]) == ([], 0, 0)
    assert right["ratio_to_first"] == 1
    assert right["sales_per_s"] > 0
    assert right["wait_p99_ms"] >= right["wait_p50_ms"] > 0
    assert naive["anomalies"] == ["lost-update", "oversell"]
    assert naive["oversold"] > 0
    assert naive["lost_sales"] > 0
    assert naive["contended"]


def test_the_table_names_what_is_unsound(program: Program) -> None:
    done = program("bench", "--behaviour", f"{SHOP}:naive", *SALE, PYTHONPATH=str(ROOT))
    assert done.returncode == 0, done
    assert "sales/s" in done.stdout
    assert f"{SHOP}:naive with 2 buyers: lost-update, oversell" in done.stdout
    assert f"booking bench --buyers 2 --rounds 2 --time 50ms --behaviour {SHOP}:naive" in (
        " ".join(done.stdout.split())
    )


def test_a_function_that_ends_its_process_is_left_out(program: Program) -> None:
    """The others are measured; the exit code is that of an unknown."""
    words = ("--behaviour", f"{SHOP}:conditional", "--behaviour", f"{SHOP}:first_ends_its_process")
    done = program("bench", *words, *SALE, "--json", PYTHONPATH=str(ROOT))
    assert done.returncode == 3, done
    document = json.loads(done.stdout)
    assert [row["behaviour"] for row in document["rows"]] == [f"{SHOP}:conditional"]
    assert "buyer 0 ended its process with code 3" in document["failed"][0]


@pytest.mark.parametrize("words, said", [
    (("--setup", f"{SHOP}:setup"), "--behaviour, --check: missing"),
    (("--behaviour", f"{SHOP}:naive", *SALE, "--guards", "lock"),
     "--guards: not for a purchase function"),
    (("--behaviour", f"{SHOP}:naive", "--behaviour", f"{SHOP}:naive", *SALE),
     "--behaviour: each function once"),
    (("--behaviour", f"{SHOP}:naive", *SALE, "--buyers", "0,2"), "--buyers: from 1 to 200"),
    (("--behaviour", f"{SHOP}:nave", *SALE), 'unknown name "nave"'),
])  # fmt: skip
def test_what_cannot_be_priced_is_one_line(
    program: Program, words: tuple[str, ...], said: str
) -> None:
    done = program("bench", *words, PYTHONPATH=str(ROOT))
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, ""), done
    assert said in done.stderr
