"""Faults, one at a time, while executions are started: each ends, for a reason, and does nothing twice."""
