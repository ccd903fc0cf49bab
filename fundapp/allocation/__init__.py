"""Who gets how much cash and how many GPU hours: headroom, plans and scenarios."""
