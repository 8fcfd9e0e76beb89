"""Tenants as a file: what they should be, how that differs from what they are, and making it so."""
