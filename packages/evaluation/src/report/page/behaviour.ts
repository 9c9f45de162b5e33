/**
 * @file What the report page does once it is open: sorting, filtering and paging of the table of images, the large view
 * of a case, and the switch of colours. The page is complete without it. `behave` goes into the page as its own source
 * text, so it may use nothing from outside its body; the content security policy names it by its hash.
 */

/** Runs in the page. */
function behave(): void {
  const PAGE = 100;
  const PRINTED = 1000;
  const byId = (id: string) => document.getElementById(id);

  function colours(): void {
    const select = byId("theme-choice") as HTMLSelectElement | null;
    if (!select) return;
    const root = document.documentElement;
    const apply = (value: string) => {
      if (value) root.dataset.theme = value;
      else delete root.dataset.theme;
    };
    // Pages opened from a disk may have no storage: the choice then lasts as long as the page.
    const stored = (value?: string) => {
      try {
        if (value !== undefined) localStorage.setItem("hale-theme", value);
        return localStorage.getItem("hale-theme") ?? "";
      } catch {
        return "";
      }
    };
    const kept = stored();
    select.value = kept === "light" || kept === "dark" ? kept : "";
    apply(select.value);
    select.addEventListener("change", () => {
      apply(select.value);
      stored(select.value);
    });
    (select.closest("[hidden]") as HTMLElement).hidden = false;
  }

  function imageTable(): void {
    const table = byId("image-table") as HTMLTableElement | null;
    if (!table) return;
    const body = table.tBodies[0];
    const heads = Array.from(table.tHead!.rows[0].cells);
    const rest = (byId("image-rest") as HTMLTemplateElement).content.querySelectorAll("tr");
    const rows = [...Array.from(body.rows), ...Array.from(rest)].map((row, rank) => ({
      row,
      rank,
      texts: Array.from(row.cells, (cell) => cell.dataset.value ?? cell.textContent ?? ""),
    }));
    const collator = new Intl.Collator("en", { numeric: true });
    let column = heads.findIndex((head) => head.hasAttribute("aria-sort"));
    let rising = false;
    let page = 0;
    let kept = rows;

    const [search, label, decision, verdict] = ["file", "label", "decision", "verdict"].map(
      (name) => byId(`filter-${name}`) as HTMLInputElement | HTMLSelectElement,
    );
    const [LABEL, DECISION, VERDICT] = [1, 5, 6];

    function sorted(list: typeof rows): typeof rows {
      // Until a column is asked for, rows keep the order in which they came.
      if (column < 0) return list;
      const sign = rising ? 1 : -1;
      if (heads[column].dataset.sort === "number") {
        const value = ({ texts }: (typeof rows)[number]) => Number.parseFloat(texts[column]);
        return [...list].sort((a, b) => {
          const [p, q] = [value(a), value(b)];
          // What has no number comes last in both directions.
          if (Number.isNaN(p) || Number.isNaN(q)) return Number(Number.isNaN(p)) - Number(Number.isNaN(q));
          // Rows come with the highest score first, which tells apart what the printed digits do not.
          return sign * (p - q) || -sign * (a.rank - b.rank);
        });
      }
      return [...list].sort((a, b) => sign * collator.compare(a.texts[column], b.texts[column]) || a.rank - b.rank);
    }

    const status = byId("image-status")!;
    function show(first: number, most: number): void {
      body.replaceChildren(...kept.slice(first, first + most).map(({ row }) => row));
      const range = kept.length > most ? `, ${first + 1} to ${Math.min(first + most, kept.length)} shown` : "";
      const of = kept.length === rows.length ? "" : ` of ${rows.length}`;
      status.textContent = `${kept.length}${of} ${rows.length === 1 ? "image" : "images"}${range}`;
    }

    const pager = byId("image-pager")!;
    const [back, onward] = Array.from(pager.querySelectorAll("button"));
    function turn(to: number): void {
      page = Math.max(0, Math.min(to, Math.ceil(kept.length / PAGE) - 1));
      const first = page * PAGE;
      show(first, PAGE);
      pager.hidden = kept.length <= PAGE;
      // Not `disabled`, which would throw the keyboard's focus away.
      back.setAttribute("aria-disabled", String(page === 0));
      onward.setAttribute("aria-disabled", String(first + PAGE >= kept.length));
    }

    function filter(): void {
      const part = search.value.trim().toLowerCase();
      kept = sorted(
        rows.filter(
          ({ texts }) =>
            (!part || texts[0].toLowerCase().includes(part)) &&
            (!label.value || texts[LABEL] === label.value) &&
            (!decision.value || texts[DECISION] === decision.value) &&
            (!verdict.value || texts[VERDICT] === verdict.value),
        ),
      );
      turn(0);
    }

    for (const [i, head] of heads.entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...Array.from(head.childNodes));
      head.append(button);
      button.addEventListener("click", () => {
        rising = i === column ? !rising : head.dataset.sort === "text";
        column = i;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", rising ? "ascending" : "descending");
        filter();
      });
    }
    search.addEventListener("input", filter);
    for (const select of [label, decision, verdict]) select.addEventListener("change", filter);
    back.addEventListener("click", () => turn(page - 1));
    onward.addEventListener("click", () => turn(page + 1));
    addEventListener("beforeprint", () => show(0, PRINTED));
    addEventListener("afterprint", () => turn(page));
    byId("image-filters")!.hidden = false;
    table.classList.add("live");
    filter();
  }

  function largeView(): void {
    const viewer = byId("viewer") as HTMLDialogElement | null;
    if (!viewer) return;
    const openers = Array.from(document.querySelectorAll<HTMLButtonElement>("button.panels"));
    const place = (name: string) => viewer.querySelector<HTMLElement>(`[data-part=${name}]`)!;
    const outline = place("outline") as HTMLInputElement;
    let at = 0;
    function show(to: number): void {
      at = (to + openers.length) % openers.length;
      const opener = openers[at];
      const panels = Array.from(opener.children, (panel) => panel.cloneNode(true));
      place("panels").replaceChildren(...panels);
      place("panels").dataset.panels = String(panels.length);
      place("caption").replaceChildren(
        ...Array.from(opener.parentElement!.querySelector("figcaption")!.childNodes, (node) => node.cloneNode(true)),
      );
      place("place").textContent = `${at + 1} of ${openers.length}`;
      outline.parentElement!.hidden = !opener.querySelector("svg");
    }
    for (const [i, opener] of openers.entries()) {
      opener.addEventListener("click", () => {
        show(i);
        viewer.showModal();
      });
    }
    place("back").addEventListener("click", () => show(at - 1));
    place("onward").addEventListener("click", () => show(at + 1));
    place("close").addEventListener("click", () => viewer.close());
    outline.addEventListener("change", () => viewer.classList.toggle("plain", !outline.checked));
    viewer.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") show(at - 1);
      else if (event.key === "ArrowRight") show(at + 1);
      else return;
      event.preventDefault();
    });
    // The backdrop belongs to the dialog element; its content lies in a child.
    viewer.addEventListener("click", (event) => {
      if (event.target === viewer) viewer.close();
    });
    // The reader comes back to the case that was looked at last.
    viewer.addEventListener("close", () => openers[at].focus());
    for (const opener of openers) opener.classList.add("live");
  }

  colours();
  imageTable();
  largeView();
}

/** The script of the page. `__name` is what esbuild, told to keep names, wraps functions with; the page has no other. */
export const PAGE_SCRIPT = `"use strict";{const __name=(f)=>f;(${behave.toString()})()}`;
