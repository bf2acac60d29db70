"""A ticket-sale concurrency workbench: does it oversell, why, and what does each cure cost?"""

__version__ = "0.1.0"
