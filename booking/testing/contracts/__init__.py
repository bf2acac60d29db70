"""The contracts of stores, locks and guards as test suites: subclass one and run pytest.

pytest shows the values of a failed `assert` only in modules that are registered before they are
imported, so that happens here.
"""

from __future__ import annotations

import pytest

MODULES = ("capabilities", "guard", "lock", "store")

pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in MODULES))
