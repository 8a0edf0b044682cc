"""What every other room needs and that needs none of them: time, units, ids, readings, refusals, canonical JSON."""
