"""Lambda entry points: thin, over one composition root."""
