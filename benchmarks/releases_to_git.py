"""A git repository made of a package's releases, one dated commit each: history to tune on where none is at hand.

    python benchmarks/releases_to_git.py click /tmp/click --versions 8.0.4 8.1.8 8.2.1 8.3.3

The wheels come through pip as it is configured. A commit's date is the newest one of the files in its wheel.
"""

import argparse
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory


def main() -> None:
    """Make the repository."""
    given = _arguments()
    given.folder.mkdir(parents=True)
    _git(given.folder, "init", "-q", "-b", "main")
    for version in given.versions:
        with TemporaryDirectory() as scratch:
            _pip_download(f"{given.package}=={version}", scratch)
            (wheel,) = Path(scratch).glob("*.whl")
            date = _lay_out(wheel, given.folder)
        _git(given.folder, "add", "-A")
        _git(given.folder, "commit", "-q", "-m", f"{given.package} {version}", date=date)
        print(f"{date}  {given.package} {version}")


def _pip_download(requirement: str, target: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*command, "--disable-pip-version-check", "--dest", target, requirement], check=True)


def _lay_out(wheel: Path, folder: Path) -> str:
    """Put a wheel's files in place of what is there, and give their newest date."""
    for path in folder.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        newest = max(info.date_time for info in archive.infolist())
    return datetime(*newest, tzinfo=UTC).isoformat()


def _git(folder: Path, *arguments: str, date: str = "") -> None:
    who = ["-c", "user.name=releases", "-c", "user.email=releases@localhost"]
    env = os.environ | ({"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {})
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, env=env)  # noqa: S607


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", help="as pip knows it")
    parser.add_argument("folder", type=Path, help="of the repository to be")
    parser.add_argument("--versions", nargs="+", required=True, help="oldest first")
    return parser.parse_args()


if __name__ == "__main__":
    main()
