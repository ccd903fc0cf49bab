"""People, roles, sign-in."""
