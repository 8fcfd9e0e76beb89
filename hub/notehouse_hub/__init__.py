"""The platform: Hub, API and portal, query gateway, embedded engines, supervisor, command line."""
