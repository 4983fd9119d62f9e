"""torchrun as `bench.parallel` starts it: `python -m bench.parallel_agent OPTION …`.

It ends when who started it does, however that ends. Where it is to fork (`--run-path`) it has all
loaded that its processes need, and they start at once; each would load torch and its compiler anew
otherwise: 3 s of a processor for each, more than most measurements take.
"""

import gc
import sys

from bench.processes import die_with_parent


def main() -> None:
    """Load, and be torchrun."""
    die_with_parent()
    gc.disable()  # nothing that is imported is garbage, and looking for some takes a fifth longer
    from torch.distributed.run import main as torchrun

    if "--run-path" in sys.argv:
        import torch._dynamo  # noqa: F401  # which any optimizer loads

        import bench.parallel_worker  # noqa: F401
    gc.enable()
    torchrun()


if __name__ == "__main__":
    main()
