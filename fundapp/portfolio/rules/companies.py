"""What is kept about an awarded company besides its capital."""

from __future__ import annotations

TRACKS = ("spc", "korean_ai")
"""Where joint development leads: the Secure Public Cloud, and Korean AI."""

METRICS = ("revenue", "operating_profit", "paying_customers", "cash", "monthly_burn")
"""Figures of a quarter: won, but for the number of paying customers."""
