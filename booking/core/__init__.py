"""Protocols, steps, verdict, scenario, registry and assembly: what every mode shares."""
