"""A command's life, from permit to confirmed effect or undo."""
