"""The process that alone writes to machines: verifies a permit, re-reads, writes, halts."""
