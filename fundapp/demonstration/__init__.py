"""A demonstration fund: one call carried through every room, from the files in examples/."""
