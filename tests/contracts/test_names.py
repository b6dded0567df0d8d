"""A file is named after what a stranger would search for."""

from tests.contracts.tree import files, place, told

VAGUE = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "service",
    "services",
    "manager",
    "managers",
    "signals",
}


def test_no_file_or_folder_has_a_vague_name() -> None:
    faults = [
        place(path) for path in files() if VAGUE & {part.partition(".")[0].lower() for part in path.parts}
    ]
    assert not faults, told(faults, "Name it by the verb or the noun it is about.")
