"""What killed commands left behind, as a document for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from booking.experiments.leftovers import Leftover


def leftovers_document(found: Sequence[Leftover]) -> dict[str, Any]:
    """Return each leftover as data."""
    return {
        "leftovers": [
            {
                "path": str(one.path), "kind": one.kind, "owner": one.owner,
                "state": one.state, "removed": one.removed,
            }
            for one in found
        ]
    }  # fmt: skip
