"""Name what is wrong, in sentences and with the events that prove it."""
