"""Commands of `recoup` in processes that are forked from this one: what they import is there already.

To start a Python and import the service takes a second of the processor, and a command mostly much less. Where it is
the claim that a process starts, such as a server that ends on Ctrl-C, a test starts one.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import subprocess
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from service.cli import main

MOST_BYTES = 100_000
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as service:
    service.connect(os.environ["RECOUP_FORKS"])
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(service, [told], [0, 1, 2])
    code = service.recv(1)
sys.exit(code[0] if code else "the command was killed")
"""


def forked(arguments: Sequence[str], folder: str, environment: Mapping[str, str], files: Sequence[int]) -> int:
    """Fork a process that runs `recoup` with these arguments and these three standard files: its id."""
    child = os.fork()
    if not child:
        os._exit(_run(arguments, folder, environment, files))
    return child


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
        more = {"RECOUP_FORKS": self._address}
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asked,
            TemporaryFile("w+", encoding="utf-8") as printed,
        ):
            asked.bind(self._address)
            asked.listen()
            command = ["bash", "-c", function + script]
            children = []
            with subprocess.Popen(
                command, cwd=folder, env={**environment, **more}, stdout=printed, stderr=subprocess.STDOUT
            ) as bash:
                ended = os.pidfd_open(bash.pid)
                try:
                    while True:
                        ready, _, _ = select.select([asked, ended], [], [], timeout)
                        assert ready, f"{script} takes more than {timeout} s"
                        if asked not in ready:
                            break
                        children.append(self._answer(asked))
                finally:
                    os.close(ended)
                    bash.kill()
            for child in children:
                os.waitpid(child, 0)
            Path(self._address).unlink()
            printed.seek(0)
            return printed.read()

    def _answer(self, asked: socket.socket) -> int:
        """Fork what was asked for; the process that asked ends when and as it does."""
        service, _ = asked.accept()
        with service:
            told, files, _, _ = socket.recv_fds(service, MOST_BYTES, 3)
            arguments, folder, environment = json.loads(told)
            child = os.fork()
            if not child:
                code = _run(arguments, folder, environment, files)
                service.send(bytes([code]))
                os._exit(code)
            for file in files:
                os.close(file)
        return child
