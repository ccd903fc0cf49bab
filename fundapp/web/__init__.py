"""The only rooms that know Flask and WTForms."""
