"""What stands in for the world on a laptop: a phone with a local Twilio, and a very small model."""
