"""Who may do what: principals, roles, rules. Pure: no store, no clock, no network.

Who asks is a Principal (`principal`). What a role allows is a set of permissions (`role`). What belongs to
whom is an Ownership, and whether somebody sees it is asked of an Audience (`audience`). `ports` says what all
of it asks of the world.
"""
