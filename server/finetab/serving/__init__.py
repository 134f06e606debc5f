"""`finetab engine`: one model in one process for many editors, over HTTP."""
