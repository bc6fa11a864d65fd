"""Configuration, access token and tenant."""
