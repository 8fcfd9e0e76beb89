"""The platform: Hub, API and portal, query gateway, embedded engines, supervisor, command line."""

from notehouse_core.left_out import leave_out

leave_out()
