"""How long a server may be silent: while it is connected to, and during a statement."""

from __future__ import annotations

CONNECT_S = 5.0  # a name resolved, a socket opened, handshakes held: all of it together
STATEMENT_S = 30.0  # a server cancels a statement that takes longer, where it can be told to
GRACE_S = 2.0  # for the server's own answer that it did so


def too_late_to_connect(limit_s: float) -> str:
    """Return the reason why no connection was made."""
    return f"connecting to it took longer than {limit_s:g} s"
