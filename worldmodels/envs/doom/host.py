"""A process that hosts one engine of ViZDoom: see engine.py, which starts it.

ViZDoom crashes the process that it is in if its engine dies while it starts, and may wait for ever
for one that is killed. So it has a process of its own, which imports nothing of the project.

A request is `("start", seed)` or `("move", direction, tics)`, the answer to each a tuple, or text
if something is wrong: see engine.py. The process ends when its owner closes the connection or ends.
"""

from __future__ import annotations

import os
import re
import select
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

LAUNCH = Path(__file__).with_name("launch.py")
SKILL = 4  # the paper's authors set 5, which ViZDoom then took for 4
START_TIC = 14  # as they had it
PARTS = ("MQCtr", "MQDoom", "SM")  # of the memory that an engine shares
SHARED = rf"/dev/shm/ViZDoom(?:{'|'.join(PARTS)})(\w+)(?: \(deleted\))?$"  # in /proc/self/maps
LOOKS, SECONDS = 25, 0.02  # at shared files before the end, and between two of them
BUTTONS = {-1: [True, False], 0: [False, False], 1: [False, True]}  # left and right, by direction


def main() -> None:
    """Answer the requests of the connection that the command line names."""
    number, resolution, *sizes = sys.argv[1:]
    connection = Connection(int(number))
    threading.Thread(target=end_with_owner, args=[connection], daemon=True).start()
    try:
        game = Game(resolution, *map(int, sizes))
        connection.send("started")
        while True:
            connection.send(game.answer(connection.recv()))
    except EOFError:
        pass  # the owner has ended
    except Exception as error:
        connection.send(" ".join(f"{type(error).__name__}: {error}".split()))
    end(0)


def end_with_owner(connection: Connection) -> None:
    """End this process, whatever it does, when the other end of the connection is closed."""
    hang_up = select.poll()
    hang_up.register(connection, 0)
    hang_up.poll()
    for _ in range(LOOKS):  # an engine that is just starting makes one file after the other
        remove_shared_files()
        time.sleep(SECONDS)
    end(1)


def end(status: int) -> None:
    """End the engine and then this process, at once: ViZDoom would let the engine end by itself.

    Linux would kill the engine after this process; but it counts in the CPU time of the stage only
    if it is waited for. One that is just starting is left to Linux.
    """
    import psutil

    engine = os.path.realpath(os.environ.get("DOOM_ENGINE", ""))
    for child in psutil.Process().children():
        with suppress(psutil.Error, OSError):
            if child.exe() == engine:
                child.kill()
                os.waitpid(child.pid, 0)
    os._exit(status)


class Game:
    """Take Cover in an engine.

    Args:
        resolution: of the screen, by ViZDoom's name.
        top: first row of the screen that is shown.
        bottom: the row below the last one.
        height: of an observation; 0: nothing is drawn.
        width: of an observation.
    """

    def __init__(self, resolution: str, top: int, bottom: int, height: int, width: int) -> None:
        import vizdoom

        self._draws = height > 0
        self._rows, self._size = slice(top, bottom), (width, height)
        self._health = vizdoom.GameVariable.HEALTH
        self._game = game = vizdoom.DoomGame()
        game.set_vizdoom_path(str(LAUNCH))
        game.set_doom_scenario_path(f"{vizdoom.scenarios_path}/take_cover.wad")
        game.set_doom_game_path(f"{vizdoom.root_path}/freedoom2.wad")
        game.set_doom_map("map01")
        game.set_doom_skill(SKILL)
        game.set_episode_start_time(START_TIC)
        game.set_episode_timeout(0)  # the environment has one
        game.set_available_buttons([vizdoom.Button.MOVE_LEFT, vizdoom.Button.MOVE_RIGHT])
        game.set_screen_resolution(getattr(vizdoom.ScreenResolution, resolution))
        game.set_screen_format(vizdoom.ScreenFormat.RGB24)
        game.set_render_hud(False)
        game.set_render_screen_flashes(False)
        game.set_window_visible(False)
        game.set_sound_enabled(False)
        if not os.access(LAUNCH, os.X_OK):
            raise PermissionError(f"{LAUNCH} cannot be executed")
        # which is run with the first Python on the path
        path = str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)
        os.environ["PATH"] = os.pathsep.join(path)
        os.environ |= {"DOOM_ENGINE": vizdoom.exe_path, "DOOM_HOST": str(os.getpid())}
        game.init()
        remove_shared_files()

    def answer(self, request: tuple[Any, ...]) -> tuple[bytes | None, int, bool, int | None]:
        """The observation (None if the player is dead), tics that it took, death, and health.

        If nothing is drawn, observation and health are None.
        """
        game, kind = self._game, request[0]
        if kind == "start":
            game.set_seed(request[1])
            game.new_episode()
        before = game.get_episode_time()
        if kind == "move":
            game.set_action(BUTTONS[request[1]])
            game.advance_action(request[2], self._draws)
        tics = game.get_episode_time() - before
        if not self._draws:
            return None, tics, game.is_episode_finished(), None
        state, health = game.get_state(), int(game.get_game_variable(self._health))
        if state is None:
            return None, tics, True, health
        return self._observation(state.screen_buffer), tics, False, health

    def _observation(self, screen: Any) -> bytes:
        from PIL import Image

        band = Image.fromarray(screen[self._rows])
        return band.resize(self._size, Image.Resampling.BOX).tobytes()


def remove_shared_files() -> None:
    """Remove the names of the memory that this process and its engine share.

    Both have opened it, and it lasts as long as they do. A file that this process is just making
    has the name of one that it has opened already, but for its part.
    """
    maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
    for name in set(re.findall(SHARED, maps, re.MULTILINE)):
        for part in PARTS:
            Path(f"/dev/shm/ViZDoom{part}{name}").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
