"""What a machine of the tests has instead of systemd, other users and a system's PostgreSQL.

Each stands in the path under the name of the command that it replaces, does what the walk needs
of it, and nothing to the machine: ``python stand_ins.py NAME ARGUMENTS``.
"""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("WALK_FOLDER", ""))
UNITS = FOLDER / "etc" / "systemd" / "system"
NGINX = ("nginx", "-p", str(FOLDER), "-c", str(FOLDER / "nginx.conf"))
# nginx comes from the system; PostgreSQL from a library of the tests.
OTHERWISE = {"postgresql"}
NAMES = (
    "apt-get",
    "chown",
    "install",
    "nginx",
    "runuser",
    "setsid",
    "sudo",
    "systemctl",
    "useradd",
)


def main(name: str, arguments: list[str]) -> int:
    """Do what a command does here, and return its exit code."""
    if name in ("chown", "useradd"):
        return 0
    if name == "runuser":
        return run(arguments[arguments.index("--") + 1 :])
    if name == "setsid":
        return run(arguments)
    if name == "sudo":
        return run([os.environ["WALK_PSQL"], os.environ["WALK_ADMIN_URL"], *arguments[3:]])
    if name == "install":
        owner = arguments.index("-o") if "-o" in arguments else len(arguments)
        return run(["/usr/bin/install", *arguments[:owner], *arguments[owner + 2 :]])
    if name == "nginx":
        return run(["/usr/sbin/nginx", *NGINX[1:], *arguments])
    if name == "apt-get":
        return install([word for word in arguments[2:] if word not in OTHERWISE])
    return systemctl(arguments)


def run(command: list[str]) -> int:
    """Run a command to its end."""
    return subprocess.run(command, check=False).returncode


def install(packages: list[str]) -> int:
    """Install packages that are missing; asking for those that are there would take seconds."""
    query = ["dpkg-query", "-W", "-f=${Status}"]
    missing = [
        package
        for package in packages
        if b"ok installed"
        not in subprocess.run([*query, package], check=False, capture_output=True).stdout
    ]
    return run(["/usr/bin/apt-get", "install", "-y", "-q", *missing]) if missing else 0


def systemctl(arguments: list[str]) -> int:
    """Start services by their units, as systemd would."""
    verb, names = arguments[0], [word for word in arguments[1:] if not word.startswith("-")]
    if verb == "reload":
        # Testing its settings leaves nginx's file empty.
        pid = FOLDER / "nginx.pid"
        if pid.exists() and pid.read_text():
            os.kill(int(pid.read_text()), signal.SIGHUP)
            return 0
        return run(["/usr/sbin/nginx", *NGINX[1:]])
    for name in names:
        unit = read_unit(UNITS / name)
        if name.endswith(".timer"):
            # A timer starts the service of its name.
            read_unit((UNITS / name).with_suffix(".service"))
        elif code := start(name, unit):
            return code
    return 0


def read_unit(path: Path) -> dict[str, str]:
    """Return the settings of a unit."""
    lines = [line for line in path.read_text().splitlines() if "=" in line]
    return dict(line.split("=", 1) for line in lines)


def start(name: str, unit: dict[str, str]) -> int:
    """Start a service with its environment file alone; one that is done once to its end."""
    given = Path(unit["EnvironmentFile"]).read_text().splitlines()
    environ = dict(line.split("=", 1) for line in given) | {"PATH": "/usr/bin:/bin"}
    command = shlex.split(unit["ExecStart"])
    os.umask(int(unit["UMask"], 8))
    with (FOLDER / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=environ, cwd="/", stdout=log, stderr=log, start_new_session=True
        )
    if unit.get("Type") == "oneshot":
        return process.wait()
    with (FOLDER / "services").open("a") as file:
        file.write(f"{process.pid}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
