"""The API service: REST API and portal."""
