"""Name what would cure a counterexample, built from the statements that are in it."""
