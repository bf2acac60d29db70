"""Each exit code that a command can end with by its own work, and the words that bring it about.

Every command is here, and every code of the reference: `tests/e2e/test_exit_codes.py` fails for
one that is missing. A command that fails, or is stopped, ends with `ANY` of the other codes.
"""

from __future__ import annotations

from booking.errors import ExitCode

ANY = {
    ExitCode.USAGE, ExitCode.DEFECT, ExitCode.HUNG_UP, ExitCode.INTERRUPTED,
    ExitCode.BROKEN_PIPE, ExitCode.TERMINATED,
}  # fmt: skip
SALE = ("--buyers", "4", "--delay", "5ms")
CODES: dict[str, dict[int, tuple[str, ...]]] = {
    "simulate": {
        0: (*SALE, "--expect", "oversell"),
        1: SALE,
        3: (*SALE, "--buyers", "1", "--lock"),
    },
    "explore": {
        0: ("--buyers", "2", "--lock"),
        1: ("--buyers", "2", "--tickets", "1"),
        3: ("--buyers", "3", "--lock", "--max-states", "2"),
    },
    "replay": {0: ("witness.json",), 3: ("other.json",)},
    "run": {0: ("oversold.toml",), 1: ("unsound.toml",), 3: ("alone.toml",)},
    "matrix": {0: ("--stores", "json", "--guards", "none", "--trials", "1")},
    "check": {0: ("valid.jsonl",), 1: ("oversell.jsonl",), 3: ("open.jsonl", "--tickets", "1")},
    "bench": {
        0: ("--guards", "none", "--buyers", "2", "--rounds", "1", "--time", "20ms", "--no-c"),
        4: (
            "--guards",
            "none",
            "--buyers",
            "2",
            "--rounds",
            "1",
            "--time",
            "20ms",
            "--no-c",
            "--require",
            "none.sales_per_s>=1000000000000",
        ),
    },
    "demo": {0: ()},  # 3, as of bench, where buyers did not race: no words bring that about
    "init": {0: ("scenarios",)},
    "search": {0: ("--store", "json:data.json")},
    "buy": {0: ("--store", "json:data.json"), 1: ("--store", "json:empty.json")},
    "reset": {0: ("--store", "json:data.json", "--tickets", "5")},
    "list": {0: (), 1: ("--probe",)},
    "schema": {0: ()},
}
WRONG = ("--no-such-option",)
