"""What a stream's definition names: the retriever, the partition routers, the tenant."""
