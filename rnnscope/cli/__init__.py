"""A command line -> records, and one line about them."""
