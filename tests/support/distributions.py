"""Build the wheel and the source distribution, and install them into clean environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.workers import LIMIT_S, ROOT

THIS = "this"  # the interpreter that runs the tests, with its installed packages: no index needed
INSTALL_LIMIT_S = 600
BUILD = "import sys, build_backend as b; b.build_wheel(sys.argv[1]); b.build_sdist(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class Built:
    """The two files that are published."""

    wheel: Path
    sdist: Path


def build(folder: Path, source: Path = ROOT) -> Built:
    """Build both from a source tree, as an installer does."""
    environment = {**os.environ, "PYTHONPATH": str(source / "tools")}
    words = [sys.executable, "-c", BUILD, str(folder)]
    subprocess.run(words, cwd=source, env=environment, check=True, timeout=LIMIT_S)
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return Built(wheel, sdist)


def interpreter(version: str) -> str:
    """Return the interpreter of a version, such as 3.13; skip the test where there is none."""
    if version == THIS:
        return getattr(sys, "_base_executable", sys.executable)
    found = [shutil.which(f"python{version}")]
    found += sorted(map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for path in filter(None, reversed(found)):
        if _runs(path, version):
            return path
    pytest.skip(f"no Python {version} on this machine")


def _runs(path: str, version: str) -> bool:
    """Return whether it starts, and is that version: a shim may be there without one."""
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment of its own, and an empty folder to work in."""

    root: Path
    base: str

    @classmethod
    def create(cls, folder: Path, version: str) -> Environment:
        """Create one; that of `THIS` sees the packages that the tests have, but not ours."""
        made = cls(folder / "environment", interpreter(version))
        words = [made.base, "-m", "venv", "--without-pip", str(made.root)]
        subprocess.run(words, check=True, timeout=LIMIT_S)
        if version == THIS:
            made._link_packages_of_the_tests()
        (folder / "empty").mkdir()
        return made

    def _link_packages_of_the_tests(self) -> None:
        """Show all packages but ours; on a path, ours would stand in for one that is broken."""
        for each in Path(sysconfig.get_path("purelib")).iterdir():
            if not each.name.startswith("booking") and each.suffix != ".pth":
                (self.packages / each.name).symlink_to(each)

    @property
    def packages(self) -> Path:
        """The folder that packages are installed into."""
        (found,) = self.root.glob("lib/python3.*/site-packages")
        return found

    @property
    def empty(self) -> Path:
        """The folder that commands run in."""
        return self.root.parent / "empty"

    def pip(self, *words: str) -> None:
        """Run an installer on this environment."""
        if shutil.which("uv"):
            begin = ["uv", "pip", words[0], "--python", str(self.root / "bin/python")]
        else:
            begin = [self.base, "-m", "pip", "--python", str(self.root / "bin/python"), words[0]]
            begin += ["--disable-pip-version-check", "--no-compile"] * (words[0] == "install")
        done = subprocess.run(
            [*begin, *words[1:]], capture_output=True, text=True, check=False,
            timeout=INSTALL_LIMIT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, *wheels: Path) -> None:
        """Install files alone, without what they need and without an index."""
        self.pip("install", "--no-index", "--no-deps", *map(str, wheels))

    def unpack(self, *wheels: Path) -> None:
        """Install files as an installer does, but for scripts: many times faster than one."""
        for wheel in wheels:
            with ZipFile(wheel) as archive:
                archive.extractall(self.packages)

    def run(
        self, program: str, *words: str, folder: Path | None = None, limit_s: float = LIMIT_S
    ) -> subprocess.CompletedProcess[str]:
        """Run an installed program, with nothing else of ours on the path."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        path = f"{self.root / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [str(self.root / "bin" / program), *words], cwd=folder or self.empty,
            env={**kept, "NO_COLOR": "1", "PATH": path}, capture_output=True, text=True,
            check=False, timeout=limit_s,
        )  # fmt: skip


def ensure_index(environment: Environment) -> None:
    """Skip the test where packages cannot be had."""
    words = [environment.base, "-m", "pip", "download", "--quiet", "--no-deps", "click"]
    done = subprocess.run(
        [*words, "--dest", str(environment.root / "probe")], capture_output=True, check=False,
        timeout=INSTALL_LIMIT_S,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("no index of packages can be reached")


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a wheel by hand: the files, the metadata, and the list of both with hashes."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def _digest(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
