"""Which rows are fetched? Five columns of the usual kinds."""


def rows(count: int) -> str:
    """Return the statement that makes so many of them."""
    return (
        "SELECT number AS id, toUInt16(number % 1000) AS kind, number / 7 AS value, "
        "toDateTime64(1356998400 + number, 3, 'UTC') AS at, toString(number % 97) AS name "
        f"FROM numbers({count})"
    )
