"""`python -m notehouse_hub.usage`: make the tables of usage; safe to repeat."""

import sys

from pydantic import ValidationError

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import load_settings
from notehouse_hub.sample.warehouse import Warehouse
from notehouse_hub.usage.tables import statements


def main() -> None:
    """Make what is missing."""
    try:
        settings = load_settings()
        warehouse = Warehouse.of(settings)
        for statement in statements(settings.usage_days):
            warehouse.execute(statement)
    except (NotehouseError, ValidationError) as error:
        sys.exit(f"The tables of usage could not be made: {error}")


if __name__ == "__main__":
    main()
