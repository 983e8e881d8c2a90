"""The import contract `siblings`: one member of a room never imports another (see `.importlinter`).

A room's members are its modules and packages whose names do not begin with an underscore; those that
do hold what members share. Members, shared modules and the room itself never import a member, so that
every member can be taken away without a trace.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

__all__ = ["SiblingsContract"]


class SiblingsContract(Contract):
    """No module of a room imports a member of it.

    Configuration options:
        rooms: the packages whose children are members.
    """

    type_name = "siblings"
    rooms = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 # as the linter calls it
        """Return whether the contract is kept; `broken` holds importer, imported and the line."""
        broken = [found for room in self.rooms for found in _broken(graph, str(room))]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print each import that breaks the contract."""
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} is not allowed to import {imported} (l.{line})", bold=False)
            output.new_line()


def _broken(graph: ImportGraph, room: str) -> list[tuple[str, str, int]]:
    found = []
    for member in sorted(graph.find_children(room)):
        if member.rpartition(".")[2].startswith("_"):
            continue
        own = {member} | graph.find_descendants(member)
        others = ({room} | graph.find_descendants(room)) - own
        for imported in sorted(own):
            for importer in sorted(graph.find_modules_that_directly_import(imported) & others):
                details = graph.get_import_details(importer=importer, imported=imported)
                found.append((importer, imported, details[0]["line_number"] if details else 0))
    return found
