/** @file What a server refuses, and how: before memory or disk is taken, with a status, a code, a sentence and a remedy. */
import { readdir, stat } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileOf, formOf, makePlace, type Place, serveAt } from "./server-fixture.ts";

const TOKEN = "a-token-of-thirty-two-characters";
const NAME = "PLANTED^PATIENT";
let place: Place;
let server: Awaited<ReturnType<typeof serveAt>>;
let port = 0;

beforeAll(async () => {
  place = await makePlace();
  const limits = { bodyBytes: 100_000, files: 3, requests: 4, clientRequests: 3, headMilliseconds: 2000 };
  server = await serveAt(place, { token: TOKEN, limits: { ...limits, receiveMilliseconds: 4000 } });
  port = Number(new URL(server.url).port);
});
afterAll(async () => {
  await server.stop();
  await place.remove();
});

const bearer = { authorization: `Bearer ${TOKEN}` };
const image = async () => fileOf(await place.read(place.images[0]), `${NAME}.png`);
const get = (path: string, headers: Record<string, string> = {}) =>
  server.app.inject({ url: path, headers: { host: "localhost", ...bearer, ...headers } });
const refused = (response: { statusCode: number; json(): { error: Record<string, string> }; body: string }) => {
  const { error } = response.json();
  expect(Object.keys(error)).toEqual(["code", "fault", "remedy"]);
  expect(response.body).not.toMatch(/\bat .+:\d+:\d+|node:internal|\.ts\b/);
  return [response.statusCode, error.code];
};

/** Sends raw text, and returns all that comes back until the server ends it. */
function raw(text: string, keep?: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    keep?.(socket);
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
  });
}
const bodyOf = (answer: string) => JSON.parse(answer.split("\r\n\r\n").slice(1).join("\r\n\r\n"));
const head = (more: string) =>
  `POST /v1/score HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n${more}\r\n\r\n`;
const FORM = "Content-Type: multipart/form-data; boundary=edge";

test("without the token nothing is told but whether it lives, and what it speaks", async () => {
  for (const path of ["/v1/detectors", "/metrics", "/v1/score", "/none"]) {
    const response = await get(path, { authorization: "" });
    expect(refused(response), path).toEqual([401, "UNAUTHORIZED"]);
    expect(response.headers["www-authenticate"]).toMatch(/^Bearer/);
  }
  for (const wrong of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, "Bearer", "Basic YQ==", TOKEN]) {
    expect(refused(await get("/v1/detectors", { authorization: wrong }))).toEqual([401, "UNAUTHORIZED"]);
  }
  for (const path of ["/healthz", "/readyz", "/docs", "/openapi.json"]) {
    expect((await get(path, { authorization: "" })).statusCode, path).toBe(200);
  }
  expect((await get("/v1/detectors")).json().detectors[0]).toMatchObject({ name: "detector", card: { format: 1 } });
});

