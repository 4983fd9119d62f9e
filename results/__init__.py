"""What every room passes on: records, their units, statistics, store, tables and report."""
