"""The triage API, by version."""
