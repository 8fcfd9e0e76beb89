"""The engines that come with Notehouse: Postgres, ClickHouse and the Node parts, run as real servers."""
