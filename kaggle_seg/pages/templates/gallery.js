// The page: its state, the grid, and what a person does with them.

const facts = JSON.parse(document.getElementById("facts").textContent);
const tiles = new Tiles(facts);
const grid = document.getElementById("grid");
const compared = facts.truth || facts.against !== null;
const FIRST = {
  view: compared ? "difference" : "outline",
  sort: facts.truth ? "iou" : facts.against !== null ? "agreement" : "id",
  down: false,
  show: "all",
  find: "",
  by: "id",
  from: "",
  to: "",
  level: null,
  tile: "",
};
let state = { ...FIRST };
let order = [];
const cards = tiles.all.map((tile, index) => makeCard(tile, index));
const visible = new Set();

// --- the grid ---

function makeCard(tile, index) {
  const card = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.className = "card";
  button.tabIndex = -1;
  button.dataset.index = index;
  button.append(makeStack(), makeText("span", tile.id, "name"), makeText("span", caption(tile), "figures"));
  button.setAttribute("aria-label", `Tile ${[tile.id, ...figuresOf(tile).map((pair) => pair.join(" "))].join(", ")}`);
  card.append(button);
  return card;
}

function caption(tile) {
  if (tile.runs === null) return "cannot be read";
  const telling = ["iou", "agreement", "expected"].find((key) => typeof tile[key] === "number");
  const told = telling ? [`${MEASURES.find(({ key }) => key === telling).label} ${fixed(tile[telling])}`] : [];
  return [tile.runs.trim() ? percent(tile.share) : "empty", ...told].join(", ");
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const index = Number(target.firstChild.dataset.index);
      if (isIntersecting) visible.add(index);
      else if (visible.delete(index)) clearStack(target.firstChild.firstChild);
      if (isIntersecting) drawCard(index);
    }
  },
  { rootMargin: "300px" },
);
cards.forEach((card) => watcher.observe(card));

function drawCard(index) {
  return tiles.draw(index, cards[index].firstChild.firstChild, state);
}

let asked = 0;
function drawVisible() {
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(() => {
    visible.forEach(drawCard);
    large.redraw(state);
  });
}

function arrange() {
  order = chooseTiles(tiles.all, state);
  grid.replaceChildren(...order.map((index) => cards[index]));
  cards.forEach((card) => { card.firstChild.tabIndex = -1; });
  if (order.length) cards[order[0]].firstChild.tabIndex = 0;
  const count = order.length === tiles.all.length ? `${order.length} tiles` : `${order.length} of ${tiles.all.length} tiles`;
  document.getElementById("count").textContent = count;
}

function neighbour(index, by) {
  return order[order.indexOf(index) + by] ?? null;
}

function columns() {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

grid.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (card) change({ tile: tiles.all[card.dataset.index].id });
});
grid.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns() }[event.key];
  const card = event.target.closest(".card");
  const next = by && card ? neighbour(Number(card.dataset.index), by) : null;
  if (next === null) return;
  event.preventDefault();
  card.tabIndex = -1;
  cards[next].firstChild.tabIndex = 0;
  cards[next].firstChild.focus();
});

// --- controls ---

function fillSelect(id, entries) {
  document.getElementById(id).replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
}

function listenTo(id, name, read = (control) => control.value) {
  const control = document.getElementById(id);
  control.addEventListener("input", () => change({ [name]: read(control) }));
}

function prepareControls() {
  const measures = measuresOf(tiles.all).map(({ key, label }) => [key, label]);
  fillSelect("sort", measures);
  fillSelect("by", measures.map(([key, label]) => [key, { share: `${label} (%)`, uncertainty: `${label} (%)` }[key] ?? label]));
  fillSelect("show", kindsOf(tiles.all).map((name) => [name, KINDS[name].label]));
  for (const name of ["sort", "show", "find", "by", "from", "to"]) listenTo(name, name);
  document.getElementById("down").addEventListener("click", () => change({ down: !state.down }));
  document.getElementById("choice").addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-view]")) {
    button.addEventListener("click", () => change({ view: button.dataset.view }));
  }
}

function showControls() {
  for (const name of ["sort", "show", "find", "by", "from", "to"]) {
    const control = document.getElementById(name);
    if (control.value !== String(state[name])) control.value = state[name];
  }
  document.getElementById("down").setAttribute("aria-pressed", String(state.down));
  for (const button of document.querySelectorAll("[data-view]")) {
    button.setAttribute("aria-pressed", String(button.dataset.view === state.view));
  }
  for (const legend of document.querySelectorAll("[data-legend]")) legend.hidden = legend.dataset.legend !== state.view;
}

// --- together ---

const large = new Large({ tiles, neighbour, onChange: (index) => change({ tile: index === null ? "" : tiles.all[index].id }) });
const slider = facts.slider ? new Slider(facts.slider, (level) => change({ level }), 1) : null;

function change(what) {
  apply({ ...state, ...what });
  try {
    history.replaceState(null, "", writeAddress(state, FIRST));
  } catch {
    // a page inside a notebook has no address of its own
  }
}

// Makes the page look as a state says.
function apply(next) {
  const before = state;
  state = repaired(next);
  if (["sort", "down", "show", "find", "by", "from", "to"].some((name) => state[name] !== before[name])) arrange();
  showControls();
  if (state.level !== before.level) slider?.show(state.level);
  if (state.level !== before.level || state.view !== before.view) drawVisible();
  if (state.tile !== before.tile) showLarge();
}

// An address may come from anywhere: what it asks for and is not there is as at first.
function repaired(next) {
  const there = (id, value) => [...document.getElementById(id).options].some((option) => option.value === value);
  const kept = { ...next };
  for (const name of ["sort", "by", "show"]) if (!there(name, kept[name])) kept[name] = FIRST[name];
  if (!document.querySelector(`[data-view="${CSS.escape(kept.view)}"]`)) kept.view = FIRST.view;
  const places = facts.slider?.thresholds.length ?? 0;
  if (!(Number.isInteger(kept.level) && kept.level >= 0 && kept.level < places)) kept.level = null;
  return kept;
}

function showLarge() {
  const index = state.tile === "" ? -1 : tiles.all.findIndex((tile) => tile.id === state.tile);
  if (index >= 0) large.open(index, state);
  else if (large.dialog.open) large.dialog.close();
}

prepareControls();
arrange();
showControls();
slider?.show(null);
apply(readAddress(location.hash, FIRST));
addEventListener("hashchange", () => apply(readAddress(location.hash, FIRST)));

// images and maps stand behind this script; what is read while the first tiles are drawn already comes as it does
const redrawing = setInterval(drawVisible, 250);
function allRead() {
  clearInterval(redrawing);
  drawVisible();
  document.documentElement.dataset.ready = "true";
}
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", allRead);
else allRead();
