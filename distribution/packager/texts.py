"""Manual pages and completion scripts, as the program itself writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .files import File
from .tool import Tool

# Each shell, and what it wants its file to be called.
SHELLS = {
    "bash": "lastlook.bash",
    "elvish": "lastlook.elv",
    "fish": "lastlook.fish",
    "powershell": "_lastlook.ps1",
    "zsh": "_lastlook",
}
# Where Unix programs look for them below a prefix.
SHARED = {
    "bash": "share/bash-completion/completions/lastlook",
    "fish": "share/fish/vendor_completions.d/lastlook.fish",
    "zsh": "share/zsh/site-functions/_lastlook",
}


@dataclass(frozen=True)
class Texts:
    man: list[File]
    completions: list[File]

    def shared(self) -> list[File]:
        """The same files where a prefix such as /usr/local has them."""
        pages = [File(f"share/{page.path.replace('man/', 'man/man1/')}", page.data) for page in self.man]
        scripts = {file.path.removeprefix("completions/"): file.data for file in self.completions}
        return pages + [File(path, scripts[SHELLS[shell]]) for shell, path in SHARED.items()]


def texts(tool: Tool) -> Texts:
    completions = [File(f"completions/{file}", tool.says("completions", shell)) for shell, file in SHELLS.items()]
    return Texts(_pages(tool, []), completions)


def _pages(tool: Tool, command: list[str]) -> list[File]:
    """The page of a command, and those that it names: `lastlook\\-rules(1)`."""
    page = tool.says("man", *command)
    own = "-".join(["lastlook", *command])
    found = [File(f"man/{own}.1", page)]
    for name in re.findall(r"^([\w\\-]+)\(1\)", page.decode(), re.MULTILINE):
        full = name.replace("\\-", "-")
        if full.startswith(f"{own}-"):
            found += _pages(tool, [*command, full.removeprefix(f"{own}-")])
    return found
