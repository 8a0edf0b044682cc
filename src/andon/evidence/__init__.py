"""Model bill of materials, verification, validation, drift, sim-to-real record."""
