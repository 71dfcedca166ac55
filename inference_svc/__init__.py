"""The gRPC inference service: rules first, then the model, then the safety net."""
