"""Checks by tools from elsewhere, on what this project produces."""
