"""Questions: points and rules as data, answers as plain data, what is right, and how the two are compared."""
