"""Double entry in won, dollars and GPU hours; knows nothing of companies."""
