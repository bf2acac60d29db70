"""Measure what a guard costs: guards, locks and stores side by side, against a floor."""
