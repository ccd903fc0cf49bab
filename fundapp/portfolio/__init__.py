"""Awards: cash tranches and valuations, GPU grants and what is used of them."""
