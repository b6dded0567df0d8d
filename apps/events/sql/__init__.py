"""The statements about facts, one a file; the file's name is the verb."""

from apps.lib.statements import Statements

run = Statements(__file__).run
