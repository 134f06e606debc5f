"""What an engine counts, for Prometheus. No text and no names, but how much and how fast."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """Counters of one engine. `num_clients` tells how many have an engine now."""

    def __init__(self, num_clients: Callable[[], int]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("finetab_requests", "Requests by how they ended.", ["outcome"], registry=self.registry)
        self.tokens = Counter(
            "finetab_tokens", "Tokens evaluated, re-used and generated.", ["kind"], registry=self.registry
        )
        self.running = Gauge("finetab_running", "Requests being answered.", registry=self.registry)
        self.first_seconds = Histogram(
            "finetab_first_token_seconds", "From the request to the first id.", buckets=_SECONDS, registry=self.registry
        )
        self.seconds = Histogram(
            "finetab_request_seconds", "From the request to its end.", buckets=_SECONDS, registry=self.registry
        )
        clients = Gauge("finetab_clients", "Clients with cached prompts.", registry=self.registry)
        clients.set_function(num_clients)

    def text(self) -> bytes:
        """What Prometheus reads."""
        return generate_latest(self.registry)
