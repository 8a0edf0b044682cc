"""Assumptions estimated from recorded cycles, and validated on what was held back."""
