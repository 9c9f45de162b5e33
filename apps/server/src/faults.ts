/**
 * @file What is answered where something is wrong: a status, and a body with code, sentence and remedy, from hale's own errors
 * and from those of HTTP. What was not foreseen is told by its code alone; words of others may hold what is not for strangers.
 */
import { HaleError } from "@hale/core";

/** Reasons that HTTP alone knows. */
type HttpCode =
  | "BODY_TOO_LARGE"
  | "BUSY"
  | "FAULT"
  | "FORBIDDEN_HOST"
  | "FORBIDDEN_ORIGIN"
  | "NOT_ACCEPTABLE"
  | "NOT_FOUND"
  | "GONE"
  | "REQUEST_INVALID"
  | "REQUEST_TIMEOUT"
  | "STOPPING"
  | "TOO_MANY_FILES"
  | "TOO_MANY_REQUESTS"
  | "UNAUTHORIZED"
  | "UNSUPPORTED_MEDIA_TYPE";

/** An answer that is no success. */
export class HttpFault extends Error {
  override readonly name = "HttpFault";
  constructor(
    readonly status: number,
    readonly code: HttpCode | HaleError["code"],
    readonly fault: string,
    readonly remedy: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${fault} ${remedy}`);
  }

  get body(): FaultBody {
    const { code, fault, remedy } = this;
    return { error: { code, fault, remedy } };
  }
}

export interface FaultBody {
  error: { code: string; fault: string; remedy: string };
}

const STATUS: Partial<Record<HaleError["code"], number>> = {
  OPTION_INVALID: 400,
  IMAGE_TOO_LARGE: 413,
  IMAGE_CORRUPT: 422,
  IMAGE_UNSUPPORTED: 422,
  IMAGE_TOO_SLOW: 422,
  SHAPE_MISMATCH: 422,
  DETECTOR_MISMATCH: 422,
  NUMERIC_FAILURE: 422,
  FILE_NOT_FOUND: 422,
  DEVICE_UNAVAILABLE: 503,
  DISK_FULL: 507,
};

export const busy = (seconds: number) =>
  new HttpFault(503, "BUSY", "The server has as much to do as it may.", "Try again later.", {
    "retry-after": String(seconds),
  });

export const tooManyRequests = (most: number) =>
  new HttpFault(
    429,
    "TOO_MANY_REQUESTS",
    `More than ${most} requests come from one client.`,
    "Wait for answers first.",
    {
      "retry-after": "1",
    },
  );

export const stopping = () =>
  new HttpFault(503, "STOPPING", "The server is about to stop.", "Try again later.", {
    "retry-after": "10",
    connection: "close",
  });

export const bodyTooLarge = (most: number) =>
  new HttpFault(413, "BODY_TOO_LARGE", `The request has more than ${most} bytes.`, "Send fewer or smaller files.", {
    connection: "close",
  });

export const invalid = (fault: string, remedy: string) => new HttpFault(400, "REQUEST_INVALID", fault, remedy);

/** Errors of Fastify and of its multipart reader, by code. */
const OF_LIBRARIES: Readonly<Record<string, (message: string) => HttpFault>> = {
  FST_REQ_FILE_TOO_LARGE: () =>
    new HttpFault(413, "BODY_TOO_LARGE", "A file has more bytes than it may.", "Send a smaller file.", {
      connection: "close",
    }),
  FST_FILES_LIMIT: () =>
    new HttpFault(
      413,
      "TOO_MANY_FILES",
      "There are more files than a request may have.",
      "Send several requests, or a zip.",
    ),
  FST_PARTS_LIMIT: () =>
    new HttpFault(
      413,
      "TOO_MANY_FILES",
      "There are more parts than a request may have.",
      "Send several requests, or a zip.",
    ),
  FST_FIELDS_LIMIT: () => invalid("A part is no file.", "Give settings in the query, and files under the name file."),
  FST_INVALID_MULTIPART_CONTENT_TYPE: () => notMultipart(),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => notMultipart(),
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new HttpFault(413, "BODY_TOO_LARGE", "The request is longer than it may be.", "Send a shorter one."),
  FST_ERR_VALIDATION: (message) => invalid(`The request is not as it must be: ${message}.`, "See /openapi.json."),
};

const notMultipart = () =>
  new HttpFault(
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "The body is not multipart/form-data.",
    "Send files as multipart/form-data under the name file.",
  );

/** The answer for whatever was thrown. */
export function faultOf(error: unknown): HttpFault {
  if (error instanceof HttpFault) return error;
  if (error instanceof HaleError) {
    const { code, fault, remedy } = error;
    return new HttpFault(
      STATUS[code] ?? 500,
      code,
      fault,
      remedy,
      code === "DEVICE_UNAVAILABLE" ? { "retry-after": "5" } : {},
    );
  }
  const { code, statusCode, message } = (error ?? {}) as { code?: string; statusCode?: number; message?: string };
  const known = code === undefined ? undefined : OF_LIBRARIES[code];
  if (known) return known(String(message));
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return invalid("The request cannot be understood.", "See /openapi.json.");
  }
  return new HttpFault(
    500,
    "FAULT",
    "Something went wrong that was not foreseen.",
    "Try again; if it happens again, report it.",
  );
}
