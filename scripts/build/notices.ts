/** @file THIRD-PARTY-NOTICES.md of a package: whose code its files contain, and under which licence. */
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { packageFolder, ROOT } from "./root.ts";

/** What npm packages carry inside themselves, in machine code, and do not say with a licence file. */
const NATIVE = join(ROOT, "scripts", "build", "native-notices.md");
const COMPILED = /\.wasm$/;

interface Notice {
  name: string;
  version: string;
  licence: string;
  text: string | null;
}

/** Writes the notices of `packages/<name>` from the paths of all files that its bundles are made of. */
export async function writeNotices(name: string, inputs: readonly string[]): Promise<void> {
  const folders = new Set(inputs.map(packageOf).filter((folder) => folder !== null));
  const notices = await Promise.all([...folders].map(noticeOf));
  notices.sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = notices.map(
    ({ name: title, version, licence, text }) =>
      `## ${title} ${version}\n\nLicence: ${licence}\n${text === null ? "" : `\n\`\`\`\`text\n${text.trim()}\n\`\`\`\`\n`}`,
  );
  const native = inputs.some((input) => COMPILED.test(input)) ? [await readFile(NATIVE, "utf8")] : [];
  const head =
    "# Third-party notices\n\nFiles of this package contain code of the projects below, each under its own licence.\n";
  await writeFile(join(packageFolder(name), "THIRD-PARTY-NOTICES.md"), [head, ...sections, ...native].join("\n"));
}

/** The folder of the npm package that a file belongs to; null for our own. */
function packageOf(file: string): string | null {
  const path = resolve(ROOT, file.replace(/^\0/, ""));
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path)?.[1];
  return found && existsSync(join(found, "package.json")) ? found : null;
}

async function noticeOf(folder: string): Promise<Notice> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`${name} has no licence in its package.json (${dirname(folder)}).`);
  const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(entry));
  return { name, version, licence: license, text: file ? await readFile(join(folder, file), "utf8") : null };
}
