"""A clean process that runs sales for the tests: no threads, no descriptors of the test runner.

One JSON object of flags a line on standard input, one JSON document a line on standard output.
"""

from __future__ import annotations

import json
import sys

import msgspec

from booking.core.command_line import replay_command
from booking.core.scenario import from_flags
from booking.errors import BookingError
from booking.experiments.sale import run_sale
from booking.report.sale_document import sale_document


def main() -> None:
    for line in sys.stdin:
        try:
            sale = run_sale(from_flags(json.loads(line)))
            document = sale_document(sale, replay_command(sale.repeatable))
            document["events"] = sale.history.events
            document["answers"] = sale.answers.outcome
            document["end"] = sale.history.end
        except BookingError as error:
            document = {"error": str(error), "exit_code": int(error.exit_code)}
        print(msgspec.json.encode(document).decode(), flush=True)


if __name__ == "__main__":
    main()
