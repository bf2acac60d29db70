"""A shop with SQLAlchemy, on a private PostgreSQL."""
