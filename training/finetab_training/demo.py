"""`finetab demo`: the whole loop on this machine, with nothing made up: load, tune, measure, serve.

The code tuned on is an installed third-party package; the holes are lines of its files that were kept back. What
comes out is printed as it was measured, and the server is given whatever measured best.
"""

import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from finetab.core.bases import is_cached, known_base, real_name
from finetab.core.console import open_console
from finetab.core.fetch import fetch
from finetab.core.pointer import BARE
from finetab.lsp.client import ServerProcess
from finetab.settings import Settings
from finetab_training.config import make_config
from finetab_training.data.hole import Hole
from finetab_training.data.sources import open_source
from finetab_training.evaluate.session import measure, show
from finetab_training.runs import run_of
from finetab_training.stages import Stages
from finetab_training.train.prepare import prepare
from finetab_training.train.run import train

# About three minutes of training and three of measuring on two cores.
_STEPS = 16
_HOLES = 32
_NEW_TOKENS = 32
_CONFIG = {
    "rows_per_step": 1,
    "prefix_tokens": 192,
    "suffix_tokens": 64,
    "learning_rate": 3e-4,
}


def run_demo(out: Path, package: str, steps: int | None) -> None:
    """Load, tune, measure and serve, printing each stage."""
    console = open_console()
    stages = Stages(console)
    data = f"package:{package}"
    licence = open_source(data).facts["licence"] or "licence not stated"
    with stages.stage("load", "the base model: fetched and converted once, then read from the cache"):
        _load(console)
    told = {"data": data, "out": str(out), "max_steps": steps or _STEPS, "base": real_name("default")}
    config = make_config(_CONFIG, told)
    with stages.stage("tune", f"{config.method} on the package {package} ({licence})"):
        run = run_of(config)
        train(run, prepare(run), console)
    with stages.stage("measure", "holes in files that were kept back, answered through the pipeline that serves"):
        settings = Settings(base=config.base, adapter=str(out), max_new_tokens=_NEW_TOKENS)
        cut, report = measure(settings, data=data, holes_file=None, limit=_HOLES, console=console)
        show(report, cut.num_seen, console)
    with stages.stage("serve", "the language server in a process of its own, asked as an editor asks"):
        _serve({"base": config.base, **_served(out, report)}, cut.holes, console)
    console.rule()
    console.print(stages.summary(), highlight=False)
    console.print(f"the adapter: {out}; try it: finetab complete FILE:LINE:COLUMN --adapter {out}", highlight=False)


def _load(console: Console) -> None:
    was_here = is_cached(real_name("default"))
    with Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("model", total=1.0)
        folder = fetch("default", lambda stage, share: bar.update(task, description=stage, completed=share))
        bar.update(task, completed=1.0)
    base = known_base(folder.name)
    console.print(f"{folder.name}: {base.parameters if base else ''} parameters")
    if base and base.terms and not was_here:
        console.print(base.terms)


def _served(out: Path, report: dict[str, Any]) -> dict[str, Any]:
    """The server's settings for whatever measured best: the adapter in its best form, or the base."""
    budgets = {
        "prefixTokens": _CONFIG["prefix_tokens"],
        "suffixTokens": _CONFIG["suffix_tokens"],
        "maxNewTokens": _NEW_TOKENS,
    }
    if report["best"].startswith("adapter"):
        return {"adapter": str(out), "form": "auto", **budgets}
    return {"adapter": BARE, "form": "prefix" if report["best"] == "base-prefix" else "spm", **budgets}


def _serve(settings: dict[str, Any], holes: tuple[Hole, ...], console: Console) -> None:
    hole = next((hole for hole in holes if hole.kind == "line"), holes[0])
    uri = (Path.cwd() / hole.path).as_uri()
    command = [sys.executable, "-m", "finetab", "serve", "--stdio"]
    with ServerProcess(command) as server:
        server.start(
            options={**settings, "statistics": False, "eagerness": "eager"},
            capabilities={"window": {"workDoneProgress": True}},
        )
        end = server.wait_for(lambda message: _progress_kind(message) == "end", seconds=120)
        console.print(f"in force: {end['params']['value']['message']}", highlight=False)
        server.open(uri, hole.prefix + hole.suffix, hole.language)
        line, character = hole.prefix.count("\n"), len(hole.prefix) - hole.prefix.rfind("\n") - 1
        text = server.complete(uri, line, character, by_hand=False)
        cold = server.why()[0]
        _show_completion(hole, text, console)
        # A key is typed that the answer did not foresee: the prompt is evaluated from there on only.
        key = {"start": {"line": line, "character": character}, "end": {"line": line, "character": character}}
        server.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": key, "text": "_"}]},
        )
        server.complete(uri, line, character + 1, by_hand=False)
        warm = server.why()[0]
        server.stop()
    for label, found in (("first request", cold), ("one key later", warm)):
        console.print(
            f"{label}: {found['total_ms']:.0f} ms, {found.get('reused_tokens', 0)} of "
            f"{found.get('prompt_tokens', 0)} prompt tokens re-used, {found.get('generated_tokens', 0)} new ones",
            highlight=False,
        )


def _progress_kind(message: dict[str, Any]) -> str:
    value = message["params"].get("value") if message.get("method") == "$/progress" else None
    return str(value.get("kind")) if isinstance(value, dict) else ""


def _show_completion(hole: Hole, text: str | None, console: Console) -> None:
    before = "\n".join(hole.prefix.split("\n")[-4:])
    after = "\n".join(hole.suffix.split("\n")[:3])
    console.print(f"{hole.path}, as the editor shows it:", highlight=False)
    console.print(before, end="", markup=False, highlight=False)
    console.print(text or "(no suggestion)", style="bold cyan", end="", markup=False, highlight=False)
    console.print(after, markup=False, highlight=False)
    console.print(f"what a person wrote there: {hole.middle}", markup=False, highlight=False)
