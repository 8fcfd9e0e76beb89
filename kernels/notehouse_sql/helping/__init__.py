"""Help while SQL is written: what may come next, what a name means, what would read less."""
