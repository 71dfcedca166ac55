"""A phone network on a laptop: what the gateway needs of Twilio, and a page that is a phone.

Stands in for a Twilio account in the demo and in tests. It knows nothing of triage.
"""
