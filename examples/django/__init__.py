"""A shop with Django, on the test database of a private PostgreSQL."""
