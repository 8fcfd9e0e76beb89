"""`python -m notehouse_hub.hub`: JupyterHub under our configuration."""

from pathlib import Path

from jupyterhub.app import main as run

from notehouse_core.logs import jupyter_logging


def main() -> None:
    """Serve until told to stop."""
    config = Path(__file__).with_name("jupyterhub_config.py")
    # Known before the file is read: the first lines are JSON too.
    run(["-f", str(config), f"--Application.logging_config={jupyter_logging()}"])


if __name__ == "__main__":
    main()
