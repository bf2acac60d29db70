"""Decide a counter that only falls, exactly: slots, a matching, then an order or a certificate."""
