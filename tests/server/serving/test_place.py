"""Where an engine may listen without a token."""

import socket
from pathlib import Path

import pytest

from finetab.errors import BadSetting
from finetab.serving.place import Place, check_place

pytestmark = pytest.mark.usefixtures("home")


def test_a_socket_is_refused_where_others_could_reach_it(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    with pytest.raises(BadSetting, match="Others on this machine could reach"):
        check_place(Place(socket=str(tmp_path / "open" / "engine.sock")))
    with pytest.raises(BadSetting, match="There is no folder"):
        check_place(Place(socket=str(tmp_path / "nowhere" / "engine.sock")))
    (tmp_path / "own").mkdir(mode=0o700)
    assert check_place(Place(socket=str(tmp_path / "own" / "engine.sock"))) == {}


def test_a_port_that_others_can_reach_needs_a_token() -> None:
    assert check_place(Place(host="127.0.0.1", port=0)) == {}
    with pytest.raises(BadSetting, match="Others can reach"):
        check_place(Place(host="0.0.0.0"))  # noqa: S104


def test_the_loopback_of_ipv6_is_this_machine_too() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert check_place(Place(host="::1", port=0)) == {}


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    for place in (Place(certificate=str(path)), Place(key=str(path))):
        with pytest.raises(BadSetting, match="name both"):
            check_place(place)
    for name in (str(path), str(tmp_path / "nowhere.pem")):
        with pytest.raises(BadSetting, match="cannot be used"):
            check_place(Place(certificate=name, key=name))


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadSetting, match=f"port {port}, cannot be listened on"):
            check_place(Place(port=port))
