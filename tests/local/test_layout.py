"""Where a server's files are: the link from its directory to its home."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from apps.local.servers import layout


def test_starts_at_the_same_moment_make_one_link_and_none_of_them_fails(tmp_path: Path) -> None:
    link, home = tmp_path / "home", tmp_path / "elsewhere"
    for _ in range(50):
        link.unlink(missing_ok=True)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: layout._point_to(link, home), range(8)))
        assert link.readlink() == home
    assert list(tmp_path.iterdir()) == [link]


def test_a_home_that_moved_is_pointed_to(tmp_path: Path) -> None:
    link = tmp_path / "home"
    link.symlink_to(tmp_path / "before")
    layout._point_to(link, tmp_path / "after")
    assert link.readlink() == tmp_path / "after"
