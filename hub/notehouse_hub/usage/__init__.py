"""Usage analytics in ClickHouse: the tables of database `notehouse`, and how queries come into them."""
