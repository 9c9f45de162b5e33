/** @file Tables that stay legible on a phone: there each row becomes a block, with the name of its column beside each value. */
import { html, type Markup, type Part } from "@hale/core";

export interface Column {
  name: string;
  /** Numbers are set right. */
  number?: boolean;
}

export interface TableOptions {
  caption?: Part;
  columns: readonly Column[];
  /** One value per column; the first names its row. */
  rows: readonly (readonly Part[])[];
}

export function table({ caption, columns, rows }: TableOptions): Markup {
  const right = ({ number }: Column) => number && html` class="n"`;
  return html`<table class="stacking">${caption && html`<caption>${caption}</caption>`}<thead><tr>${columns.map(
    (column) => html`<th scope="col"${right(column)}>${column.name}</th>`,
  )}</tr></thead><tbody>
${rows.map(
  ([first, ...values]) =>
    html`<tr><th scope="row">${first}</th>${values.map(
      (value, i) => html`<td${right(columns[i + 1])} data-name="${columns[i + 1].name}">${value}</td>`,
    )}</tr>\n`,
)}</tbody></table>`;
}
