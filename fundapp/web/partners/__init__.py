"""What KT and Microsoft see: the fund as a whole, quarterly reports, and the trail behind each figure."""
