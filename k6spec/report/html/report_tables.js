// Tables that are sorted by a click on a column's head, and filtered by words.

const keyOf = (cell) => (cell.dataset.by === undefined ? cell.textContent : cell.dataset.by);

const sortable = (table) => {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const isNumber = head.classList.contains("number");
    const sort = button(head.textContent, () => {
      const before = head.getAttribute("aria-sort");
      const descending = before ? before === "ascending" : isNumber;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const compare = (one, other) => {
        const [left, right] = [keyOf(one.cells[column]), keyOf(other.cells[column])];
        return isNumber ? Number(left) - Number(right) : left.localeCompare(right);
      };
      const rows = [...table.tBodies[0].rows].sort(compare);
      table.tBodies[0].append(...(descending ? rows.reverse() : rows));
    });
    head.replaceChildren(sort);
  });
};

const filterOf = (table, what) => {
  const search = el("input", "");
  search.type = "search";
  search.placeholder = `Filter ${what}`;
  search.setAttribute("aria-label", `Filter ${what} by words`);
  const found = el("output", "found");
  const rows = [...table.tBodies[0].rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  search.addEventListener("input", () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, index) => {
      row.hidden = !terms.every((term) => texts[index].includes(term));
      if (!row.hidden) count += 1;
    });
    found.textContent = terms.length ? `${count.toLocaleString("en")} of ${rows.length.toLocaleString("en")}` : "";
  });
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    search.value = "";
    search.dispatchEvent(new Event("input"));
  });
  return el("div", "filter", search, found);
};
