"""Purchase functions as they are: classes, verdict and time, beside the prototype and frontrun.

Same machine, same run. `cpu` is user and system time of all processes, with interpreter and server.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.behaviour_sales import ALCHEMY, DJANGO, SALES, Sale
from booking.testing import explore_behaviour, private_postgres

SCRIPT = Path(__file__).with_name("frontrun_behaviour.py")
ROOT = str(Path(__file__).parents[1])
SECONDS_MAX = 120


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ours(sale: Sale, buyers: int, folder: Path, method: str = "reduced"):
    os.chdir(folder)
    os.environ |= {"TICKETS": str(buyers - 1), **dict(sale.environment)}
    before_s = _cpu_s()
    proof = explore_behaviour(
        f"{sale.module}:{sale.function}",
        setup=f"{sale.module}:setup", check=f"{sale.module}:{sale.check}", buyers=buyers,
        method=method, seconds_max=SECONDS_MAX, server=sale.server or (),
    )  # fmt: skip
    for name, _ in sale.environment:
        del os.environ[name]
    return proof, _cpu_s() - before_s


@cache
def _postgres() -> dict[str, str]:
    """Start a server for the peer; keep our own environment free of it."""
    before = dict(os.environ)
    private_postgres()
    server = {name: value for name, value in os.environ.items() if before.get(name) != value}
    for name in server:
        del os.environ[name]
    return server


def _peer(sale: Sale, buyers: int, folder: Path, execution: str) -> str:
    """Return what frontrun says, after how many executions, and how long it took."""
    environment = {**os.environ, "PYTHONPATH": ROOT, "TICKETS": str(buyers - 1)}
    environment |= {**dict(sale.environment), **(_postgres() if sale.server == "postgres" else {})}
    words = [str(SCRIPT), sale.module, sale.function, sale.check, str(buyers), execution]
    launcher = [] if execution == "process" else [Path(sys.executable).with_name("frontrun")]
    try:
        done = subprocess.run(
            [*launcher, sys.executable, *words], cwd=folder, env=environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "no answer in 60 s"
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return "no answer"
    told = json.loads(lines[-1])
    kind = re.match(r"\[(?!invariant)\w+\]", told.get("said") or "")
    why = f" {kind[0]}" if kind else ""
    return f"{told['verdict']}{why}, {told['executions']}, {told['elapsed_s']:.1f} s"


def _row(sale: Sale, buyers: int, folder: Path, *, peers: bool) -> str:
    proof, cpu_s = _ours(sale, buyers, folder)
    assert proof.verdict == sale.verdict, (sale, proof.reason)
    plain = _ours(sale, buyers, folder, "plain")[0] if buyers == 2 else None
    whole = "" if proof.complete else "+"
    orders = f"{plain.ends} ({plain.violating} bad)" if plain is not None else ""
    first = f"{1000 * proof.witness_s:.0f} ms" if proof.witness_s is not None else ""
    told = ["", ""]
    if buyers == 2 and not sale.peer:
        told = ["not asked"] * 2
    elif buyers == 2 and peers:
        told = [_peer(sale, buyers, folder, way) for way in ("thread", "process")]
    return (
        f"| {sale.label} | {buyers} | {proof.verdict} | {proof.ends}{whole} | {proof.executions} "
        f"| {orders} | {proof.elapsed_s:.2f} s | {cpu_s:.1f} s | {first} "
        f"| {sale.prototype[buyers - 2]} | {told[0]} | {told[1]} |"
    )


@pytest.mark.parametrize("module", list(dict.fromkeys(sale.module for sale in SALES)))
def test_every_purchase_beside_the_prototype_and_frontrun(tmp_path, module):
    """Two buyers and one ticket; three buyers and two tickets. A table for each module."""
    needs = {ALCHEMY: "sqlalchemy", DJANGO: "django"}
    if module in needs:
        pytest.importorskip(needs[module])
    peers = find_spec("frontrun") is not None
    print(
        "\n| purchase | buyers | verdict | classes | executions | plain orders | time | cpu "
        "| first counterexample | prototype | frontrun, threads | frontrun, processes |"
    )
    print("|" + " --- |" * 12)
    for buyers in (2, 3):
        for number, sale in enumerate(one for one in SALES if one.module == module):
            folder = tmp_path / f"{buyers}-{number}"
            folder.mkdir()
            print(_row(sale, buyers, folder, peers=peers), flush=True)


def test_the_targets(tmp_path):
    """Three naive buyers in 5 s, four with FOR UPDATE in 60 s, a counterexample in 0.1 s."""
    naive, locked = SALES[0], SALES[2]
    proof, cpu_s = _ours(naive, 3, tmp_path)
    print(f"\nthree naive buyers: {proof.elapsed_s:.2f} s (cpu {cpu_s:.1f} s)", end="")
    print(f", first counterexample after {1000 * proof.witness_s:.0f} ms")
    assert proof.complete
    proof, cpu_s = _ours(locked, 4, tmp_path)
    print(
        f"four with FOR UPDATE: {proof.elapsed_s:.2f} s (cpu {cpu_s:.1f} s), {proof.ends} classes"
    )
    assert proof.complete
