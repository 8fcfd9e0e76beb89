"""What must hold for rows, stated in a cell and checked by ClickHouse."""
