"""Contexts of use, tiers, requirements, approvals, challenges: the pure function from records and time to authority."""
