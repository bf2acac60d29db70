"""The hunt for false verdicts: broken and sound variants, each in every mode."""
