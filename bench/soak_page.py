"""What `./odh bench soak` gave: a table and a picture in docs/measurements.md."""

import statistics
from typing import Any

from bench import results, scale_report, soak_picture
from bench.load import percentile

BEGIN, END = "<!-- table: made by ./odh bench soak --write -->", "<!-- end of soak -->"

Record = dict[str, Any]


def table(record: Record) -> str:
    """The figures in a few lines; every part that was watched is in the JSON."""
    took = [wait for _, wait, _ in record["answers"]]
    again = sum(tries > 1 for *_, tries in record["answers"])
    grows = [f"{one['kind']}, {one['name']}" for one in record["levels"] if not one["is_level"]]
    rows = [
        ["", ""],
        ["most requests a second, all the way", f"{record['saturation /s']:.1f}"],
        ["requests a second, of 70 %", f"{record['pace /s']:.1f}, for {record['minutes']:g} minutes"],
        ["things that broke", f"{len(record['breaks'])}"],
        ["requests placed and withdrawn", f"{record['requests']:,}, of which {again:,} were asked more than once"],
        ["a request's answer, half and 99 %", f"{statistics.median(took):.3f} and {percentile(took, 0.99):.2f} s"],
        ["nothing under way any more, after the last was asked", f"{record['quiet after s']:.1f} s"],
        ["what did not hold", "; ".join(record["broken"]) or "nothing: all that holds after a storm"],
        ["what grew without an end", "; ".join(grows) or "nothing"],
    ]
    return scale_report.as_table(rows)


def write(record: Record) -> None:
    """Renews what stands between the marks, and the picture beside it."""
    soak_picture.FILE.write_text(soak_picture.drawn(record))
    made = (
        f"{results.made_by(record)}, "
        f"with PostgreSQL {record['postgres']} and NATS {record['nats-server']}; seed {record['seed']}."
    )
    page = results.PAGE.read_text()
    shown = f"{made}\n\n{table(record)}\n\n![Memory, open files, disk and what waits]({soak_picture.FILE.name})"
    results.PAGE.write_text(results.renewed(page, shown, begin=BEGIN, end=END))
