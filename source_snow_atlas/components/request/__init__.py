"""One request: the client, the rate limiter and the parser of the reply."""
