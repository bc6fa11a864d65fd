"""What each section asks the marts, and how it says the answer."""
