"""`finetab tune`: from a repository's past to an adapter in force, or to a report that says why not."""
