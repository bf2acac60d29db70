"""`booking replay`: a counterexample in real processes."""

from __future__ import annotations

from pathlib import Path

import click

from booking.cli.completers import WITNESSES, files
from booking.cli.options import allow_code_option, json_option, typed

EPILOG = """\b
Example:
  booking explore --buyers 10 --tickets 3 --witness w.json
  booking replay w.json --times 100
"""


@click.command(epilog=EPILOG)
@click.argument("witness", type=click.Path(path_type=Path), shell_complete=files(*WITNESSES))
@click.option("--times", type=int, default=1, metavar="N", help="How often.  [default: 1]")
@allow_code_option
@click.option("--i-may-reset", "reset", multiple=True, metavar="DATABASE",
              help="Setup of a purchase function may empty this database.")  # fmt: skip
@json_option
@click.pass_context
def replay(
    context: click.Context,
    /,
    witness: Path,
    times: int,
    allow_code: bool,
    reset: tuple[str, ...],
    as_json: bool,
) -> int:
    """Replay a counterexample in real processes, step by step.

    WITNESS is a file that explore or simulate wrote. It sells from a private inventory, whatever
    place the file names. Exit code 0: each time the steps, the answers and the anomaly were those
    of the counterexample; 3: they were not. The file of a purchase function needs --allow-code.
    """
    from booking.core.counterexample import parse, read
    from booking.core.data_files import Permission
    from booking.errors import ExitCode, UsageError
    from booking.experiments.behaviours.counterexample_file import is_behaviour
    from booking.experiments.behaviours.counterexample_file import parse as parse_behaviour
    from booking.experiments.replay import replay as replay_times
    from booking.report import documents
    from booking.report.exploration_document import replay_document
    from booking.report.terminal.exploration import show_replayed
    from booking.report.terminal.progress import progress

    document, allowed = read(witness), Permission(code=allow_code)
    if is_behaviour(document):
        from booking.cli.replay_behaviour import run

        return run(parse_behaviour(document, witness, allowed), times, list(reset),
                   typed(context), as_json=as_json)  # fmt: skip
    if reset:
        raise UsageError("--i-may-reset: this witness sells from a private inventory")
    counterexample = parse(document, witness, allowed)
    with progress() as display:
        replayed = replay_times(
            counterexample, times, lambda done: display.update("replaying", done, times)
        )
    if as_json:
        documents.show(replay_document(replayed))
    else:
        show_replayed(replayed, typed(context))
    return ExitCode.AS_EXPECTED if replayed.same == replayed.times else ExitCode.UNKNOWN
