"""Starts executions for webhooks, schedules, objects and events."""
