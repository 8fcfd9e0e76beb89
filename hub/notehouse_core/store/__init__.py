"""Metadata in Postgres: tables, migrations, and one repository a noun. Server side only, async."""
