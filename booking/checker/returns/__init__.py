"""Decide a counter whose tickets come back, and seats that have names: bounds, then an order."""
