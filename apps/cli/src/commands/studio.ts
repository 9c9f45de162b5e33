/** @file `hale studio`: the page, served on this machine alone, and a browser opened at it. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { note } from "../notes.ts";
import { wholeNumber } from "../options.ts";
import { print } from "../output.ts";
import { serveStudio } from "../studio-server.ts";

/** Beside the bundled command, or in the clone where the build puts it. */
const FOLDERS = ["../studio", "../../../../packages/hale/dist/studio"];

export function studioCommand(): Command {
  return new Command("studio")
    .description("Open the studio: see, score and check images in a page; nothing leaves this machine")
    .option("--port <n>", "port of the loopback address; 0 takes a free one", wholeNumber(0, 65535), 0)
    .option("--no-open", "print the address and open no browser")
    .addHelpText("after", "\nExamples:\n  hale studio\n  hale studio --port 8080 --no-open\n\nCtrl-C ends it.")
    .action(async ({ port, open }: { port: number; open: boolean }) => {
      const places = FOLDERS.map((path) => fileURLToPath(new URL(path, import.meta.url)));
      const server = await serveStudio(places.find((place) => existsSync(place)) ?? places[0], port);
      print(server.address);
      note("The studio runs until you press Ctrl-C.");
      if (open) openBrowser(server.address);
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
      });
      await server.close();
    });
}

/** By the desktop's own way. Where there is none, the address was printed. */
function openBrowser(address: string): void {
  const [command, ...args] =
    process.platform === "darwin"
      ? ["open", address]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", "", address]
        : ["xdg-open", address];
  const child = spawn(command, args, { stdio: "ignore", detached: true });
  child.on("error", () => note(`Open ${address} in a browser.`));
  child.unref();
}
