"""Deadlines, pickled copies, scratch folders, atomic file swap, process ids."""
