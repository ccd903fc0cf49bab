"""What every room may use: orm, sessions, quantities, quarters, access, errors."""
