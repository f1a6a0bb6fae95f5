"use strict";
(() => {
  const element = document.getElementById("fleet");
  const tiles = [...document.querySelectorAll(".tile")];
  const search = document.getElementById("search");
  const ring = document.getElementById("ring");
  const shown = document.getElementById("shown");
  document.documentElement.classList.add("js");
  const table = new DataTable(element, {
    pageLength: 100,
    order: [],
    autoWidth: false,
    layout: { topStart: null, topEnd: null, bottomStart: null, bottomEnd: "paging" },
    language: { emptyTable: "No repositories.", zeroRecords: "No repository matches." },
  });
  document.querySelector(".controls").hidden = false;

  let having = "";
  table.search.fixed("having", (_text, _data, index) => {
    const row = table.row(index).node();
    return !having || row.dataset.having.split(" ").includes(having);
  });
  const count = () => {
    const { recordsDisplay, recordsTotal } = table.page.info();
    const [some, all] = [recordsDisplay, recordsTotal].map((number) => number.toLocaleString("en"));
    shown.textContent = some === all ? `${all} repositories` : `${some} of ${all} repositories`;
  };
  table.on("draw", count);
  count();

  const choose = (condition) => {
    having = condition;
    for (const tile of tiles) tile.setAttribute("aria-pressed", String(tile.dataset.having === having && having !== ""));
    table.draw();
  };
  for (const tile of tiles) tile.addEventListener("click", () => choose(having === tile.dataset.having ? "" : tile.dataset.having));
  search.addEventListener("input", () => table.search(search.value).draw());
  ring.addEventListener("change", () => table.column(1).search(ring.value, { exact: true }).draw());
  document.getElementById("reset").addEventListener("click", () => {
    search.value = ring.value = "";
    table.search("").column(1).search("");
    choose("");
  });
  const unfold = (open) => {
    for (const one of table.rows({ search: "applied" }).nodes().toArray()) for (const part of one.querySelectorAll("details")) part.open = open;
  };
  let unfolded = false;
  document.getElementById("unfold").addEventListener("click", (event) => {
    unfolded = !unfolded;
    unfold(unfolded);
    event.currentTarget.textContent = unfolded ? "Fold all differences" : "Unfold all differences";
  });
  addEventListener("beforeprint", () => {
    table.page.len(-1).draw();
    unfold(true);
  });
  addEventListener("afterprint", () => {
    unfold(unfolded);
    table.page.len(100).draw();
  });
})();
