"""Many clients at once, and many executions: nothing fails, nothing is lost, all that is kept agrees."""
