"""The discrete-event engine: a site compiled to tables and a small program, run by one fixed machine."""
