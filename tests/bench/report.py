# SPDX-License-Identifier: Apache-2.0
"""BENCHMARKS.md."""

import datetime
import os
import platform


def number(value):
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def budget_cells(row):
    cells = []
    for contender, reference, factor, sign in row.budgets:
        sample = row.samples.get(contender)
        if sample is None or sample.median is None:
            continue
        if reference is None:
            value, text = sample.median, f"{sign} {factor:g} {row.unit}"
        else:
            against = row.samples.get(reference)
            if against is None or not against.median:
                continue
            value = sample.median / against.median
            text = f"{sign} {fraction(factor)} × {reference}: {value:.3g}"
        met = value <= factor if sign == "≤" else value >= factor
        cells.append(f"{'✓' if met else '✗'} {text}")
    return cells


def fraction(factor):
    if factor < 0.5 and abs(round(1 / factor) - 1 / factor) < 1e-6:
        return f"1/{round(1 / factor)}"
    return f"{factor:.3g}"


def table(row):
    lines = [f"### {row.title}", "", f"| | median, {row.unit} | least | against coracle |",
             "| --- | ---: | ---: | ---: |"]
    ours = row.samples.get("coracle")
    ours = ours.median if ours else None
    for name, sample in row.samples.items():
        if sample.failure:
            lines.append(f"| {name} | – | – | {sample.failure} |")
            continue
        ratio = f"{sample.median / ours:.3g} ×" if ours and sample.median is not None else ""
        lines.append(f"| {name} | {number(sample.median)} | {number(sample.least)} | {ratio} |")
    lines.append("")
    if row.note:
        lines += [row.note + ".", ""]
    cells = budget_cells(row)
    if cells:
        lines += ["Budget: " + "; ".join(cells), ""]
    return lines


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.machine()


def write(path, rows, versions, skipped, settings, command, append=False):
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    lines = ["", "# Other rows", ""] if append else ["# Benchmarks", ""]
    lines += [
        "Written by `" + command + "`.", "",
        f"{datetime.date.today()}, {processor()}, {os.cpu_count()} CPUs, {memory:.0f} GiB, "
        f"Linux {platform.release()}. Everything runs as an ordinary user (docker: its daemon as "
        "root) in a pure cgroup v2 tree. Contenders take turns, "
        f"{settings.rounds} rounds after one that does not count (transfers: {settings.transfer_rounds} "
        "rounds, all of which count); medians. \"limit\" is "
        "tests/bench/limit.c, the bare system calls of such a container.", "",
        "Versions: " + "; ".join(f"{name}: {text}" for name, text in versions.items()) + ".", "",
    ]
    if skipped:
        lines += ["Not measured: " + "; ".join(f"{name} ({why})" for name, why in skipped.items())
                  + ".", ""]
    for row in rows:
        if row.samples:
            lines += table(row)
    with open(path, "a" if append else "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")
