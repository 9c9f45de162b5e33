/** @file The token that requests must bear, compared in a time that tells nothing of it. */
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { HaleError } from "@hale/core";
import { HttpFault } from "../faults.ts";

/** Characters of a token at least: those of 128 random bits in base 64. */
const SHORTEST = 22;

const digest = (text: string) => createHash("sha256").update(text, "utf8").digest();

/** A check of the Authorization header; throws HttpFault. */
export function tokenCheck(token: string): (header: string | undefined) => void {
  const wanted = digest(token);
  return (header) => {
    const given = /^Bearer +(\S+)$/i.exec(header ?? "")?.[1];
    // Of equal length, whatever was given.
    if (timingSafeEqual(digest(given ?? ""), wanted) && given !== undefined) return;
    throw new HttpFault(
      401,
      "UNAUTHORIZED",
      "The request bears no valid token.",
      "Send it as Authorization: Bearer TOKEN.",
      {
        "www-authenticate": 'Bearer realm="hale"',
      },
    );
  };
}

/** The token in a file, or in HALE_TOKEN; null where there is neither. Throws FILE_UNREADABLE and OPTION_INVALID. */
export async function readToken(file: string | undefined, environment: NodeJS.ProcessEnv): Promise<string | null> {
  if (file === undefined && environment.HALE_TOKEN === undefined) return null;
  const where = file ?? "HALE_TOKEN";
  const text = file === undefined ? environment.HALE_TOKEN! : await readTokenFile(file);
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= SHORTEST) return token;
  throw new HaleError(
    "OPTION_INVALID",
    `The token in ${where} is not one of at least ${SHORTEST} printable characters.`,
    "Make one, for example with: openssl rand -base64 32",
  );
}

async function readTokenFile(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause) => {
    throw new HaleError("FILE_UNREADABLE", `The token file ${file} cannot be read.`, "Check path and rights.", {
      cause,
    });
  });
}
