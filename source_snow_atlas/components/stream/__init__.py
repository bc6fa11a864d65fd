"""One stream: the retrievers and partition routers that the definitions name."""
