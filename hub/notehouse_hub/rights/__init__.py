"""How an access plan becomes users, grants, row filters and limits in ClickHouse: by SQL, or as a users file."""
