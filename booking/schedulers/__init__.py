"""Choose which task goes next: one strategy a file, behind one protocol."""
