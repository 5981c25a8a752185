"""The guest's disk, made from Debian packages and the daemon's dependencies, kept between runs."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
INSIDE = HERE / "inside"
DISK_MB = 1600
PACKAGES = (
    *("linux-image-amd64", "initramfs-tools", "zstd", "kmod", "udev", "systemd-sysv", "dbus", "polkitd", "bluez"),
    *("python3", "python3-venv", "procps", "iproute2", "netbase", "e2fsprogs", "mosquitto", "mosquitto-clients"),
)
_HOOK = r"""
mkdir -p "$1/etc/initramfs-tools/conf.d"
printf 'MODULES=list\nCOMPRESS=zstd\n' >"$1/etc/initramfs-tools/conf.d/vm"
printf 'virtio_pci\nvirtio_blk\next4\n' >"$1/etc/initramfs-tools/modules"
"""
_UNWANTED = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")


@dataclass(frozen=True, slots=True)
class Suite:
    """A Debian release, and the Python it brings."""

    number: str
    codename: str
    python: str


SUITES = {s.number: s for s in (Suite("13", "trixie", "3.13"), Suite("12", "bookworm", "3.11"))}


@dataclass(frozen=True, slots=True)
class Image:
    """Files that a boot needs. `disk` is never written: each machine gets a copy."""

    disk: Path
    kernel: Path
    initrd: Path


def cache() -> Path:
    """Where images are kept, outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dho-gateway" / "vm"


def image(suite: Suite) -> Image:
    """The image of a suite, built if it is not there; CalledProcessError if that fails. Takes minutes; needs root."""
    home = cache() / f"debian{suite.number}-{_fingerprint(suite)}"
    if not home.exists():
        for old in cache().glob(f"debian{suite.number}-*"):
            shutil.rmtree(old)
        cache().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache(), prefix="building-") as work:
            _build(suite, Path(work))
            (Path(work) / "image").rename(home)
    return Image(home / "disk", home / "kernel", home / "initrd")


def wheels(requirements: list[str], python: str, into: Path) -> None:
    """Fetches wheels for another Python than this one, without a compiler."""
    platforms = [f"--platform=manylinux{name}_x86_64" for name in ("2014", "_2_17", "_2_28", "_2_34")]
    words = ["download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", f"--dest={into}"]
    run(sys.executable, "-m", "pip", *words, f"--python-version={python}", *platforms, *requirements)


def disk_of(directory: Path, disk: Path, label: str, megabytes: int) -> None:
    """An ext4 image that holds a directory; no loop mount."""
    run("mke2fs", "-q", "-t", "ext4", "-L", label, "-d", str(directory), str(disk), f"{megabytes}M")


def run(*words: str) -> None:
    """Runs a command; its last words are in the error if it fails."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed ({done.returncode}): {done.stderr[-2000:]}")


def _dependencies() -> list[str]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def _fingerprint(suite: Suite) -> str:
    made_of = [repr(suite), *PACKAGES, _HOOK, str(DISK_MB), *_dependencies()]
    made_of += [path.read_text(encoding="utf-8") for path in sorted(INSIDE.iterdir())]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]


def _build(suite: Suite, work: Path) -> None:
    root, made, wheelhouse = work / "root", work / "image", work / "wheels"
    made.mkdir()
    wheels(_dependencies(), suite.python, wheelhouse)
    run(
        "mmdebstrap",
        "--variant=minbase",
        f"--include={','.join(PACKAGES)}",
        '--aptopt=Acquire::Retries "3"',
        *(f"--dpkgopt=path-exclude={path}" for path in _UNWANTED),
        f"--essential-hook={_HOOK}",
        f'--customize-hook={INSIDE / "customize"} "$1" {INSIDE} {wheelhouse}',
        "--skip=cleanup/reproducible",
        suite.codename,
        str(root),
        f"deb {_mirror()} {suite.codename} main",
    )
    for name, pattern in (("kernel", "vmlinuz-*"), ("initrd", "initrd.img-*")):
        (found,) = (root / "boot").glob(pattern)
        shutil.move(found, made / name)
    disk_of(root, made / "disk", "root", DISK_MB)


def _mirror() -> str:
    """The archive this machine takes its own packages from, if it is a Debian."""
    words = ["apt-get", "indextargets", "--format", "$(SITE)", "ORIGIN: Debian", "CREATED_BY: Packages"]
    found = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    return next((site for site in found if "security" not in site), "http://deb.debian.org/debian")


if __name__ == "__main__":
    image(SUITES[sys.argv[1]])
