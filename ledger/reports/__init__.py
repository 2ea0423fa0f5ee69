"""Read-only queries for pages, CSV and JSON. They take a connection and a condition, and write nothing."""
