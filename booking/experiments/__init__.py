"""Sale, exploration, replay and matrix: what the commands run."""
