"""`notehouse up`: start every process of the platform, keep them running, and leave none behind."""
