"""Corporate actions."""

from reconcile.statements.sections import Section

ACTIONS: tuple[Section, ...] = ()
