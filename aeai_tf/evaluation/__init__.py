"""How interpolation is measured: one measure a file."""
