"""Where users' code runs: a person's JupyterLab server, a class's kernel gateway, and their kernels."""
