"""Simulated towns of connected homes whose truth is known. Nothing in production imports this room."""
