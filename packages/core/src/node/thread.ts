/**
 * @file Where the code of a thread or process of ours is. Built, it is a JavaScript file beside the one that starts it;
 * in the clone it is TypeScript, which tsx loads and which finds the other packages' sources by the condition
 * `hale-source` of their exports. Packages as they are installed have no need of tsx.
 */

/** The condition under which `package.json` names sources; set by everything that runs the clone without a build. */
const CONDITION = "--conditions=hale-source";

/** What `new Worker` needs: a script, and Node's options for it. */
export interface ThreadScript {
  url: URL;
  execArgv: string[];
}

/**
 * The script `name` (without extension) beside the module `from`, which is the caller's `import.meta.url`. The parent's
 * own loaders (of TypeScript, of a test runner) are not handed on.
 */
export function threadScript(name: string, from: string): ThreadScript {
  if (!from.endsWith(".ts")) return { url: new URL(`./${name}.js`, from), execArgv: [] };
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const entry = JSON.stringify(new URL(`./${name}.ts`, from).href);
  const code = `import { register } from ${loader}; register(); await import(${entry});`;
  return { url: new URL(`data:text/javascript,${encodeURIComponent(code)}`), execArgv: [CONDITION] };
}

/** Node's options for a process that runs TypeScript of the clone. */
export function sourceOptions(): string[] {
  return [CONDITION, "--import", import.meta.resolve("tsx")];
}
