"""The append-only, signed, externally verifiable log: leaf, tree, proof, checkpoint, record, verify."""
