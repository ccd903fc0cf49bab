"""The files of a minute and more: begun last, one would keep one worker busy while the other has nothing left."""

from __future__ import annotations

LONGEST = (
    ("demonstration", "test_demonstration"),
    ("ledger", "test_every_verb"),  # needs no demonstration: the other worker is building it then
    ("journeys", "test_accessibility"),
    ("journeys", "test_leak_matrix"),
    ("journeys", "test_no_leaks"),
    ("web", "test_hostile_files"),
    ("web", "test_partners"),
    ("journeys", "test_journey_rubric"),
    ("cli", "test_contract"),
    ("screening", "test_learning_actions"),
    ("journeys", "test_journey_staff"),
    ("bench", "test_run"),
    ("ledger", "test_killed"),
    ("web", "test_model_pages"),
)
"""Room and name of each, longest first as it was measured; all other files follow."""
