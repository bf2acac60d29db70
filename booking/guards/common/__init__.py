"""What several guards share."""
