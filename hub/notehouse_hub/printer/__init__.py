"""The printer: makes PDFs of what authors wrote, in a process that holds no secret worth stealing and reaches no network."""
