"""Where an engine listens, and whether it may. Quick to import: mistakes are told before anything is loaded."""

import socket as sockets
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finetab.core.lock import held, is_held
from finetab.core.logins import is_on_this_machine
from finetab.core.private import is_private
from finetab.errors import BadSetting
from finetab.serving.tokens import read_hashes, tokens_path

_PATIENCE_SECONDS = 1.0  # with those who only look whether a place is taken


@dataclass(frozen=True, slots=True)
class Place:
    """A host and port, or the path of a Unix socket; with a certificate and its key, over TLS."""

    host: str = "127.0.0.1"
    port: int = 8765
    socket: str = ""
    certificate: str = ""
    key: str = ""


def check_place(place: Place) -> dict[str, str]:
    """The hashes of the tokens that open it.

    Raises `BadSetting` where others could reach it without one, or where it cannot be opened.
    """
    _check_certificate(place)
    if place.socket:
        _check_private(Path(place.socket).absolute().parent)
        return {}
    hashes = read_hashes()
    host = f"[{place.host}]" if ":" in place.host else place.host
    if not hashes and not is_on_this_machine(f"http://{host}"):
        raise BadSetting(
            f"Others can reach {place.host}, and there is no token in {tokens_path()}; "
            "make one with: finetab engine token NAME"
        )
    _check_port(place)
    return hashes


def _check_certificate(place: Place) -> None:
    if not place.certificate and not place.key:
        return
    if not place.certificate or not place.key:
        raise BadSetting("TLS needs a certificate and its key; name both, --certificate and --key.")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(place.certificate, place.key, _no_password)
    except (OSError, ValueError) as error:
        raise BadSetting(
            f"{place.certificate} and {place.key} cannot be used ({error}); "
            "name a certificate and its key without a password, both as PEM."
        ) from error


def _no_password() -> str:
    """Keeps OpenSSL from asking for one."""
    raise ValueError("the key has a password")


def _check_port(place: Place) -> None:
    try:
        family, kind, protocol, _, address = sockets.getaddrinfo(place.host, place.port, type=sockets.SOCK_STREAM)[0]
        with sockets.socket(family, kind, protocol) as probe:
            probe.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)  # as the server has it
            probe.bind(address)
    except OSError as error:
        raise BadSetting(
            f"{place.host}, port {place.port}, cannot be listened on ({error.strerror or error}); "
            "name another with --host or --port."
        ) from error


def _check_private(folder: Path) -> None:
    """The socket itself is open to whoever reaches it: only its folder keeps others out."""
    if not folder.is_dir():
        raise BadSetting(f"There is no folder {folder} for the socket; make it with: mkdir -m 700 {folder}")
    if not is_private(folder):
        raise BadSetting(
            f"Others on this machine could reach a socket in {folder}, which needs no token; "
            f"name a folder that only you can enter, made with: mkdir -m 700 FOLDER"
        )


@contextmanager
def only_one(place: Place) -> Iterator[None]:
    """Hold a socket's place; raises `BadSetting` where another engine holds it. Ports need no holding."""
    if not place.socket:
        yield
        return
    busy = BadSetting(f"Another engine listens on {place.socket}.")
    with held(_lock_of(place.socket), busy, _PATIENCE_SECONDS):
        Path(place.socket).unlink(missing_ok=True)
        yield


def is_taken(socket: str) -> bool:
    """Whether an engine listens on a socket, or is about to."""
    return is_held(_lock_of(socket))


def _lock_of(socket: str) -> Path:
    return Path(f"{socket}.lock")
