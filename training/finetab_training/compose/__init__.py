"""`finetab compose`: one adapter made of several."""
