"""The compiler: a pipeline of pure stages from a workflow to a state machine definition."""
