"""Loads the sample data: `python -m notehouse_hub.sample`. What is loaded already stays as it is."""

import sys

from pydantic import ValidationError

from notehouse_core.errors import NotehouseError
from notehouse_core.settings import load_settings
from notehouse_hub.sample import landing, trade
from notehouse_hub.sample.departures import DEPARTURES
from notehouse_hub.sample.loading import load
from notehouse_hub.sample.metadata import attach
from notehouse_hub.sample.stream import follow
from notehouse_hub.sample.warehouse import Warehouse


def main() -> None:
    """Load what is missing, with a line for each table."""
    try:
        settings = load_settings()
        warehouse = Warehouse.of(settings)
        for line in load(warehouse):
            print(line, flush=True)
        for line in (*trade.load(warehouse), *landing.load(warehouse)):
            print(line, flush=True)
        if settings.metadata_demo_url and settings.metadata_demo_reader_url:
            owner, reader = settings.metadata_demo_url, settings.metadata_demo_reader_url
            for line in attach(warehouse, owner.get_secret_value(), reader.get_secret_value()):
                print(line, flush=True)
        print(follow(warehouse, DEPARTURES, settings.kafka_brokers), flush=True)
    except (NotehouseError, ValidationError) as error:
        sys.exit(f"The sample data could not be loaded: {error}")


if __name__ == "__main__":
    main()
