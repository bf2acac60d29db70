"""Explore purchase functions as they are: real processes, held at each of their effects."""
