"""The dashboard server: pages from snapshots, live kernels on touch."""

from notehouse_core.left_out import leave_out

leave_out()
