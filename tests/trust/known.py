"""False verdicts that are known and not mended yet: by mode, the names of variants.

This list shall become empty. `python -m tests.trust.table --known` writes it anew.
"""

from __future__ import annotations

KNOWN: dict[str, str] = {}
