"""The report as one HTML file that needs no network: sections, their charts and tables, the page."""
