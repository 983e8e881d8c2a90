"""What signals say of a town in which homes leave, appliances fall ill and speakers are asked in vain."""

from pathlib import Path
from tempfile import TemporaryDirectory

from published import markdown

__all__ = ["told"]

WORLD, HOMES, DAYS = "additive", 1000, 180
_SETTINGS = '[attribution]\nmodels = ["last_touch"]\nreplicates = 0\n\n[signals]\ncontent = '


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return one table: what was looked for, and what was said and is true in each town."""
    homes = 400 if small else HOMES
    found = [_lived(homes, seed) for seed in seeds]
    lines = dict.fromkeys(key for town in found for key in town)
    rows = [[*key, *(" / ".join(town.get(key, ("–", "–"))) for town in found)] for key in lines]
    heads = ["signal", "what", *(f"said / true, town {seed}" for seed in seeds)]
    return f"{markdown(heads, rows)}\n\n{homes:,} homes, {DAYS} days, asked on the last day."


def _lived(homes: int, seed: int) -> dict[tuple[str, str], tuple[str, str]]:
    """Return what was said and is true in one town that came in as its platforms' payloads."""
    import hearthline as hl
    from hearthline import sim
    from hearthline.cli._signal_truth import compare_signals

    layers = sim.Layers.lively()
    with TemporaryDirectory(prefix="hearthline-lively-") as folder:
        home = hl.init(Path(folder) / "home")
        sim.write_content(home.path)
        named = ", ".join(f'"{path}"' for path in sim.CONTENT)
        (home.path / "hearthline.toml").write_text(f"{_SETTINGS}[{named}]\n")
        sim.write_payloads(WORLD, homes, DAYS, seed, Path(folder) / "inbox", layers=layers)
        home.add(Path(folder) / "inbox")
        home.run()
        said = compare_signals(home, sim.hidden(WORLD, homes, DAYS, seed, layers))
    return {(s.signal, s.what): (s.said, s.true) for s in said}
