/** @file What the page may do, told by the page itself and, more strictly, by `hale studio`: nothing of elsewhere, no eval. */

/** Content security policy; `blob:` is for pictures that the page draws itself. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
