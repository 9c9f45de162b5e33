/**
 * @file Colours of hale's pages, light and dark by the reader's setting, as custom properties of CSS. Blue and vermilion are
 * Okabe and Ito's pair, which colour-blind eyes tell apart.
 */

const LIGHT = `--paper:#fdfdfc;--card:#f5f6f6;--ink:#1c2126;--soft:#5a646d;--rule:#d8dcdf;--accent:#0072b2;--other:#b84a00;
--warn-back:#fff4dd;--warn-rule:#c98500;--shade:#d55e0014`;
const DARK = `--paper:#15181c;--card:#1c2026;--ink:#e6e8ea;--soft:#a3abb3;--rule:#343b43;--accent:#56b4e9;--other:#ef9b4a;
--warn-back:#3a2a12;--warn-rule:#e0a33c;--shade:#ef9b4a22`;

/** CSS that defines them. `data-theme` of the root element, "light" or "dark", goes before the reader's setting. */
export const PAGE_COLOURS = `:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){${DARK}}}
:root[data-theme=light]{color-scheme:light}
:root[data-theme=dark]{color-scheme:dark;${DARK}}`;
