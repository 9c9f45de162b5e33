/** @file The Python that runs the peers: named by $HALE_PYTHON, and only ever needed for comparisons. */
import { spawnSync } from "node:child_process";
import { HaleError } from "@hale/core";

/** The interpreter, which can import `modules` (called `names` in words). Throws OPTION_INVALID where there is none. */
export function findPython(modules: string, names: string): string {
  const remedy = `Set HALE_PYTHON to a Python interpreter that has ${names}.`;
  const python = process.env.HALE_PYTHON;
  if (!python) throw new HaleError("OPTION_INVALID", `The comparison needs Python with ${names}.`, remedy);
  const { status, error } = spawnSync(python, ["-c", `import ${modules}`]);
  if (error) throw new HaleError("OPTION_INVALID", `HALE_PYTHON (${python}) cannot be run.`, remedy, { cause: error });
  if (status !== 0) throw new HaleError("OPTION_INVALID", `HALE_PYTHON (${python}) lacks ${names}.`, remedy);
  return python;
}

/** The interpreter and its PyTorch's version. Throws OPTION_INVALID where there is none. */
export function findTorch(): { python: string; torch: string } {
  const python = findPython("torch", "PyTorch 2");
  const { stdout } = spawnSync(python, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" });
  return { python, torch: stdout.trim() };
}
