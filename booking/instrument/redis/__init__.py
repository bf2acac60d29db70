"""What purchase functions do to Redis is steps on the keys that the server names."""
