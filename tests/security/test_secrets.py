"""Whole jobs in processes of their own, with everything that can go wrong: no secret is anywhere afterwards."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from energy_data_layer.cli.app import app
from energy_data_layer.errors import DataLayerError, OptionError
from energy_data_layer.services.key import ServiceKey
from energy_data_layer.settings.services import ServiceSettings
from energy_data_layer.simulator.faults import Fault
from energy_data_layer.storage.database import Database

RUNNER = Path(__file__).with_name("edl_with_all_logs.py")

# Parts that stay as they are however the whole is encoded, with characters between them that do not.
PARTS = ("KeyPartOne7Qx", "KeyPartTwo8Rw", "KeyPartTri9Sv", "PassPartOne7", "PassPartTwo8", "HookPartOne7")
KEY = f"{PARTS[0]}+{PARTS[1]}/{PARTS[2]}=="
PASSWORD = f"{PARTS[3]}/@:%{PARTS[4]}"
WEBHOOK = f"http://127.0.0.1:9/services/{PARTS[5]}"
FORMS = {
    *(part.lower() for part in PARTS),
    *(base64.b64encode(secret.encode()).decode().lower() for secret in (KEY, PASSWORD, WEBHOOK)),
    *(secret.encode().hex() for secret in PARTS),
}


def secrets_in(text):
    return {form for form in FORMS if form in text.lower()}


def texts_in(folder):
    """Yield the name and content of every file, archives unpacked; what is no text is looked at as bytes are."""
    for path in folder.rglob("*"):
        yield f"{path}: name", path.name
        if path.is_file():
            data = path.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                data = gzip.decompress(data)
            yield str(path), data.decode("utf-8", "replace")


def texts_of(url):
    """Yield every row of every table as text."""
    with Database.connect(url) as database:
        for table in database.tables():
            for row in database.read(table).to_pylist():
                yield table, repr(row)


class Arguments:
    """What the arguments of the processes are that use one folder, looked at again and again."""

    def __init__(self, folder):
        self._folder = folder

    def __enter__(self):
        self.seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _look(self):
        while not self._stop.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    if path.with_name("cwd").readlink() == self._folder:
                        self.seen.add(path.read_bytes().decode("utf-8", "replace"))
                except OSError:
                    continue


@pytest.fixture
def locked_url(postgres_server, postgres_url):
    """The URL of an empty database whose user has a password that it needs."""
    escaped = PASSWORD.replace("'", "''")
    postgres_server.run("DROP ROLE IF EXISTS locked", f"CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{escaped}'")
    yield postgres_url.replace("edl@", f"locked:{quote(PASSWORD, safe='')}@", 1)
    with Database.connect(postgres_url) as database:
        database.execute("DROP OWNED BY locked")
    postgres_server.run("DROP ROLE locked")


def edl(folder, environment, *arguments):
    """Run a command in a folder; return what it said and its exit code."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("EDL_", "USE_RUST", "PG"))}
    command = [sys.executable, str(RUNNER), "edl.log", *arguments]
    return subprocess.run(
        command, cwd=folder, env=inherited | environment, capture_output=True, text=True, timeout=120, check=False
    )


SERVICE_FAULTS = [
    *(Fault(kind, times_each=1) for kind in ("server_error", "drop", "reset", "truncate", "cut", "html", "late")),
    Fault("gateway_error", code="04", times_each=1),
    Fault("too_many_requests", times_each=1, seconds=0),
]

WEATHER = ("run", "weather", "--date", "2024-03-07", "--stations", "108")
WIND = ("run", "wind", "--month", "2024-02")
SOLAR = ("run", "solar", "--since", "2024-02-01", "--until", "2024-02-02", "--plants", "997D:1")
KEPT = ("--keep-raw", "raw", "--report", "report.json")


