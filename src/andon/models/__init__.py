"""Digital representations that answer questions: simulate, fit."""
