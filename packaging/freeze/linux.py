"""The Linux installers: an archive that runs from any folder, a Debian package, an AppImage."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from freeze import plan

NAME = "model-workbench"
FILES = plan.ROOT / "packaging" / "linux"
ICONS = plan.ROOT / "packaging" / "icons"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
# What the frozen app takes from the system: the drivers of its screen, and the microphone's library.
DEPENDS = ("libc6 (>= 2.28)", "libegl1", "libgl1", "libdbus-1-3")
RECOMMENDS = ("libportaudio2", "xdg-utils", "xdg-desktop-portal")
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def compressor() -> list[str]:
    """zstd where it is there (a minute instead of ten), else gzip."""
    return ["zstd", "-T0", "-6", "-q"] if shutil.which("zstd") else ["gzip", "-6"]


def tar(frozen: Path, target: Path, version: str, variant: str) -> Path:
    """The folder as it is, with the desktop's files and a script that puts them in place for one person."""
    made = (
        target / f"{NAME}-{version}-{variant}-linux-{os.uname().machine}.tar.{'zst' if shutil.which('zstd') else 'gz'}"
    )
    extra = frozen / "desktop"
    shutil.rmtree(extra, ignore_errors=True)
    lay_out_desktop(extra, version)
    shutil.copy2(FILES / "install-for-me.sh", frozen / "install-for-me.sh")
    with made.open("wb") as stream:
        packing = subprocess.Popen(
            [
                "tar", "--create", "--sort=name", "--owner=0", "--group=0", "--numeric-owner",
                f"--transform=s,^{frozen.name},{NAME}-{version},", "-C", str(frozen.parent), frozen.name,
            ],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        squeezing = subprocess.run([*compressor(), "-c"], stdin=packing.stdout, stdout=stream)
        if packing.wait() or squeezing.returncode:
            raise SystemExit("The archive could not be written.")
    return made


def lay_out_desktop(root: Path, version: str) -> None:
    """Desktop entry, MIME type, AppStream data and icons, as below /usr/share."""
    places = {
        FILES / f"{NAME}.desktop": f"applications/{NAME}.desktop",
        FILES / f"{NAME}-mime.xml": f"mime/packages/{NAME}.xml",
        plan.ROOT / "resources" / "icons" / f"{NAME}.svg": f"icons/hicolor/scalable/apps/{NAME}.svg",
    }
    for side in SIZES:
        places[ICONS / f"{NAME}-{side}.png"] = f"icons/hicolor/{side}x{side}/apps/{NAME}.png"
    for source, place in places.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / place)
    page = (FILES / "org.modelworkbench.ModelWorkbench.metainfo.xml").read_text(encoding="utf-8")
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))))
    (root / "metainfo").mkdir(parents=True, exist_ok=True)
    (root / "metainfo" / "org.modelworkbench.ModelWorkbench.metainfo.xml").write_text(
        page.replace("@VERSION@", version).replace("@DATE@", day), encoding="utf-8"
    )


def control(version: str, kilobytes: int, variant: str) -> str:
    """DEBIAN/control (Debian Policy 5.3)."""
    architecture = _ARCHITECTURES.get(os.uname().machine, os.uname().machine)
    return (
        f"Package: {NAME}\nVersion: {version}\nArchitecture: {architecture}\n"
        "Maintainer: Model Workbench <packages@modelworkbench.invalid>\n"
        f"Installed-Size: {kilobytes}\nDepends: {', '.join(DEPENDS)}\nRecommends: {', '.join(RECOMMENDS)}\n"
        "Section: science\nPriority: optional\n"
        f"Description: Try, teach and use pre-trained models (variant {variant})\n"
        " Drop a picture, a text or a sound and see what a pre-trained model says of it.\n"
        " Teach it classes of your own, see how sure you may be of it, and use it.\n"
        " .\n Works offline at once: the first models are inside.\n"
    )


def deb(frozen: Path, work: Path, target: Path, version: str, variant: str) -> Path:
    """A Debian package: the app in /opt, a command in /usr/bin, the desktop's files in /usr/share."""
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    home = root / "opt" / NAME
    home.parent.mkdir(parents=True)
    try:
        # Linked, not copied: it is gigabytes.
        subprocess.run(["cp", "-al", str(frozen), str(home)], check=True)
        for leftover in ("desktop", "install-for-me.sh"):
            path = home / leftover
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        command = root / "usr" / "bin"
        command.mkdir(parents=True)
        for name in (NAME, "workbench"):
            (command / name).symlink_to(f"/opt/{NAME}/{NAME}")
        lay_out_desktop(root / "usr" / "share", version)
        papers = root / "usr" / "share" / "doc" / NAME
        papers.mkdir(parents=True)
        shutil.copyfile(
            home / "_internal" / "workbench" / "_resources" / "licences" / "third-party.md", papers / "copyright"
        )
        size = sum(f.stat().st_size for f in root.rglob("*") if f.is_file() and not f.is_symlink()) // 1024
        facts = root / "DEBIAN"
        facts.mkdir()
        (facts / "control").write_text(control(version, size, variant), encoding="utf-8")
        for script in ("postinst", "postrm"):
            shutil.copyfile(FILES / f"deb-{script}.sh", facts / script)
            (facts / script).chmod(0o755)
        made = target / f"{NAME}_{version}_{variant}_{_ARCHITECTURES.get(os.uname().machine, os.uname().machine)}.deb"
        squeeze = ["-Zzstd", "-z6"] if _knows_zstd() else ["-Zxz", "-z1"]
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", *squeeze, "--build", str(root), str(made)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return made


def _knows_zstd() -> bool:
    """dpkg-deb reads and writes zstd since 1.21.18, as do Debian 12, Ubuntu 22.04 and later."""
    said = subprocess.run(["dpkg-deb", "--version"], capture_output=True, text=True).stdout
    words = next((w for w in said.split() if w[:1].isdigit()), "0")
    numbers = tuple(int(n) for n in words.split(".")[:3] if n.isdigit())
    return numbers >= (1, 21, 18)


def appimage_tool() -> str | None:
    """appimagetool, where it is installed: it comes from nowhere by itself."""
    return shutil.which("appimagetool") or os.environ.get("APPIMAGETOOL")


def appimage(frozen: Path, work: Path, target: Path, version: str, variant: str) -> Path:
    """One file that runs on most systems (needs appimagetool)."""
    tool = appimage_tool()
    if not tool:
        raise SystemExit("appimagetool is not there: install it, or name it in APPIMAGETOOL.")
    root = work / "AppDir"
    shutil.rmtree(root, ignore_errors=True)
    made = target / f"{NAME}-{version}-{variant}-{os.uname().machine}.AppImage"
    try:
        (root / "usr" / "lib").mkdir(parents=True)
        subprocess.run(["cp", "-al", str(frozen), str(root / "usr" / "lib" / NAME)], check=True)
        lay_out_desktop(root / "usr" / "share", version)
        shutil.copyfile(FILES / f"{NAME}.desktop", root / f"{NAME}.desktop")
        shutil.copyfile(ICONS / f"{NAME}-256.png", root / f"{NAME}.png")
        shutil.copyfile(FILES / "AppRun.sh", root / "AppRun")
        (root / "AppRun").chmod(0o755)
        subprocess.run(
            [tool, "--no-appstream", str(root), str(made)], check=True, env=os.environ | {"ARCH": os.uname().machine}
        )
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return made
