"""`python -m notehouse_hub.hub`: JupyterHub under our configuration."""

from pathlib import Path

from jupyterhub.app import main as run


def main() -> None:
    """Serve until told to stop."""
    run(["-f", str(Path(__file__).with_name("jupyterhub_config.py"))])


if __name__ == "__main__":
    main()
