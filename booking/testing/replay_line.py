"""The command that replays a kept counterexample from the folder in which pytest was started."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from booking.core.command_line import counterexample_command
from booking.core.counterexample import Counterexample
from booking.core.scenario import Scenario


def replay_line(counterexample: Counterexample, path: Path, folder: Path) -> str:
    """Return the command; it names where the test's modules are, if not in that folder."""
    named = (counterexample.store, counterexample.guard, counterexample.lock)
    scenario = Scenario(
        store=counterexample.store, guard=counterexample.guard, lock=counterexample.lock
    )
    command = counterexample_command(scenario, path)
    modules = [name.partition(":")[0] for name in named if name and ":" in name]
    roots = dict.fromkeys(root for module in modules if (root := _root(module)) is not None)
    elsewhere = [str(_short(root, folder)) for root in roots if root != folder]
    if not elsewhere:
        return command
    return f"PYTHONPATH={shlex.quote(':'.join(elsewhere))} {command}"


def _root(module: str) -> Path | None:
    """Return the folder from which a module is imported; None of one that is installed."""
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return None
    path = Path(file).resolve()
    depth = module.count(".") + (path.stem == "__init__")
    root = path.parents[depth]
    installed = any(part in {"site-packages", "dist-packages"} for part in root.parts)
    return None if installed else root


def _short(root: Path, folder: Path) -> Path:
    return root.relative_to(folder) if root.is_relative_to(folder) else root
