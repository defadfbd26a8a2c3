"""Widgets whose logic runs in the page and needs no kernel."""
