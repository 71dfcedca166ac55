"""The gateway: SMS and WhatsApp in, answers out, nothing lost."""
