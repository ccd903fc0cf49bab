"""Conflicts, reviews, meetings, ballots, decisions, conditions."""
