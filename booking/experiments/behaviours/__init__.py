"""Purchase functions as they are: explored, replayed, sold freely, each in a fresh interpreter."""
