"""Turns schedules into runs, and runs into executed notebooks."""
