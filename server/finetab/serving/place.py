"""Where an engine listens, and whether it may. Quick to import: mistakes are told before anything is loaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

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
    """The hashes of the tokens that open it. Raises `BadSetting` where others could reach it without one."""
    if place.socket:
        _check_private(Path(place.socket).absolute().parent)
        return {}
    hashes = read_hashes()
    if not hashes and not is_on_this_machine(f"http://{place.host}"):
        raise BadSetting(
            f"Others can reach {place.host}, and there is no token in {tokens_path()}; "
            "make one with: finetab engine token NAME"
        )
    return hashes


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
    try:
        with _lock_of(place.socket).acquire(timeout=_PATIENCE_SECONDS):
            Path(place.socket).unlink(missing_ok=True)
            yield
    except Timeout as error:
        raise BadSetting(f"Another engine listens on {place.socket}.") from error


def is_taken(socket: str) -> bool:
    """Whether an engine listens on a socket, or is about to."""
    try:
        with _lock_of(socket).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _lock_of(socket: str) -> FileLock:
    return FileLock(f"{socket}.lock")
