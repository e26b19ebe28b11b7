"""A training taken elsewhere: a folder with everything it needs, run by this very engine, and brought back."""
