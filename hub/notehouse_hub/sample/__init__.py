"""The sample data: all flights that left New York in 2013, in ClickHouse."""
