// The page of one trace: its waterfall, and what stands above it.

const view = waterfall(JSON.parse(document.getElementById("trace-data").textContent), document.getElementById("trace"), {
  chips: [...document.querySelectorAll("[data-service]")],
});
const copyId = document.getElementById("copy-trace-id");
copyId.hidden = false;
copyId.addEventListener("click", () => copyText(document.getElementById("trace-id").textContent, copyId));
for (const node of document.querySelectorAll("[data-jump]")) {
  const wanted = node.dataset.jump === "marked" ? (span) => span.marked : (span) => span.status === "error";
  node.addEventListener("click", () => view.jump(wanted));
}
