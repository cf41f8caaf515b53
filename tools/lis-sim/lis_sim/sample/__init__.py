"""The sample LIS: a seeded generator and its loader."""
