"""The machine's source: plain Python functions over one memory, compiled by `jit.py`; run as they stand, the oracle."""
