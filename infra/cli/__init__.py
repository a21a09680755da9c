"""The command line `mini-n8n`."""