@pytest.mark.slow
@pytest.mark.needs_rust  # for shadow mode
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks at the arguments of processes in /proc")
def test_no_secret_is_anywhere(tmp_path, simulator, locked_url):
    service = simulator(key=KEY)
    good = {
        "EDL_SERVICE_KEY": quote(KEY, safe=""),
        "EDL_SERVICES_URL": service.url,
        "EDL_DATABASE_URL": locked_url,
        "EDL_WEBHOOK_URL": WEBHOOK,
        "EDL_BACKOFF_SECONDS": "0",
        "EDL_TIMEOUT_SECONDS": "2",
        "EDL_ATTEMPTS": "12",
        "USE_RUST": "shadow",
    }
    plain = good | {"EDL_SERVICE_KEY": KEY, "EDL_ATTEMPTS": "2"}
    one_encoded = good | {"EDL_SERVICE_KEY": KEY.replace("=", "%3D"), "EDL_ATTEMPTS": "2"}
    runs = [
        (0, SERVICE_FAULTS, good, (*WEATHER, *KEPT)),
        (0, [], plain, (*WIND, *KEPT)),
        (1, [Fault("forbidden", code="30")], plain, (*SOLAR, *KEPT)),
        (1, [Fault("quota")], one_encoded, (*WIND, "--keep-raw", "raw2")),
        (1, [], good | {"EDL_DATABASE_URL": locked_url.replace(quote(PASSWORD, safe=""), "x" + PARTS[3])}, WEATHER),
        (2, [], good | {"EDL_DATABASE_URL": f"mysql://u:{PASSWORD}@host/x"}, WIND),
        (1, [], good | {"EDL_WEBHOOK_URL": f"ftp://{PARTS[5]}", "EDL_CONCURRENCY": PASSWORD}, WIND),
        (1, [], plain | {"EDL_SERVICES_URL": "http://127.0.0.1:9"}, SOLAR),
        (0, [], good, ("doctor",)),
    ]
    said = []
    with Arguments(tmp_path) as arguments:
        for code, faults, environment, command in runs:
            service.change(faults=faults)
            done = edl(tmp_path, environment, "--debug", *command)
            said += [done.stdout, done.stderr]
            # An option error shows its traceback with --debug, which Python ends with 1.
            assert done.returncode in {code, 1 if code == 2 else code}, done.stderr[-2000:]
    assert any("run\0weather" in seen for seen in arguments.seen)
    assert any("Traceback" in text for text in said)
    assert any("webhook could not be reached" in text for text in said)
    everything = [
        *(("said", text) for text in said),
        *(("arguments", text) for text in arguments.seen),
        *texts_in(tmp_path),
        *texts_of(locked_url),
    ]
    assert {"raw", "report.json", "edl.log"} <= {path.name for path in tmp_path.iterdir()}
    found = [(place, sorted(secrets_in(text))) for place, text in everything if secrets_in(text)]
    assert not found


@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), PASSWORD, WEBHOOK])
def test_a_secret_that_is_there_is_found(tmp_path, form):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "body.gz").write_bytes(gzip.compress(f"it is {form}.".encode()))
    url = f"duckdb:///{tmp_path}/energy.duckdb"
    with Database.connect(url) as database:
        database.execute("CREATE TABLE notes (text VARCHAR)")
        database.execute("INSERT INTO notes VALUES ($1)", [form])
    assert any(secrets_in(text) for _, text in texts_in(tmp_path / "raw"))
    assert any(secrets_in(text) for _, text in texts_of(url))


ANSWERS_WITH_THE_KEY = [
    KEY,
    quote(KEY, safe=""),
    quote(KEY),
    quote(quote(KEY, safe=""), safe=""),
    quote(KEY, safe="").lower().replace("keypartone7qx", "KeyPartOne7Qx")[: len(PARTS[0])] + quote(KEY, safe="")[13:],
    KEY.replace("=", "%3D"),
    KEY.replace("/", "%2f"),
    KEY.replace("/", "\\/"),
    KEY.replace("+", " "),
    KEY.replace("+", "\\u002B").replace("=", "\\u003d"),
    KEY.replace("+", "&#43;").replace("/", "&#x2F;"),
    KEY.lower(),
    KEY.upper(),
    KEY.replace("K", "\\u004B"),
    *(
        "".join(way.format(ord(character)) for character in KEY)
        for way in (
            *("\\u{:04x}", "\\u{:04X}", "\\\\u{:04x}", "\\x{:02x}", "\\u{{{:x}}}"),
            *("%{:02X}", "%{:02x}", "%25{:02X}", "%2525{:02x}"),
            *("&#{};", "&#{}", "&#{:05};", "&#x{:x};", "&#X{:04X};", "&amp;#{};", "&amp;amp;#x{:x};"),
        )
    ),
    KEY.replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
    KEY.replace("/", "\\\\\\/"),
    KEY.encode().hex(),
    KEY.encode().hex().upper(),
]

BEFORE_THE_KEY = ["", "a", "ab", "serviceKey=", "user:"]
"""Where the key begins decides how Base64 writes it."""


