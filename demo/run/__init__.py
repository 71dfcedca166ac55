"""Runs every part of the demo on one machine, and stops them all again."""
