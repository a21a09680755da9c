"""Measurements of speed, each in a module of its own; ``mini-n8n bench`` runs them."""
