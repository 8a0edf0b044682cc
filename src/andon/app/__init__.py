"""Composition: the twin put together from its rooms, and the processes that run it."""
