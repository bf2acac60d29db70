"""Announce the steps of code that announces none: one interceptor for each library."""
