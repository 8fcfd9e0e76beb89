"""The query gateway: how any code reaches data, over ClickHouse's own HTTP protocol."""
