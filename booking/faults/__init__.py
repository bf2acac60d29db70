"""Inject faults into processes."""
