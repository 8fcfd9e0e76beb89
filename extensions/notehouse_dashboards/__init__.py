"""The dashboard server: pages from snapshots, live kernels on touch."""
