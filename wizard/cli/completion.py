"""`dbtls completion`: the Tab key of a shell, by click's own protocol (the variable `_DBTLS_COMPLETE`).

A shell that completes runs dbtls with that variable set; then it only ever prints what may come next.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    get_completion_class,
    shell_complete,
    split_arg_string,
)

from wizard.cli import offers
from wizard.cli.terminal import Exit, result

VARIABLE = "_DBTLS_COMPLETE"
SHELLS = ("bash", "zsh", "fish", "powershell")

# Click's own script hands over words that Bash has broken at = and :, so that neither `--answer FACT=VALUE` nor
# `sqlserver://host` can be completed. This one hands over the line up to the cursor.
_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion
    COMPREPLY=()
    response=$(env DBTLS_COMPLETE_LINE="${COMP_LINE:0:COMP_POINT}" DBTLS_COMPLETE_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    for completion in $response; do
        case ${completion%%%%,*} in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            part) compopt -o nospace; COMPREPLY+=("${completion#*,}") ;;
            plain) COMPREPLY+=("${completion#*,}") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null || complete -F %(complete_func)s %(prog_name)s
"""


@add_completion_class
class Bash(BashComplete):
    """Completion in Bash, of words with = and : too."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _BASH
    kept = ""
    """The beginning of the last word that Bash keeps, since it replaces only what follows the last break."""

    @staticmethod
    def _check_version() -> None:
        """Starts no Bash to ask for its version: the script works in old ones, without the order."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Returns the finished words behind the program's name, and the one that is being typed."""
        line = os.environ.get("DBTLS_COMPLETE_LINE", "")
        words = split_arg_string(line)[1:]
        typed = words.pop() if words and not line[-1:].isspace() else ""
        breaks = set("=:") & set(os.environ.get("DBTLS_COMPLETE_BREAKS", ""))
        self.kept = typed[: max((typed.rfind(sign) for sign in breaks), default=-1) + 1]
        return words, typed

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Returns `type,value`, without what Bash keeps of the word."""
        return f"{item.type},{item.value.removeprefix(self.kept)}"


@add_completion_class
class Fish(FishComplete):
    """Completion in fish, of descriptions with commas too: click's own script cuts them off at the first."""

    name: ClassVar[str] = "fish"
    source_template: ClassVar[str] = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Returns `type,value` and the description. Behind :// fish puts no space by itself."""
        kind = "plain" if item.type == offers.BEGUN else item.type
        return super().format_completion(CompletionItem(item.value, kind, item.help))


@click.command("completion", short_help="the Tab key of your shell")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> int:
    """Prints the script that lets the Tab key of SHELL complete commands, options, causes, clients and files.

    \b
    bash:        dbtls completion bash > ~/.local/share/bash-completion/completions/dbtls
    zsh:         dbtls completion zsh > "${fpath[1]}/_dbtls"
    fish:        dbtls completion fish > ~/.config/fish/completions/dbtls.fish
    powershell:  dbtls completion powershell >> $PROFILE

    Then open a new shell.
    """  # noqa: D301 - \b is click's sign for lines that are not wrapped
    from wizard.cli.commands import command as program

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - these come with click
    result(found(program, {}, "dbtls", VARIABLE).source().splitlines())
    return Exit.FINE


def answer_shell(instruction: str) -> int:
    """Answers a shell, as its script asked by the variable; runs no command and shows no error on its prompt.

    Args:
        instruction: the value of the variable, such as `bash_complete`.
    """
    from wizard.cli.commands import command as program

    try:
        return shell_complete(program, {}, "dbtls", VARIABLE, instruction)
    except Exception:  # noqa: BLE001 - whatever is half typed: where nothing can be offered, the shell offers nothing
        return Exit.FAULT
