"""Show a result on the terminal, as a JSON document, or as a file."""
