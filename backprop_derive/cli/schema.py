"""`schema`: the JSON Schema of specs, for editors."""

from __future__ import annotations

import click


@click.command("schema")
@click.option("-o", "--output", "file", metavar="FILE", help="Write to a file; - is standard output.")
@click.option("--no-clobber", is_flag=True, help="Fail rather than replace a file that is there.")
def command(file: str | None, no_clobber: bool) -> None:
    """Print the JSON Schema of specs.

    An editor that knows it completes keys and marks mistakes while a spec is written. With the YAML language server, put
    this in the first line of a spec:

    \b
    # yaml-language-server: $schema=spec.schema.json
    """
    import json

    from backprop_derive.cli.output import emit_text
    from backprop_derive.operations.layers import LAYERS
    from backprop_derive.spec.schema import spec_schema

    schema = spec_schema({kind: row.options for kind, row in LAYERS.items()})
    emit_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", file, replace=not no_clobber)
