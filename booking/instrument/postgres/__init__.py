"""What purchase functions do to PostgreSQL by `psycopg` is steps; waits in the server are real."""
