"""The environment of a generated repository: one protocol, implemented with uv and with conda."""
