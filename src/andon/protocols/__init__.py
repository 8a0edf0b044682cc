"""Bytes to events and back, with no sockets: SHDR, OPC UA values, and the permit's wire format."""