test("names that were made to point here, and pages of others, are refused; there are no CORS headers", async () => {
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.7", "a b"]) {
    expect(refused(await get("/healthz", { host })), host).toEqual([403, "FORBIDDEN_HOST"]);
  }
  for (const host of ["127.0.0.1", `localhost:${port}`, "[::1]:80", "127.9.9.9"]) {
    expect((await get("/healthz", { host })).statusCode, host).toBe(200);
  }
  for (const origin of [
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://localhost.evil.example",
    "file://",
  ]) {
    const response = await get("/v1/detectors", { origin });
    expect(refused(response), origin).toEqual([403, "FORBIDDEN_ORIGIN"]);
    expect(Object.keys(response.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  }
  for (const site of ["cross-site", "same-site"]) {
    expect(refused(await get("/v1/detectors", { "sec-fetch-site": site }))).toEqual([403, "FORBIDDEN_ORIGIN"]);
  }
  const own = await get("/v1/detectors", { origin: "http://localhost", "sec-fetch-site": "same-origin" });
  expect(own.statusCode).toBe(200);
  const preflight = { origin: "https://evil.example", "access-control-request-method": "POST", host: "localhost" };
  const asked = await server.app.inject({ method: "OPTIONS", url: "/v1/score", headers: preflight });
  expect(asked.statusCode).toBe(403);
  expect(asked.headers["access-control-allow-origin"]).toBeUndefined();
  expect((await get("/docs")).headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-/);
});

test("lengths that lie are refused before a byte of the body is read", async () => {
  const huge = await raw(head(`${FORM}\r\nContent-Length: 99999999999`));
  expect(huge).toMatch(/^HTTP\/1\.1 413 /);
  expect(bodyOf(huge).error.code).toBe("BODY_TOO_LARGE");
  for (const length of ["-1", "1e3", "0x10", "5, 5", "99999999999999999999999"]) {
    const answer = await raw(head(`${FORM}\r\nContent-Length: ${length}`));
    expect(answer, length).toMatch(/^HTTP\/1\.1 4(00|13) /);
    expect(bodyOf(answer).error).toMatchObject({ code: expect.any(String), remedy: expect.any(String) });
  }
  const smuggled = await raw(
    `${head(`${FORM}\r\nContent-Length: 6\r\nTransfer-Encoding: chunked`)}0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n`,
  );
  expect(smuggled.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(smuggled).toMatch(/^HTTP\/1\.1 400 /);
  const folded = await raw(head(`${FORM}\r\nX-A: b\r\n c: d\r\nContent-Length: 0`));
  expect(folded).toMatch(/^HTTP\/1\.1 400 /);
  const long = await raw(head(`X-Long: ${"a".repeat(20_000)}`));
  expect(long).toMatch(/^HTTP\/1\.1 431 /);
});

test("a body without a length is counted while it comes, whatever it holds", async () => {
  const chunk = `${(50_000).toString(16)}\r\n${"x".repeat(50_000)}\r\n`;
  const file = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
  for (const begin of ["", file]) {
    const first = begin && `${begin.length.toString(16)}\r\n${begin}\r\n`;
    const answer = await raw(head(`${FORM}\r\nTransfer-Encoding: chunked`) + first + chunk.repeat(4));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(bodyOf(answer).error.code).toBe("BODY_TOO_LARGE");
  }
  await expect.poll(() => readdir(join(server.spool, "requests"))).toEqual([]);
});

test("forms that are none, and forms with too much, are refused with what to do", async () => {
  const post = async (form: FormData, path = "/v1/score") => {
    const response = await fetch(server.url + path, { method: "POST", body: form, headers: bearer });
    return [response.status, (await response.json()).error.code];
  };
  const wrong = new FormData();
  wrong.append("image", await image());
  expect(await post(wrong)).toEqual([400, "REQUEST_INVALID"]);
  const text = new FormData();
  text.append("file", "hello");
  expect(await post(text)).toEqual([400, "REQUEST_INVALID"]);
  const small = fileOf(new Uint8Array(10), "a.png");
  expect(await post(formOf(small, small, small, small))).toEqual([413, "TOO_MANY_FILES"]);
  expect(await post(formOf(small), "/v1/score?detector=other")).toEqual([404, "NOT_FOUND"]);
  expect(await post(formOf(small), "/v1/score?include=passwords")).toEqual([400, "REQUEST_INVALID"]);
  expect(await post(formOf(small), "/v1/score?normalise=wrong")).toEqual([400, "OPTION_INVALID"]);
  const json = { ...bearer, "content-type": "application/json" };
  const other = await fetch(`${server.url}/v1/score`, { method: "POST", body: "{}", headers: json });
  expect([other.status, (await other.json()).error.code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  const smuggled = `--edge\r\nContent-Disposition: form-data; name="file"; filename="a\nb: c"\r\n\r\nx\r\n--edge--\r\n`;
  const answer = await raw(head(`${FORM}\r\nConnection: close\r\nContent-Length: ${smuggled.length}`) + smuggled);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).not.toMatch(/\nb: c/);
  await expect.poll(() => readdir(join(server.spool, "requests"))).toEqual([]);
});

test("more than it may have under way: 429 for one client, 503 for all, each with a time to ask again", async () => {
  const sockets: Socket[] = [];
  const slow = head(`${FORM}\r\nContent-Length: 1000`);
  const answers = [1, 2, 3].map(() => raw(slow, (socket) => sockets.push(socket)));
  await expect.poll(() => readdir(join(server.spool, "requests"))).toHaveLength(3);
  const another = async () =>
    fetch(`${server.url}/v1/score`, { method: "POST", body: formOf(await image()), headers: bearer });
  const fourth = await another();
  expect([fourth.status, fourth.headers.get("retry-after"), (await fourth.json()).error.code]).toEqual([
    429,
    "1",
    "TOO_MANY_REQUESTS",
  ]);
  const elsewhere = () =>
    new Promise<{ status?: number; after?: string }>((resolve, reject) => {
      const options = { port, host: "127.0.0.1", localAddress: "127.0.0.2", path: "/v1/score", method: "POST" };
      const headers = {
        ...bearer,
        host: "localhost",
        "content-type": "multipart/form-data; boundary=edge",
        "content-length": 1000,
      };
      const sent = request({ ...options, headers }, (response) => {
        resolve({ status: response.statusCode, after: response.headers["retry-after"] });
        sent.destroy();
      });
      sent.on("error", reject);
      sent.flushHeaders();
      setTimeout(() => resolve({}), 1000);
    });
  const waits = elsewhere();
  await expect.poll(() => readdir(join(server.spool, "requests"))).toHaveLength(4);
  expect(await elsewhere()).toEqual({ status: 503, after: "1" });
  // The slow ones take longer than they may.
  const [first] = await Promise.all(answers);
  expect(first).toMatch(/^HTTP\/1\.1 408 |^$/);
  await waits;
  await expect.poll(async () => (await another()).status, { timeout: 10_000 }).toBe(200);
});

test("a thousand connections that say nothing do not stop the others, and are ended", async () => {
  const silent = await Promise.all(
    Array.from({ length: 1000 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      return new Promise<Socket>((resolve) => socket.once("connect", () => resolve(socket)));
    }),
  );
  const response = await fetch(`${server.url}/v1/score`, {
    method: "POST",
    body: formOf(await image()),
    headers: bearer,
  });
  expect(response.status).toBe(200);
  for (const socket of silent) socket.resume();
  await expect.poll(() => silent.every((socket) => socket.closed), { timeout: 20_000 }).toBe(true);
});

test("what waits lies where nobody else may look, and neither log nor metrics name a patient", async () => {
  expect((await stat(server.spool)).mode & 0o777).toBe(0o700);
  expect(server.log.text).toContain('"route":"/v1/score"');
  expect(server.log.text + (await get("/metrics")).body).not.toMatch(/PLANTED|PATIENT/i);
  await get(`/v1/jobs/${NAME}?x=${NAME}`, { "user-agent": NAME, "x-request-id": NAME });
  expect(server.log.text).not.toMatch(/PLANTED|PATIENT/i);
  expect(server.log.text).not.toContain(TOKEN);
  for (const line of server.log.text.trim().split("\n")) JSON.parse(line);
});

test("others than this machine are not served without a token", async () => {
  await expect(serveAt(place, { host: "0.0.0.0" })).rejects.toMatchObject({ code: "OPTION_INVALID", setting: "token" });
});
