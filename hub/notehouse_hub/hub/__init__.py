"""JupyterHub as Notehouse runs it: its configuration, who may log in, and how servers are started."""
