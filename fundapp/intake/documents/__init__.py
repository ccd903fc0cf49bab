"""Files that applicants hand in: which are asked for, what is really in them, and how they can be looked at safely."""
