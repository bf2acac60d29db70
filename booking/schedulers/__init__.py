"""Choose which process goes next."""
