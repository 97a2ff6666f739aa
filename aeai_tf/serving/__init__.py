"""Answers over gRPC, as TensorFlow Serving gives them, and the client."""
