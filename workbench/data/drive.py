"""On what kind of drive a folder lies: SQLite's write-ahead log needs memory that all programs share, which network drives do
not have (https://www.sqlite.org/wal.html, section 1), and programs that copy folders to the cloud may copy a database and
its log at different moments."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_NETWORK = {
    "nfs", "nfs3", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre",
    "fuse.sshfs", "fuse.rclone", "fuse.davfs2", "fuse.gvfsd-fuse", "fuse.glusterfs", "fuse.smbnetfs", "fuse.curlftpfs",
    "fuse.s3fs", "osxfuse", "macfuse",
}  # fmt: skip
# What Windows' GetDriveType answers for a drive of another computer.
_REMOTE = 4
# A part of the path, as these programs name their folders; what follows a dash is the firm's or the person's name.
_CLOUD = (
    (re.compile(r"onedrive( ?- ?.+)?", re.IGNORECASE), "OneDrive"),
    (re.compile(r"dropbox( \(.+\))?", re.IGNORECASE), "Dropbox"),
    (re.compile(r"google ?drive(-.+)?|googledrive-.+|my drive|\.shortcut-targets-by-id", re.IGNORECASE), "Google Drive"),
    (re.compile(r"icloud ?drive|mobile documents|com~apple~clouddocs", re.IGNORECASE), "iCloud"),
    (re.compile(r"nextcloud|owncloud|pcloud ?drive|box sync|cloudstorage", re.IGNORECASE), "a cloud service"),
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """`name`: of the kind of network drive, or of the cloud service; "" on a drive of this computer."""

    kind: Literal["local", "network", "cloud"] = "local"
    name: str = ""

    @property
    def sentence(self) -> str:
        """What a person should know about it; "" when there is nothing."""
        if self.kind == "network":
            return (
                f"This project lies on a network drive ({self.name}). Saving is done there in a slower way that is safe."
                " It is quicker in a folder of this computer."
            )
        if self.kind == "cloud":
            return (
                f"{self.name[:1].upper()}{self.name[1:]} copies this project's folder to other computers. Work on it on one"
                " computer at a time, and let the copying end first. Saving is done in a slower way that is safe."
            )
        return ""


def place_of(folder: Path, mounts: str | None = None) -> Place:
    """Where a folder lies; what cannot be found out counts as a drive of this computer.

    Args:
        mounts: a table as of /proc/mounts; None reads this computer's.
    """
    folder = Path(os.path.realpath(folder))
    for part in reversed(folder.parts):
        for pattern, name in _CLOUD:
            if pattern.fullmatch(part):
                return Place("cloud", name)
    if mounts is None and sys.platform != "linux":
        kind = _kind_elsewhere(folder)
    else:
        kind = _kind(folder, _mounts() if mounts is None else mounts)
    return Place("network", kind.removeprefix("fuse.")) if kind in _NETWORK else Place()


def _mounts() -> str:
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _kind(folder: Path, mounts: str) -> str:
    """The file system's name of the mount that holds the folder: the longest one that is its beginning, the last of those."""
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        # Spaces and the like are written as octal numbers.
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), fields[1]))
        if len(point.parts) >= best and folder.is_relative_to(point):
            best, kind = len(point.parts), fields[2]
    return kind


def _kind_elsewhere(folder: Path) -> str:
    """On macOS and Windows. Windows is asked for this drive alone: a drive that is not there keeps one waiting."""
    if sys.platform == "win32":
        import ctypes

        return "smbfs" if ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == _REMOTE else ""
    import psutil

    best, kind = -1, ""
    for disk in psutil.disk_partitions(all=True):
        point = Path(disk.mountpoint)
        if len(point.parts) >= best and folder.is_relative_to(point):
            best, kind = len(point.parts), disk.fstype.lower()
    return kind
