"""Every statement of ours that sets something in a database session says where the setting ends."""

import re
from pathlib import Path

from tests.contracts.tree import code, files, place, told

ALONE = "its own transaction: asked for only where the statement is one"
DURABLE = "a transaction of ours: opened with durable=True, so that it cannot be a caller's"
PUT_BACK = "put back before the caller goes on"
FUNCTION = "a function's own: PostgreSQL puts it back"
SESSION = "every session of a worker that is not a pooler's; changes no result and no durability"

SCOPES = {
    "apps/lib/asynchronous_commit.py": ({"synchronous_commit"}, ALONE),
    "apps/jobs/sql/peek.sql": ({"enable_nestloop", "synchronous_commit"}, DURABLE),
    "apps/schedules/sql/lock_due.sql": ({"idle_in_transaction_session_timeout"}, DURABLE),
    "apps/schedules/sql/lock_edited.sql": ({"idle_in_transaction_session_timeout"}, DURABLE),
    "apps/schedules/sql/lock_waiting.sql": ({"idle_in_transaction_session_timeout"}, DURABLE),
    "apps/jobs/sql/wait_at_most.sql": ({"lock_timeout"}, PUT_BACK),
    "apps/jobs/keeper/old_weeks.py": ({"lock_timeout"}, ALONE),
    "apps/jobs/soon.py": ({"lock_timeout"}, PUT_BACK),
    "apps/jobs/migrations/0008_line_stands.py": (
        {"enable_seqscan", "enable_bitmapscan", "enable_sort"},
        FUNCTION,
    ),
    "apps/jobs/migrations/0025_line_mark.py": (
        {"enable_seqscan", "enable_bitmapscan", "enable_sort"},
        FUNCTION,
    ),
    "apps/schedules/migrations/0007_near_times.py": ({"lock_timeout"}, ALONE),
    "apps/jobs/sessions/apart.py": ({"search_path"}, PUT_BACK),
    "apps/jobs/worker/worker.py": ({"client_connection_check_interval"}, SESSION),
}

_NAMES = (
    r"\w+_timeout|enable_\w+|\w+_interval|\w*work_mem|\w+_cost|jit\w*|plan_cache_mode|search_path|row_security"
    r"|synchronous_commit|session_replication_role|default_transaction_\w+|application_name|timezone|role"
)
_SETS = re.compile(
    rf"set_config\(\s*'(\w+)'|\bSET\s+(?:LOCAL\s+|SESSION\s+)?({_NAMES})\b|\bRESET\s+({_NAMES})\b"
)


def _set_in(path: Path) -> set[str]:
    found = _SETS.findall(path.read_text(encoding="utf-8"))
    return {name.lower() for names in found for name in names if name}


def _ours() -> list[Path]:
    migrations = [path for path in files(".py") if "migrations" in path.parts]
    statements = [path for path in files(".sql") if not place(path).startswith("apps/local/")]
    return [*code("apps", "config", "tasks"), *migrations, *statements]


def test_every_setting_is_listed_with_the_place_where_it_ends() -> None:
    found = {place(path): _set_in(path) for path in _ours() if not place(path).startswith("apps/local/")}
    faults = [
        f"{where} sets {', '.join(sorted(names - SCOPES.get(where, (set(), ''))[0]))}."
        for where, names in found.items()
        if names - SCOPES.get(where, (set(), ""))[0]
    ]
    mend = (
        "A setting inside a caller's transaction or session changes what its owner was promised. "
        "Say in SCOPES where it ends, and test it."
    )
    assert not faults, told(faults, mend)


def test_settings_of_a_transaction_stand_only_where_no_caller_s_can_be_open() -> None:
    for where, (_, scope) in SCOPES.items():
        if scope is DURABLE:
            name = Path(where).stem
            callers = [path for path in code("apps") if f'"{name}"' in path.read_text(encoding="utf-8")]
            assert callers, f"nothing runs {where}"
            for path in callers:
                assert "durable=True" in path.read_text(encoding="utf-8"), place(path)
