"""Seed defects, each alone, into a copy of the repository: the lane of `.ci/run` that is named has to find each.

`defects.toml` lists them. A lane's own command is run on the tests that are named, with what it leaves out by marks,
names and folders: a test that the lane no longer runs finds nothing. Exits with 1 where a defect is not found.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("defects.toml")
CRATE = Path("rust/crates/data_layer")
ENGINE = CRATE / "python/rust_data_layer/_native.abi3.so"
BUILT = ROOT / "rust/target/defects"
"""What is built of Rust, for all copies: a defect has its own crate compiled again, and no other."""

CI = (".ci/run", "tests/test_all.sh")
"""What CI runs: the second is what the first makes."""

WITHOUT_ENGINE = ".venv-reference"
RUNS_TESTS = re.compile(r"-m pytest|cargo test|rehearse\.py")
FAILED = re.compile(
    r"^(?:FAILED|ERROR) (tests/.+?)(?: - .*)?$|^test (\S+).* FAILED$|^ *DID NOT HOLD: (.+)$", re.MULTILINE
)
NOTHING_TO_RUN = 5
"""How pytest ends where marks or names leave nothing."""


@dataclass(frozen=True)
class Defect:
    """A mistake as someone could make it.

    Attributes
    ----------
    id, what : str
        Its name, and what goes wrong.
    file, old, new : str
        Where it is made, the text that stands there once, and the mistake.
    lane : str
        The target of the Makefile that finds it.
    tests : list of str
        What fails there: pytest's node ids, parts of the names of Rust's tests, or a check of the rehearsal.
    """

    id: str
    what: str
    file: str
    old: str
    new: str
    lane: str
    tests: list[str]


class NotRun(Exception):
    """The lane does not run what should find the defect."""


def defects() -> list[Defect]:
    """Return all defects."""
    return [Defect(**entry) for entry in tomllib.loads(LIST.read_text(encoding="utf-8"))["defect"]]


def applied(defect: Defect, tree: Path) -> str:
    """Return what the file is with the defect in it."""
    text = (tree / defect.file).read_text(encoding="utf-8")
    if (count := text.count(defect.old)) != 1:
        raise SystemExit(f"{defect.id}: its text stands {count} times in {tree / defect.file}, not once")
    return text.replace(defect.old, defect.new)


def is_there(test: str, tree: Path) -> bool:
    """Tell whether a repository has the test that a node id names; those without a file are not looked for."""
    file, *names = test.split("[")[0].split("::")
    if not file.endswith(".py"):
        return True
    text = (tree / file).read_text(encoding="utf-8") if (tree / file).exists() else ""
    return bool(text) and all(re.search(rf"(def|class) {name}\b", text) for name in names)


class Copy:
    """A copy of what a repository tracks, with environments in which it is what is installed."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self.folder = folder
        list_files = ["git", "-C", tree, "ls-files", "-z"]
        tracked = subprocess.run(list_files, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in [*filter(None, tracked), str(ENGINE)]:
            if (tree / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tree / name, folder / name)
        self._ci = "".join((folder / name).read_text(encoding="utf-8") for name in CI if (folder / name).exists())
        # `make defects` has variables that its lanes must not take over.
        given = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTHON"))}
        exported = dict(re.findall(r"^export (\w+)=(\S+)$", self._ci, re.MULTILINE))
        self._environment = given | exported | {"CARGO_TARGET_DIR": str(BUILT)}

    def failing(self, lane: str, tests: list[str]) -> list[str]:
        """Return what fails of some tests as the lane runs them.

        Raises
        ------
        NotRun
            If `.ci/run` does not make the lane, or the lane runs none of the tests.
        """
        if absent := [test for test in tests if not is_there(test, self.folder)]:
            raise NotRun(f"there is no {', '.join(absent)}")
        any_ran = False
        for line in self._commands_of(lane):
            words = shlex.split(line)
            first = next(at for at, word in enumerate(words) if "=" not in word)
            command = _on_tests(words[first:], tests)
            if not command:
                continue
            done = self._run(command, dict(word.split("=", 1) for word in words[:first]))
            if failed := ["".join(found) for found in FAILED.findall(done.stdout)]:
                return failed
            if done.returncode not in (0, NOTHING_TO_RUN):
                told = f"{done.stdout}{done.stderr}"[-3000:]
                raise NotRun(f"{shlex.join(command)} ended with {done.returncode}:\n{told}")
            any_ran |= done.returncode == 0
        if not any_ran:
            raise NotRun(f"make {lane} runs none of {', '.join(tests)}")
        return []

    def build_engine(self) -> None:
        """Build the copy's engine."""
        command = "cargo build --quiet --release --locked --manifest-path rust/Cargo.toml --package data_layer"
        done = self._run(command.split(), {})
        if done.returncode:
            raise NotRun(f"the engine cannot be built:\n{done.stderr[-3000:]}")
        shutil.copy2(BUILT / "release" / "lib_native.so", self.folder / ENGINE)

    def _run(self, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
        if command[0].startswith(".venv"):
            self._make_environment(Path(command[0]).parts[0])
        environment = self._environment | variables
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)

    @cache  # noqa: B019
    def _commands_of(self, lane: str) -> list[str]:
        """Return the commands of a target that run tests, as `.ci/run` makes it."""
        for words in map(shlex.split, re.findall(r"^\s*make (.+)$", self._ci, re.MULTILINE)):
            own = self._printed([lane, *(word for word in words if "=" in word)])
            if set(own) <= set(self._printed(words)):
                return own
        raise NotRun(f".ci/run does not make {lane}")

    def _printed(self, words: list[str]) -> list[str]:
        command = ["make", "--dry-run", "--no-print-directory", *words]
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, check=True, capture_output=True, text=True
        )
        return [line for line in done.stdout.splitlines() if RUNS_TESTS.search(line)]

    @cache  # noqa: B019
    def _make_environment(self, name: str) -> None:
        """Make an environment on top of the one that runs this, with the copy's packages before its own."""
        environment, library = self.folder / name, "lib/python{}.{}/site-packages".format(*sys.version_info)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        packages = [self.folder / "python", self.folder / CRATE / "python"][: 1 if name == WITHOUT_ENGINE else 2]
        paths = "\n".join(map(str, [*packages, Path(sys.prefix) / library]))
        (environment / library / "copy.pth").write_text(paths, encoding="utf-8")
        beginning, python = f"#!{sys.executable}\n".encode(), environment / "bin" / "python"
        for script in Path(sys.executable).parent.iterdir():
            if script.is_file() and (content := script.read_bytes()).startswith(beginning):
                copied = python.with_name(script.name)
                copied.write_bytes(content.replace(beginning, f"#!{python}\n".encode(), 1))
                copied.chmod(0o755)
        asked = [python, "-c", "import energy_data_layer as package; print(package.__file__)"]
        imported = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
        if not Path(imported).is_relative_to(self.folder):
            raise RuntimeError(f"{python} imports {imported}, which is not the copy")


