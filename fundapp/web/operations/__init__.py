"""The staff's room: pipeline, allocation, pools, ledger, portfolio, conditions, records."""
