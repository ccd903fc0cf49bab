"""Reading applicants' texts: dictionaries, marked words, stuffing and copied passages."""