def _on_tests(words: list[str], tests: list[str]) -> list[str]:
    """Return a lane's command for some tests alone; nothing where it leaves out the folders of all."""
    if words[0] == "cargo":
        return [*words, "--", *tests]
    if "pytest" not in words:
        return words
    options = argparse.ArgumentParser(allow_abbrev=False)
    options.add_argument("paths", nargs="*")
    for option in ("-n", "--dist"):
        options.add_argument(option)
    for option in ("-m", "-k"):
        options.add_argument(option, default="")
    for option in ("-p", "--ignore"):
        options.add_argument(option, action="append", default=[])
    asked = options.parse_intermixed_args(words[words.index("pytest") + 1 :])

    def lies_in(test: str, paths: list[str]) -> bool:
        return any(Path(test.split("::")[0]).is_relative_to(path) for path in paths)

    # To pytest a file that is named is never one to ignore.
    chosen = [test for test in tests if lies_in(test, asked.paths or ["tests"]) and not lies_in(test, asked.ignore)]
    plugins = [word for plugin in asked.p for word in ("-p", plugin)]
    return [words[0], "-m", "pytest", "-q", "-x", *plugins, "-m", asked.m, "-k", asked.k, *chosen] if chosen else []


def seed(chosen: list[Defect], tree: Path) -> int:
    """Seed defects one after the other, print what finds them, and return how many nothing finds."""
    with TemporaryDirectory() as folder:
        copy = Copy(Path(folder).resolve(), tree)
        for defect in chosen:
            applied(defect, copy.folder)
        engine = copy.folder / ENGINE
        if not engine.exists() and {defect.lane for defect in chosen} - {"test-reference", "test-cargo"}:
            copy.build_engine()
        sound_engine = engine.read_bytes() if engine.exists() else b""
        _require_sound(copy, chosen)
        not_found = 0
        for defect in chosen:
            file = copy.folder / defect.file
            sound, begin = file.read_bytes(), time.perf_counter()
            file.write_text(applied(defect, copy.folder), encoding="utf-8")
            is_in_engine = defect.file.startswith("rust/") and defect.lane != "test-cargo"
            try:
                if is_in_engine:
                    copy.build_engine()
                failed = copy.failing(defect.lane, defect.tests)
                told = failed[0] if failed else f"{', '.join(defect.tests)} passes"
            except NotRun as error:
                failed, told = [], str(error)
            file.write_bytes(sound)
            if is_in_engine:
                engine.write_bytes(sound_engine)
            not_found += not failed
            seconds = time.perf_counter() - begin
            verdict = "found" if failed else "NOT FOUND"
            print(f"{verdict:<9} {seconds:6.1f} s  {defect.id:<30}  {defect.lane:<16}  {told}", flush=True)
        return not_found


def _require_sound(copy: Copy, chosen: list[Defect]) -> None:
    """Raise where a test fails without any defect: it would find nothing. The rehearsal names the check that failed."""
    for lane in sorted({defect.lane for defect in chosen} - {"rehearse"}):
        named = [test for defect in chosen if defect.lane == lane for test in defect.tests]
        try:
            failed = copy.failing(lane, [test for test in dict.fromkeys(named) if is_there(test, copy.folder)])
        except NotRun as error:
            print(f"without any defect: {error}", flush=True)
        else:
            if failed:
                raise SystemExit(f"without any defect fails in {lane}: {', '.join(failed)}")


def main() -> int:
    """Seed what the command line names and return the exit code."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--only", nargs="+", metavar="ID", help="seed these defects alone")
    options.add_argument("--list", action="store_true", help="list the defects and seed none")
    options.add_argument("--tree", type=Path, default=ROOT, metavar="FOLDER", help="another working tree")
    asked = options.parse_args()
    chosen = [defect for defect in defects() if not asked.only or defect.id in asked.only]
    if unknown := {*(asked.only or ())} - {defect.id for defect in chosen}:
        options.error(f"there is no defect {', '.join(sorted(unknown))}")
    if asked.list:
        for defect in chosen:
            print(f"{defect.id:<30}  {defect.lane:<16}  {defect.what}")
        return 0
    begin = time.perf_counter()
    not_found = seed(chosen, asked.tree.resolve())
    print(f"{len(chosen) - not_found} of {len(chosen)} defects were found, in {time.perf_counter() - begin:.0f} s.")
    return 1 if not_found else 0


if __name__ == "__main__":
    raise SystemExit(main())
