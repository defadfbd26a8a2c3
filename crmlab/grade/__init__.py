"""Grade: run what students handed in, apart from us, and compare what they answered."""
