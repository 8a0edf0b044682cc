"""Pages and API of the control room."""
