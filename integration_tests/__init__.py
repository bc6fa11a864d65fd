"""Tests over real HTTP, and the stand-in API they run against."""
