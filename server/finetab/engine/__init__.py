"""Token ids in, token ids out: the engines that continue a prompt."""
