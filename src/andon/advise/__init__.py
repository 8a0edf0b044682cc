"""Forecasts and proposals: release sequence, set-points; each becomes a recommendation."""
