"use strict";
(() => {
  const table = document.getElementById("cells");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const form = document.getElementById("filter");
  const shown = form.querySelector("output");
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };
  const filter = () => {
    const words = form.elements.words.value.toLowerCase();
    const standing = form.elements.standing.value;
    const lane = form.elements.lane.value;
    let count = 0;
    for (const row of rows) {
      const keep = (standing === "" || (standing === "not-passed" ? row.dataset.standing !== "passed"
        : row.dataset.standing === standing))
        && (lane === "" || row.dataset.lane === lane)
        && (words === "" || textOf(row).includes(words));
      row.hidden = !keep;
      if (keep) count += 1;
    }
    shown.textContent = count + " of " + rows.length + " cells";
  };
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => {
        const cell = row.cells[column];
        const value = cell.dataset.value;
        return value === undefined ? cell.textContent.toLowerCase() : value === "" ? null : Number(value);
      };
      const keyed = rows.map((row, at) => [key(row), at, row]);
      keyed.sort(([a, one], [b, other]) => {
        if (a === b) return one - other;
        if (a === null) return 1;
        if (b === null) return -1;
        const order = a < b ? -1 : 1;
        return down ? -order : order;
      });
      const sorted = document.createDocumentFragment();
      keyed.forEach(([, , row]) => sorted.append(row));
      body.append(sorted);
    });
  });
  form.hidden = false;
  filter();
})();
