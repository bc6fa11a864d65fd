"""One request: the client, its pace, and the reply."""
