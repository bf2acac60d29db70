"""A machine that lacks something: a result as always, or one line and exit code 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.workers import LIMIT_S, ROOT

RUN = f"{sys.executable} -m booking"
SALE = f"{RUN} simulate --buyers 3 --delay 0ms --lock --no-control"
REDIS = f"{SALE} --store redis"
OK, REFUSED = 0, 2
# Each: a command line for the shell, its exit code, and what its line says.
SURROUNDINGS = {
    "few files": ("ulimit -n 30; " + SALE, REFUSED, "ulimit -Hn"),
    "fewer files": (f"ulimit -n 12; {RUN} replay witness.json", REFUSED, "open files"),
    "hardly a file": (f"ulimit -n 6; {RUN} replay witness.json", REFUSED, "ulimit -n"),
    "no memory": (f"ulimit -v 30000; {SALE}", REFUSED, "out of memory"),
    "temp folder with a space": (f"mkdir 'a b'; TMPDIR='a b' {REDIS}", OK, ""),
    "temp folder with a newline": (f"mkdir $'a\\nb'; TMPDIR=$PWD/$'a\\nb' {REDIS}", OK, ""),
    "relative temp folder": (f"TMPDIR=. {REDIS}", OK, ""),
    "missing temp folder": (f"TMPDIR=/no/such {SALE}", OK, ""),
    "no stdin": (f"{SALE} <&-", OK, ""),
    "no home": (f"env -u HOME {SALE}", OK, ""),
    "ASCII": (f"LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 {SALE}", OK, ""),
    "strict ASCII": (f"PYTHONIOENCODING=ascii:strict {SALE}", OK, ""),
    "no current folder": (f"mkdir gone; cd gone; rmdir ../gone; {SALE}", OK, ""),
    "a class without a current folder": (
        f"mkdir gone; cd gone; rmdir ../gone; {RUN} simulate --store mine:Store",
        REFUSED, "the current folder is gone",
    ),
    "an argument that is no text": (
        f"{RUN} buy --json --store json:data.json --buyer $'\\xff'", OK, "",
    ),
    "a path that is no text": (f"{RUN} search --store json:$'\\xff'", REFUSED, "no such file"),
    "a path that is too long": (
        f"{RUN} simulate --store json:{'x' * 6000}", REFUSED, "file name too long",
    ),
    "a full disk": (f"{RUN} check valid.jsonl >/dev/full", REFUSED, "no space left"),
    "a file too large": (f"ulimit -f 0; {RUN} list > list.txt", REFUSED, "ulimit -f"),
}  # fmt: skip
QUICK = {"few files", "no memory", "relative temp folder", "a path that is too long", "a full disk"}


@pytest.mark.sweep(usual=lambda name: name in QUICK)
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_what_the_machine_lacks_is_a_line_or_no_matter(tmp_path: Path, name: str) -> None:
    """What is wrong, and what to do; never a traceback, and no defect of booking."""
    line, code, said = SURROUNDINGS[name]
    (tmp_path / "data.json").write_text('{"ticket_num": 5}')
    history = ROOT / "tests" / "data" / "histories" / "valid.jsonl"
    (tmp_path / "valid.jsonl").write_bytes(history.read_bytes())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    if "witness.json" in line:
        subprocess.run(
            [*RUN.split(), "explore", "--buyers", "2", "--tickets", "1", "--witness",
             "witness.json"],
            cwd=tmp_path, env=environment, capture_output=True, check=False,
        )  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True,
        timeout=LIMIT_S, check=False,
    )  # fmt: skip
    err = done.stderr.decode()
    assert done.returncode == code, err
    assert "Traceback" not in err
    assert err.count("\n") == (code == REFUSED)
    assert said in err
