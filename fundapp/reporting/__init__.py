"""Freeze a quarter, have reports/ build it, sign it off, restate it."""
