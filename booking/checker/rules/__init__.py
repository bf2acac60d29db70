"""Check what a counter's order does not show: intents, refusals, locks, missing evidence."""
