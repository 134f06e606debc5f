"""`finetab compress`: a base with fewer numbers, its linear layers factored where that makes them smaller."""
