"""The ground: the nouns that join the rooms. Imports nothing of ours."""

SCHEMA_VERSION = 1
"""Version of the lake's files; raised when a column changes its meaning or goes away."""
