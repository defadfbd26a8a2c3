"""Assign: for every student of a roster an exercise on data of their own."""
