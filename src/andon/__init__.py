"""Andon: a governed factory twin. Authority is computed from evidence at the moment of use, and never configured."""

__version__ = "0.1.0"
