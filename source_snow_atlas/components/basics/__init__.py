"""What every room needs: errors that say what to change, and how patiently something is repeated."""
