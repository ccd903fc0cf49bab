"""Alembic migrations; a package, so that an installed product carries them."""
