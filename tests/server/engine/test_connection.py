"""A connection that is closed while somebody asks: everybody is told, and nobody waits for ever."""

import threading
import time
from contextlib import suppress

import pytest

from finetab.engine.connection import Address, Connection
from finetab.errors import EngineAway

NOWHERE = Address("http://finetab", socket="/nobody/listens.sock")


def test_a_closed_connection_says_that_the_engine_is_away() -> None:
    connection = Connection(NOWHERE)
    connection.close()
    with pytest.raises(EngineAway):
        connection.get("/health")


def test_who_asks_while_a_connection_is_closed_is_answered() -> None:
    for _ in range(60):
        connection, is_closed = Connection(NOWHERE), threading.Event()

        def ask(connection: Connection = connection, is_closed: threading.Event = is_closed) -> None:
            while not is_closed.is_set():
                with suppress(EngineAway):
                    connection.get("/health")

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        connection.close()
        time.sleep(0.01)
        is_closed.set()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
