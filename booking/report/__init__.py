"""Show a result: to a person, or to a script."""
