"""A table looked at without writing code: fields, filters, a chart, and the SQL that they make."""
