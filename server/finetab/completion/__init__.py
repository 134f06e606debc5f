"""Text in, text out: from a cursor in a document to the text that belongs there."""
