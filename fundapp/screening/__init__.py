"""Eligibility and scorecards."""
