"""What serving and training must agree on: languages, syntax, prompts, base models, manifests."""
