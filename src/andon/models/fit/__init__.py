"""Assumptions from history: cycles out of readings, machine time and interruptions apart, forecasts compared."""
