"""The same reading work, done by this connector and by what a user would pick instead, side by side."""
