"""The supervisor page: plain HTML from the server, no build step. Switched on by a setting."""
