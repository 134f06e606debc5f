"""Secrets are cut out whole, nothing else is, and the rest still parses."""

import pytest

from finetab.core import credentials
from finetab.core.credentials import holds_credentials, holds_long_credentials, without_credentials
from finetab.core.languages import Language, language_by_name
from finetab.core.syntax import parse

TOKEN = "ghp_" + "0123456789abcdefghij" + "0123456789abcdef"  # in pieces, so that no scanner takes this file for a leak
KEY_BODY = f"{'MIIEowIB' * 8}\n{'AAKCAQEA' * 8}\nabc\n"
KEY_LINES = "-----BEGIN RSA PRIVATE " + f"KEY-----\n{KEY_BODY}-----END RSA PRIVATE KEY-----\n"


def language(name: str) -> Language:
    found = language_by_name(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "text", "cleaned", "kind"),
    [
        ("python", f"t = '{TOKEN}'\nx = 1\n", "t = ''\nx = 1\n", "GitHub Token"),
        ("python", f"é = 1\nt = f'{TOKEN}'\n", "é = 1\nt = f''\n", "GitHub Token"),
        ("python", f'k = """{KEY_LINES}"""\nx = 1\n', 'k = """"""\nx = 1\n', "Private Key"),
        ("python", 'u = "https://me:pa55w0rdx@example.org/x"\n', 'u = ""\n', "Basic Auth Credentials"),
        ("javascript", f"const t = `{TOKEN}`;\n", "const t = ``;\n", "GitHub Token"),
        ("go", f'var t = "{TOKEN}"\n', 'var t = ""\n', "GitHub Token"),
        ("python", f"x = 1\n# old: {TOKEN}\ny = 2\n", "x = 1\n\ny = 2\n", "GitHub Token"),
        ("python", f"x = '\x0c'\nt = '\u2028{TOKEN}'\n", "x = '\x0c'\nt = ''\n", "GitHub Token"),
        ("python", f"ghp_token = '{TOKEN}'\n", "ghp_token = ''\n", "GitHub Token"),
        ("python", "password = 'pass'\n", "password = ''\n", "Secret Keyword"),
        ("python", f"t = '{TOKEN}'; u = '{TOKEN}'\n", "t = ''; u = ''\n", "GitHub Token"),
    ],
)
def test_a_secret_is_cut_out(name: str, text: str, cleaned: str, kind: str) -> None:
    tree = parse(text, language(name))
    found, kinds = without_credentials(tree)
    assert found == cleaned
    assert kind in kinds
    assert TOKEN[4:] not in found
    assert not parse(found, language(name)).root.has_error


@pytest.mark.parametrize("end", ["\r", "\r\n", "\r\r\n", "\n\r"])
def test_a_secret_is_found_again_whatever_ends_the_lines(end: str) -> None:
    text = f"x = 1{end}y = 2{end}t = '{TOKEN}'{end}z = 3{end}"
    assert without_credentials(parse(text, language("python")))[0] == text.replace(TOKEN, "")


@pytest.mark.parametrize(
    ("name", "before", "line", "after"),
    [("go", "package a\n", "// {}\n", "var x = 1\n"), ("python", "x = 1\n", "#    {}\n", "y = 2\n"),
     ("javascript", "const k = ''", " +\n  '{}\\n'", ";\nlet x;\n")],
)  # fmt: skip
def test_a_key_goes_whole_where_each_of_its_lines_is_a_token_of_its_own(
    name: str, before: str, line: str, after: str
) -> None:
    text = before + "".join(line.format(part) for part in KEY_LINES.splitlines()) + after
    found, _ = without_credentials(parse(text, language(name)))
    assert found is not None
    assert found.startswith(before)
    assert found.endswith(after)
    assert "MIIE" not in found
    assert "AAKC" not in found
    assert not parse(found, language(name)).root.has_error


def test_what_parses_keys_loses_no_code_between_their_first_and_last_lines() -> None:
    first, last = KEY_LINES.splitlines()[0], KEY_LINES.splitlines()[-1]
    text = f"FIRST = '{first}'\ndef body(text):\n    return text.partition(FIRST)[2]\nLAST = '{last}'\n"
    found, _ = without_credentials(parse(text, language("python")))
    assert found is not None
    assert "return text.partition" in found


def test_where_a_look_back_finds_a_secret_still_there_the_text_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_found", lambda text, suffix: [(9, TOKEN, "GitHub Token")])
    assert without_credentials(parse(f"t = '{TOKEN}'\n", language("python")))[0] is None


def test_two_secrets_in_one_string_are_cut_once() -> None:
    found, kinds = without_credentials(parse(f"t = '{TOKEN} {TOKEN[:-1]}0'\n", language("python")))
    assert (found, set(kinds)) == ("t = ''\n", {"GitHub Token"})


@pytest.mark.parametrize(
    "text",
    ["password = input()\n", "def check(password, token):\n    return password == token\n",
     "sha = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'\n", "# the secret is to be patient\n"],
)  # fmt: skip
def test_plain_code_is_left_as_it_is(text: str) -> None:
    assert without_credentials(parse(text, language("python"))) == (text, ())


@pytest.mark.parametrize(
    ("text", "holds", "holds_a_long_one"),
    [
        (f"token = '{TOKEN}'", True, True),
        ("DB_PASSWORD = 'Sw0rdfish!23'", True, False),
        ("connect('postgres://admin:hunter2@db.local/prod')", True, False),
        ("def test_a_very_long_name_of_a_function_2() -> None:", False, False),
        ("x = 1", False, False),
    ],
)
def test_a_short_text_is_judged_without_a_tree(text: str, holds: bool, holds_a_long_one: bool) -> None:
    assert holds_credentials(text, ".py") is holds
    assert holds_long_credentials(text, ".py") is holds_a_long_one


@pytest.mark.parametrize(
    ("suffix", "text", "holds"),
    [
        (".ts", "const secret = process.env.AUTH0_CLIENT_SECRET", False),
        (".tsx", "const apiKey = import.meta.env.VITE_S3_UPLOAD_API_KEY", False),
        (".mjs", "const password = await hashPasswordWithArgon2(body.password);", False),
        (".rs", "let password = hash_password_argon2id(&raw)?;", False),
        (".ts", "const password = 'hunter2hunter2hunter2';", True),
        (".sh", "PASSWORD=hunter2hunter2hunter2", True),
    ],
)
def test_where_strings_have_quotes_a_bare_word_is_no_secret(suffix: str, text: str, holds: bool) -> None:
    assert holds_long_credentials(text, suffix) is holds
