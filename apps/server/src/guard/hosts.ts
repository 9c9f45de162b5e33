/**
 * @file Whose requests are refused because of where they come from: pages of other origins, and names that somebody else made
 * point here (DNS rebinding). Programs send no Origin; browsers always do where it matters. There are no CORS headers.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { HttpFault } from "../faults.ts";

export interface Allowed {
  /** Names besides addresses and localhost, lower case. */
  hosts: readonly string[];
  /** Whether the server is for this machine alone. */
  loopback: boolean;
}

/** The name in a Host header, without its port and brackets, lower case; null for what is none. */
function nameIn(host: string | undefined): string | null {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? "");
  return (found?.[1] ?? found?.[2])?.toLowerCase() ?? null;
}

const isLoopback = (name: string) =>
  name === "localhost" || name === "::1" || (isIP(name) === 4 && name.startsWith("127."));

/**
 * An address cannot be rebound, a name can. `page`: a page that people may come to by a link. Throws HttpFault.
 */
export function checkHost(headers: IncomingHttpHeaders, { hosts, loopback }: Allowed, page: boolean): void {
  const name = nameIn(headers.host);
  const own = name !== null && (isLoopback(name) || hosts.includes(name) || (!loopback && isIP(name) !== 0));
  if (!own) {
    throw new HttpFault(
      403,
      "FORBIDDEN_HOST",
      "This server does not go by that name.",
      "Ask by its address, or let whoever runs it allow the name.",
    );
  }
  const { origin } = headers;
  if (origin !== undefined && originHost(origin) !== headers.host!.toLowerCase()) throw foreign();
  const site = headers["sec-fetch-site"];
  const visits = page && headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  if (site !== undefined && site !== "same-origin" && site !== "none" && !visits) throw foreign();
}

/** "host:port" of an origin; null for one that has none, such as "null". */
function originHost(origin: string): string | null {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1].toLowerCase() ?? null;
}

const foreign = () =>
  new HttpFault(
    403,
    "FORBIDDEN_ORIGIN",
    "Pages of other origins may not ask this server.",
    "Ask from a program, or from a page that this server gave.",
  );
