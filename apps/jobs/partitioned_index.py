"""A migration operation that gives every partition of a table an index, while everybody works on.

PostgreSQL builds no index of a partitioned table CONCURRENTLY. So the table's own is made empty, each
partition's beside the work, and then put in its place. Run again after it was cut off, it goes on there.
"""

from typing import NamedTuple

from django.contrib.postgres.operations import NotInTransactionMixin
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState
from django.db.models import Model

from apps.jobs.soon import run_soon

_REST = "%(table)s%(using)s (%(columns)s)%(include)s%(extra)s%(condition)s"
_OF_THE_TABLE = f"CREATE INDEX IF NOT EXISTS %(name)s ON ONLY {_REST}"
_OF_A_PARTITION = f"CREATE INDEX CONCURRENTLY %(name)s ON {_REST}"
_WITHOUT_IT = """
SELECT c.relname, named.name, COALESCE(x.indisvalid, false)
  FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
 CROSS JOIN LATERAL (SELECT c.relname || '_' || %(index)s AS name) AS named
  LEFT JOIN pg_index AS x ON x.indexrelid = to_regclass(quote_ident(named.name))
 WHERE i.inhparent = %(table)s::regclass AND NOT i.inhdetachpending
   AND NOT EXISTS (SELECT FROM pg_inherits AS placed JOIN pg_index AS own ON own.indexrelid = placed.inhrelid
                    WHERE placed.inhparent = to_regclass(quote_ident(%(index)s)) AND own.indrelid = c.oid)
 ORDER BY c.relname
"""


class AddIndexToPartitions(NotInTransactionMixin, AddIndex):
    """AddIndex, for a partitioned table at which others work."""

    atomic = False

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,  # noqa: ARG002  # Django's signature
        to_state: ProjectState,
    ) -> None:
        """Build what is missing, and anew what a try that was cut off left broken."""
        self._ensure_not_in_transaction(schema_editor)
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        run_soon(schema_editor, self._create(model, schema_editor, _OF_THE_TABLE))
        for partition in _without_it(model._meta.db_table, self.index.name, schema_editor):
            self._build(model, schema_editor, partition)

    def _build(self, model: type[Model], schema_editor: BaseDatabaseSchemaEditor, of: "_Partition") -> None:
        quote = schema_editor.quote_name
        if not of.has_whole_index:
            schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quote(of.its_index)}")
            schema_editor.execute(self._create(model, schema_editor, _OF_A_PARTITION, of))
        run_soon(
            schema_editor, f"ALTER INDEX {quote(self.index.name)} ATTACH PARTITION {quote(of.its_index)}"
        )

    def _create(
        self,
        model: type[Model],
        schema_editor: BaseDatabaseSchemaEditor,
        template: str,
        of: "_Partition | None" = None,
    ) -> str:
        statement = self.index.create_sql(model, schema_editor)
        parts: dict[str, object] = dict(statement.parts)
        if of is not None:
            quote = schema_editor.quote_name
            parts |= {"table": quote(of.table), "name": quote(of.its_index)}
        return template % parts


class _Partition(NamedTuple):
    """A partition whose index is not in its place."""

    table: str
    its_index: str
    has_whole_index: bool


def _without_it(table: str, index: str, schema_editor: BaseDatabaseSchemaEditor) -> list[_Partition]:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_WITHOUT_IT, {"table": table, "index": index})
        return [_Partition(*row) for row in cursor.fetchall()]
