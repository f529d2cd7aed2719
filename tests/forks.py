"""Commands of `recoup` in processes that are forked from this one: what they import is there already.

To start a Python and import the service takes a second of the processor, and a command mostly much less. Where it is
the claim that a process starts, such as a server that ends on Ctrl-C, a test starts one.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from service.cli import main

CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as service:
    service.connect(os.environ["RECOUP_FORKS"])
    socket.send_fds(service, [b"+"], [0, 1, 2])
    service.sendall(json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode())
    service.shutdown(socket.SHUT_WR)
    code = service.recv(1)
sys.exit(code[0] if code else "the command was killed")
"""
"""Stands for a command in a shell: hands over what it was given, its standard files too, and ends as the fork did."""


def run(arguments: Sequence[str], environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run `recoup` with these arguments to its end."""
    with (
        Path(os.devnull).open() as nothing,
        TemporaryFile("w+", encoding="utf-8") as said,
        TemporaryFile("w+", encoding="utf-8") as complained,
    ):
        child = os.fork()
        if not child:
            files = [nothing.fileno(), said.fileno(), complained.fileno()]
            os._exit(_run(arguments, str(Path.cwd()), environment, files))
        deadline = time.monotonic() + timeout
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                raise subprocess.TimeoutExpired(list(arguments), timeout)
            time.sleep(0.002)
        said.seek(0)
        complained.seek(0)
        code = os.waitstatus_to_exitcode(ended[1])
        return subprocess.CompletedProcess(list(arguments), code, said.read(), complained.read())


def _run(arguments: Sequence[str], folder: str, environment: Mapping[str, str], files: Sequence[int]) -> int:
    """Be the command: what its process would end with."""
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in enumerate("rww")
        )
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["recoup", *arguments]
        # What the suite wants to hear of, a command does not.
        warnings.resetwarnings()
        warnings.simplefilter("ignore")
        logging.root.handlers.clear()
        main()
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else 1 if code else 0


class Shell:
    """Bash, for which `recoup` is forked from this process."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "forks")
        self._client = folder / "client.py"
        self._client.write_text(CLIENT, encoding="utf-8")

    def run(self, script: str, folder: Path, environment: Mapping[str, str], timeout: float) -> str:
        """What a script prints, errors too."""
        function = f'recoup() {{ "{sys.executable}" -I -S "{self._client}" "$@"; }}\n'
        command = ["bash", "-c", function + script]
        # The shell and all that it starts hold the other end of the pipe; it ends with the last of them.
        lives, alive = os.pipe()
        children = []
        with socket.socket(socket.AF_UNIX) as asked, TemporaryFile("w+", encoding="utf-8") as printed:
            asked.bind(self._address)
            asked.listen()
            with subprocess.Popen(
                command,
                cwd=folder,
                env={**environment, "RECOUP_FORKS": self._address},
                stdout=printed,
                stderr=subprocess.STDOUT,
                pass_fds=[alive],
            ) as bash:
                os.close(alive)
                try:
                    while True:
                        ready, _, _ = select.select([asked.fileno(), lives], [], [], timeout)
                        assert ready, f"{script} takes more than {timeout} s"
                        if asked.fileno() not in ready:
                            break
                        children.append(self._answer(asked))
                finally:
                    os.close(lives)
                    bash.kill()
                    Path(self._address).unlink()
            for child in children:
                os.waitpid(child, 0)
            printed.seek(0)
            return printed.read()

    def _answer(self, asked: socket.socket) -> int:
        """Fork what was asked for; the process that asked ends when and as it does."""
        service, _ = asked.accept()
        with service:
            _, files, _, _ = socket.recv_fds(service, 1, 3)
            with service.makefile("rb") as told:
                arguments, folder, environment = json.loads(told.read())
            child = os.fork()
            if not child:
                code = _run(arguments, folder, environment, files)
                service.send(bytes([code]))
                os._exit(code)
            for file in files:
                os.close(file)
        return child
