"""All that can write to a machine. Only the gateway may import it."""
