"""Calls, companies, applications, consents."""
