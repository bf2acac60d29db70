"""How one order is carried out: one module for each guard."""