@pytest.mark.parametrize("given", [KEY, quote(KEY, safe=""), KEY.replace("+", "%2B").replace("/", "%2F")])
@pytest.mark.parametrize("form", ANSWERS_WITH_THE_KEY)
def test_the_key_is_hidden_however_it_is_written(given, form):
    key = ServiceKey(SecretStr(given))
    assert key.hide(f"serviceKey is {form}, they say") == "serviceKey is ***, they say"
    assert key.hide_in(f'{{"key": "{form}"}}'.encode()) == b'{"key": "***"}'


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "of addresses"])
@pytest.mark.parametrize("escape", [str, lambda text: quote(text, safe=""), lambda text: text.replace("/", "\\/")])
@pytest.mark.parametrize("form", [KEY, quote(KEY, safe=""), KEY.replace("+", "?>~")])
@pytest.mark.parametrize("before", BEFORE_THE_KEY)
def test_the_key_in_base64_is_hidden_wherever_it_begins(encode, escape, form, before):
    given = KEY if "?" not in form else form
    text = escape(encode(f"{before}{form}&page=1".encode()).decode())
    hidden = ServiceKey(SecretStr(given)).hide(text)
    left, right = hidden.split("***")
    whole = encode(f"{before}".encode()).decode().rstrip("=")
    assert whole[:-1] in left
    # Of the key itself a character at most is left, mixed with its neighbours.
    assert len(left) <= len(before) * 4 // 3 + 2
    assert len(right) <= len(escape(encode(b"=&page=1").decode())) + 2


@pytest.mark.parametrize("unit", ["\\", "%25", "&amp;", "&#0", "0", "%", "&", KEY[:-1], "K", " "])
def test_no_body_takes_long_to_look_through(unit):
    key = ServiceKey(SecretStr(KEY))
    key.hide("")
    started = time.perf_counter()
    key.hide_in(unit.encode() * (2_000_000 // len(unit)))
    assert time.perf_counter() - started < 10


def test_what_resembles_a_key_stays():
    key = ServiceKey(SecretStr(KEY))
    for text in (KEY[:-3], KEY[1:], KEY[::-1], f"{KEY[:9]} {KEY[9:]}", "%4B%65", "&#75;&#101;", "서울", quote("서울")):
        assert key.hide(text) == text
    assert ServiceKey(SecretStr("1234567")).hide("1234567, 12345678") == "1234567, 12345678"
    assert ServiceKey(SecretStr("12345678")).hide("1234567, 12345678") == "1234567, ***"


def test_settings_do_not_show_their_keys():
    settings = ServiceSettings(service_key=KEY, asos_key=KEY)
    shown = (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump()))
    assert not [text for text in shown if secrets_in(text)]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{PASSWORD}@127.0.0.1:9/x",
        f"postgresql://u:abc@{PARTS[3]}@127.0.0.1:9/x",
        f"postgresql://u:abc/{PARTS[3]}@127.0.0.1:9/x",
        f"postgresql://u:{PARTS[3]}/abc@127.0.0.1:9/x",
        f"postgresql://u:abc%{PARTS[3]}@127.0.0.1:9/x",
        f"postgresql://127.0.0.1:9/x?user=u&password=abc%zz{PARTS[3]}",
        f"mysql://u:{PASSWORD}@127.0.0.1/x",
    ],
)
def test_a_password_that_is_not_encoded_is_in_no_error(url):
    with pytest.raises(DataLayerError) as caught:
        Database.connect(url)
    assert not secrets_in("".join(traceback.format_exception(caught.value)))


def test_a_password_among_the_arguments_is_warned_of():
    url = f"postgresql://u:{PARTS[3]}@127.0.0.1:9/x"
    for option in (["--db", url], [f"--db={url}"]):
        done = CliRunner().invoke(app, ["status", *option])
        assert "a password on the command line can be read by every user of this machine" in done.output
        assert not secrets_in(done.output)
    done = CliRunner().invoke(app, ["status", "--db", "postgresql://u@127.0.0.1:9/x"])
    assert "command line" not in done.output


def test_the_password_can_be_in_a_password_file_or_a_service_file(tmp_path, locked_url, postgres_server, monkeypatch):
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:locked:" + PASSWORD.replace("\\", r"\\").replace(":", r"\:") + "\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    without_password = locked_url.replace(f":{quote(PASSWORD, safe='')}@", "@")
    services = tmp_path / "services"
    services.write_text(f"[energy]\nhost={postgres_server.folder}\ndbname=test\nuser=locked\n")
    for url in (without_password, "postgresql:///?service=energy", "postgresql://?service=energy"):
        monkeypatch.setenv("PGSERVICEFILE", str(services))
        with Database.connect(url) as database:
            assert database.query("SELECT current_user AS who").to_pylist() == [{"who": "locked"}]


def test_a_text_too_long_for_a_key_is_refused_and_not_shown():
    assert ServiceKey(SecretStr("k" * 512)).hide(f"key {'k' * 512}") == "key ***"
    with pytest.raises(OptionError, match="the service key has 513 characters, more than 512") as caught:
        ServiceKey(SecretStr("k" * 513))
    assert "kk" not in str(caught.value)
