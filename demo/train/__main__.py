"""``python -m demo.train COMMAND``: everything in ``weights/``, from the data.

``zoo`` and ``encoder`` run on several processes or machines, too: ``accelerate launch`` (GPUs), ``torchrun`` (CPUs).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from demo.commands import new_app, run
from demo.train.base_commands import base, decoders, example, held_out, mobile_face_net, people, prior
from demo.train.encoder_commands import encoder, photo_count, publish, zoo

app = new_app(__doc__)
for command in (people, base, held_out, decoders, mobile_face_net, prior, example, zoo, encoder, photo_count, publish):
    app.command()(command)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 2 on bad input."""
    return run(app, "python -m demo.train", sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())
