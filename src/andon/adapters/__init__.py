"""Sockets, databases, files, clock: what touches the world, behind small ports."""
