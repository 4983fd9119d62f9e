"""The report as one HTML file without a network: sections, charts, tables and the page."""
