"""The sections of the report: what each of them queries, and how it words the answer."""
