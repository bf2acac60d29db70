"""Files, their names and their locks: what purchase functions do to them is steps."""
