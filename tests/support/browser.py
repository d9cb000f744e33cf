"""Controls headless Chromium with the DevTools protocol over two pipes, without a library, a port
or the network.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def find_chromium() -> str | None:
    """Chromium or Chrome, but no snap (Ubuntu's `apt install chromium`), which sees no /tmp."""
    mac = "/Applications/{0}.app/Contents/MacOS/{0}"
    names = ("chromium", "google-chrome", mac.format("Chromium"), mac.format("Google Chrome"))
    found = [path for path in map(shutil.which, names) if path]
    return next((path for path in found if Path(path).resolve().name != "snap"), None)


CHROMIUM = find_chromium()
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-pipe", "--hide-scrollbars", "about:blank"),
)
ANSWER_TIMEOUT = 30.0  # seconds
ONE_CORE = (  # prefix that runs a command on one core; macOS has none
    ("taskset", "-c", str(min(os.sched_getaffinity(0)))) if shutil.which("taskset") else ()
)
CODES = {" ": "Space", ".": "Period"}
VIRTUAL_KEYS = {  # of Windows: without them, a browser does nothing of its own with these keys
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class Browser:
    """One tab. `errors` has the console's errors and warnings, and requests to the network, since
    the page was opened.
    """

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._number, self._unread = 0, b""
        self._events: list[dict[str, Any]] = []
        self._session = ""
        self.errors: list[str] = []
        targets = self.call("Target.getTargets")["targetInfos"]
        tab = next(target["targetId"] for target in targets if target["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=tab, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command of the protocol.

        Raises:
            RuntimeError: the command failed.
            TimeoutError: there was no answer within ANSWER_TIMEOUT.
        """
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + ANSWER_TIMEOUT
        while b"\0" not in self._unread:
            ready, _, _ = select.select([self._from], [], [], max(0, deadline - time.monotonic()))
            part = os.read(self._from, 1 << 20) if ready else b""
            if not part:
                raise TimeoutError(f"no answer from Chromium for {ANSWER_TIMEOUT:.0f} s")
            self._unread += part
        text, self._unread = self._unread.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        self._record(message)
        return message

    def _record(self, message: dict[str, Any]) -> None:
        method, params = message.get("method", ""), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.errors.append(json.dumps(params["args"]))
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.errors.append(f"requested {url}")
        self._events.append(message)

    def open(self, path: Path, width: int = 1280, height: int = 800, **media: str) -> None:
        """Load a page, wait until its code has run, and drop earlier errors.

        `media` are media features, e.g. prefers_color_scheme="dark".
        """
        self.resize(width, height)
        features = [
            {"name": name.replace("_", "-"), "value": value} for name, value in media.items()
        ]
        self.call("Emulation.setEmulatedMedia", features=features)
        self._load(path.resolve().as_uri())

    def leave(self) -> None:
        """Show an empty page, which computes nothing."""
        self._load("about:blank")

    def _load(self, url: str) -> None:
        self.errors, self._events = [], []
        self.call("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._next()

    def resize(self, width: int, height: int) -> None:
        """Set the size of the window in CSS pixels; a narrow or a low one is a telephone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=min(width, height) < 600,
        )

    def evaluate(self, code: str) -> Any:
        """The value of a JavaScript expression; of a promise, the value that it resolves to.

        Raises:
            RuntimeError: the expression throws.
        """
        answer = self.call(
            "Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def key(self, key: str, *, down: bool = True, up: bool = True) -> None:
        """Press a key and release it, or do one of the two."""
        code = CODES.get(key, f"Key{key.upper()}" if key.isalpha() and len(key) == 1 else key)
        number = VIRTUAL_KEYS.get(key, 0)
        for kind in ["keyDown"] * down + ["keyUp"] * up:
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=code,
                windowsVirtualKeyCode=number,
            )

    def click(self, selector: str) -> None:
        """Click the middle of an element with the mouse."""
        box = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.evaluate(
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])({box})"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def wait_for(self, condition: str, seconds: float = 10.0) -> None:
        """Wait until a JavaScript expression is true.

        Raises:
            TimeoutError: it is not, after that many seconds.
        """
        deadline = time.monotonic() + seconds
        while not self.evaluate(f"Boolean({condition})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true within {seconds:.0f} s: {condition}")
            time.sleep(0.02)

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """Write a PNG of the window, or of the whole page."""
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))


def _pipe() -> tuple[int, int]:
    """The two ends of a pipe, with numbers above those that the shell assigns below."""
    low = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
    for end in low:
        os.close(end)
    return read, write


@contextmanager
def chromium(*prefix: str) -> Iterator[Browser]:
    """A browser with an empty profile; `prefix` is a command to run it with, e.g. ONE_CORE."""
    assert CHROMIUM
    (in_read, in_write), (out_read, out_write) = _pipe(), _pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # Chromium reads commands from descriptor 3 and writes answers to 4.
        command = [
            *("bash", "-c", f'exec "$@" 3<&{in_read} 4>&{out_write}', "bash", *prefix, CHROMIUM),
            *(f"--user-data-dir={profile}", *OPTIONS),
        ]
        process = subprocess.Popen(
            command,
            pass_fds=(in_read, out_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(in_read)
        os.close(out_write)
        try:
            yield Browser(in_write, out_read)
        finally:
            os.close(in_write)
            os.close(out_read)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
