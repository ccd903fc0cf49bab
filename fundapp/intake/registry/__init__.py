"""Asking the tax office whether a business runs."""
