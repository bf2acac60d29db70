"""Enumerate the interleavings of a bounded sale: the code that sells, under another driver."""
