"""Which stream does the demo have? Departures, as an airport would report them."""

from notehouse_hub.sample.stream import Stream
from notehouse_hub.sample.tables import Column

DEPARTURES = Stream(
    database="live",
    name="departures",
    comment="Departures as they are reported, a message each, seconds after it was sent",
    key="carrier, scheduled, flight",
    required=("carrier", "flight", "origin", "dest", "scheduled"),
    columns=(
        Column("carrier", "LowCardinality(String)", "Airline, see flights.airlines"),
        Column("flight", "UInt16", "Flight number"),
        Column("tailnum", "LowCardinality(Nullable(String))", "Plane, see flights.planes"),
        Column("origin", "LowCardinality(String)", "Airport of departure, see flights.airports"),
        Column("dest", "LowCardinality(String)", "Airport of arrival, see flights.airports"),
        Column("scheduled", "DateTime64(0, 'America/New_York')", "Scheduled departure"),
        Column("delay", "Nullable(Int16)", "Minutes of delay; negative if early"),
    ),
)
