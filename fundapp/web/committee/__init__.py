"""The committee's room: docket, reviews, meetings and ballots."""
