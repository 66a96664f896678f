"use strict";
// What the page can do beyond being read: fold all parts at once, and copy a formula as LaTeX.

function button(words, label, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  if (label) made.setAttribute("aria-label", label);
  made.addEventListener("click", action);
  return made;
}

// -- copying ----------------------------------------------------------------------------------------------------------

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // a page that may not use the clipboard, as in some frames
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

async function copied(made, text) {
  const words = made.textContent;
  await copy(text);
  made.textContent = "copied";
  setTimeout(() => { made.textContent = words; }, 1200);
}

for (const row of document.querySelectorAll(".row[data-right]")) {
  const made = button("LaTeX", "Copy this formula as LaTeX", () => copied(made, `${row.dataset.left} ${row.dataset.right}`));
  made.className = "copy";
  row.append(made);
}

function alignedLatex(section) {
  const rows = [...section.querySelectorAll(".row[data-right]")];
  const lines = rows.map((row) => `${row.querySelector(".left") ? row.dataset.left : ""} &${row.dataset.right}`);
  return `\\begin{align*}\n${lines.join(" \\\\\n")}\n\\end{align*}\n`;
}

for (const section of document.querySelectorAll("section")) {
  if (!section.querySelector(".row[data-right]")) continue;
  const made = button("Copy all as LaTeX", "Copy all formulas of this section as LaTeX", () => copied(made, alignedLatex(section)));
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.append(made);
  section.append(tools);
}

// -- folding ----------------------------------------------------------------------------------------------------------

const parts = [...document.querySelectorAll("details")];
const fold = (open) => parts.forEach((part) => { part.open = open; });
if (parts.length > 1) {
  const tools = document.createElement("div");
  tools.className = "tools";
  tools.append(button("Fold all parts", "", () => fold(false)), button("Unfold all parts", "", () => fold(true)));
  document.querySelector("article section").before(tools);
}
addEventListener("beforeprint", () => fold(true));
