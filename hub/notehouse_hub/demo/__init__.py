"""The demo: two airlines as tenants, the people who work there, and what they have published."""
