"""A local server: other programs ask the same models through HTTP. No Qt, and nothing heavy at import."""
