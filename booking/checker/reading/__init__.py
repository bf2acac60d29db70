"""Turn a history's events into columns: what each operation means, and what cannot be placed."""
