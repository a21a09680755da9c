"""Ends executions when Step Functions says so."""
