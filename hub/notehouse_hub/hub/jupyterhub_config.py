"""What `jupyterhub -f` reads; everything it does is in `configure`."""

from traitlets.config import get_config

from notehouse_core.settings import load_settings
from notehouse_hub.hub.configuration import configure

configure(get_config(), load_settings())
