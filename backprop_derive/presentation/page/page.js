"use strict";
// What the page can do beyond being read: light up the paths of a weight, fold all parts at once, and copy a formula as LaTeX.

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

// -- the network ------------------------------------------------------------------------------------------------------

const network = document.querySelector(".network");

function choose(key) {
  const light = key === null ? { edges: [], units: [], quiet: [], own: {} } : lights[key];
  for (const edge of network.querySelectorAll("[data-edge]")) {
    const number = Number(edge.dataset.edge);
    edge.classList.toggle("lit", light.edges.includes(number));
    edge.classList.toggle("quiet", light.quiet.includes(number));
    edge.classList.toggle("chosen", number in light.own);
    const partial = edge.querySelector(".partial");
    if (partial) write(partial, light.own[number]);
  }
  for (const unit of network.querySelectorAll("[data-unit]")) unit.classList.toggle("lit", light.units.includes(unit.dataset.unit));
  uncover();
  for (const said of network.querySelectorAll(".said")) said.hidden = key === null ? !("idle" in said.dataset) : said.dataset.said !== key;
  for (const link of network.querySelectorAll("[data-light]")) {
    if (link.dataset.light === key) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const place = key === null ? null : placeOf(key);
  for (const other of document.querySelectorAll("article .chosen")) other.classList.remove("chosen");
  if (place) place.classList.add("chosen");
  return place;
}

// What a lit edge shows: the partial along it, or the one by the chosen weight; the plate below is as large as the lines.
function write(partial, own) {
  const plate = partial.querySelector("rect"), first = partial.querySelector("text");
  const along = partial.along ??= [...partial.querySelectorAll("text")].map((line) => line.textContent);
  const words = own ?? along;
  const center = plate.y.baseVal.value + plate.height.baseVal.value / 2, step = plate.height.baseVal.value / partial.querySelectorAll("text").length;
  const lines = words.map((word, place) => {
    const line = first.cloneNode();
    line.textContent = word;
    line.setAttribute("y", center + step * (place + 0.5 - words.length / 2));
    return line;
  });
  partial.replaceChildren(plate, ...lines);
  const width = Math.max(...lines.map((line) => line.getComputedTextLength())) + 8;
  const box = { x: first.getAttribute("x") - width / 2, y: center - step * words.length / 2, width, height: step * words.length };
  for (const [name, value] of Object.entries(box)) plate.setAttribute(name, value);
}

// Weights whose labels a partial derivative would cover are not shown meanwhile.
function uncover() {
  const shown = [...network.querySelectorAll(".lit:not(.quiet) > .partial, .lit:not(.quiet) > a > .partial")].map((each) => each.getBBox());
  const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  for (const label of network.querySelectorAll(".edge-label")) {
    const weight = label.querySelector(".weight");
    label.classList.toggle("covered", weight !== null && shown.some((box) => meet(box, weight.getBBox())));
  }
}

function placeOf(key) {
  const link = network.querySelector(`[data-light="${CSS.escape(key)}"]`);
  return document.getElementById(decodeURIComponent(link.getAttribute("href").slice(1)));
}

const lights = network ? JSON.parse(document.getElementById("lights").textContent) : {};
if (network) {
  for (const link of network.querySelectorAll("[data-light]")) {
    const show = () => {
      const place = choose(link.dataset.light);
      if (!place) return;
      const picture = network.querySelector("svg");
      place.style.scrollMarginTop = getComputedStyle(picture).position === "sticky" ? `${picture.clientHeight + 16}px` : "";
      place.scrollIntoView({ block: "start" });
    };
    link.addEventListener("focus", show);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
      show();
    });
  }
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
  });
}
