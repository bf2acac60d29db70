"""How one order is carried out: one guard, one file."""
