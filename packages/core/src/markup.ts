/**
 * @file HTML that cannot be injected into: the template `html` escapes every value that is not itself `Markup`, so that
 * paths, class names and messages stay text wherever they are put. Reports and cards build their HTML with nothing else.
 */

/** HTML that is safe as it stands. Only `html`, and `trusted` for a page's own style sheet, make it. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What a template takes: text and numbers are escaped, lists joined, `null`, `undefined` and `false` left out. */
export type Part = Markup | string | number | null | undefined | false | readonly Part[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};

/** Control characters, and those that turn the direction of the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Text for element content and quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(INVISIBLE, "\ufffd").replace(/[&<>"'`]/g, (letter) => ENTITIES[letter]);
}

function partText(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(partText).join("");
  return escapeHtml(String(part));
}

/** Template for HTML and inline SVG; put values into element content and quoted attributes only. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.reduce((out, piece, i) => out + partText(parts[i - 1]) + piece));
}
