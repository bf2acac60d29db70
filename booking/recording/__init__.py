"""Record events so that a killed process loses none."""
