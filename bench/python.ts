/** @file The Python that runs the peers: named by $HALE_PYTHON, and only ever needed for comparisons. */
import { spawnSync } from "node:child_process";
import { HaleError } from "@hale/core";

const REMEDY = "Set HALE_PYTHON to a Python interpreter that has PyTorch 2, for example after: pip install torch.";

/** The interpreter and its PyTorch's version. Throws OPTION_INVALID where there is none. */
export function findPython(): { python: string; torch: string } {
  const python = process.env.HALE_PYTHON;
  if (!python) throw new HaleError("OPTION_INVALID", "The comparison with PyTorch needs an interpreter.", REMEDY);
  const { status, stdout, error } = spawnSync(python, ["-c", "import torch; print(torch.__version__)"], {
    encoding: "utf8",
  });
  if (error) throw new HaleError("OPTION_INVALID", `HALE_PYTHON (${python}) cannot be run.`, REMEDY, { cause: error });
  if (status !== 0) throw new HaleError("OPTION_INVALID", `HALE_PYTHON (${python}) has no torch.`, REMEDY);
  return { python, torch: stdout.trim() };
}
