"""The pieces of the Talk page."""
