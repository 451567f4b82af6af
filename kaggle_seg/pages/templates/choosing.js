// Which tiles are shown, and in which order.

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const fixed = (value) => value.toFixed(3);

// What is known of a tile; `facts.scoreName` is what the competition's score is called.
const MEASURES = [
  { key: "id", label: "id" },
  { key: "share", label: "building share", write: percent, scale: 100 },
  { key: "regions", label: "regions", write: String, scale: 1 },
  { key: "uncertainty", label: "uncertainty", write: percent, scale: 100 },
  { key: "expected", label: "expected IoU", write: fixed, scale: 1 },
  { key: "expectedScore", label: "score at the expected IoU", write: fixed, scale: 1 },
  { key: "iou", label: "true IoU", write: fixed, scale: 1 },
  { key: "score", get label() { return `true ${facts.scoreName}`; }, write: fixed, scale: 1 },
  { key: "agreement", label: "agreement", write: fixed, scale: 1 },
];

const KINDS = {
  all: { label: "all tiles", fits: () => true },
  filled: { label: "with buildings", fits: (tile) => Boolean(tile.runs?.trim()) },
  empty: { label: "empty", fits: (tile) => tile.runs !== null && !tile.runs.trim() },
  unreadable: { label: "cannot be read", fits: (tile) => tile.runs === null },
  changed: { label: "changed", fits: (tile) => tile.agreement < 1 },
  emptied: { label: "became empty", fits: (tile) => Boolean(tile.other?.trim()) && !tile.runs?.trim() },
  filledNow: { label: "no longer empty", fits: (tile) => tile.other?.trim() === "" && Boolean(tile.runs?.trim()) },
};

const naturally = new Intl.Collator("en", { numeric: true }).compare;

function measuresOf(tiles) {
  return MEASURES.filter(({ key }) => key === "id" || tiles.some((tile) => typeof tile[key] === "number"));
}

function kindsOf(tiles) {
  return Object.keys(KINDS).filter((name) => name === "all" || tiles.some(KINDS[name].fits));
}

// A tile's value of a measure; of the id, the number that ends it.
function valueOf(tile, measure) {
  return measure.key === "id" ? Number(/\d+$/.exec(tile.id)?.[0] ?? NaN) : tile[measure.key] * measure.scale;
}

function isChosen(tile, state) {
  if (!KINDS[state.show].fits(tile)) return false;
  if (state.find && !tile.id.toLowerCase().includes(state.find.toLowerCase())) return false;
  if (state.from === "" && state.to === "") return true;
  const value = valueOf(tile, MEASURES.find(({ key }) => key === state.by));
  return value >= (state.from === "" ? -Infinity : Number(state.from)) && value <= (state.to === "" ? Infinity : Number(state.to));
}

// The places of the tiles to be shown, in their order; tiles without the value that sorts come last.
function chooseTiles(tiles, state) {
  const places = [...tiles.keys()].filter((place) => isChosen(tiles[place], state));
  const sign = state.down ? -1 : 1, key = state.sort;
  const compare = (one, other) => {
    const [a, b] = [tiles[one], tiles[other]];
    if (key === "id") return sign * naturally(a.id, b.id);
    const known = Number(typeof b[key] === "number") - Number(typeof a[key] === "number");
    return known || sign * (a[key] - b[key] || 0) || naturally(a.id, b.id);
  };
  return places.sort(compare);
}

// The state of the page, and the address (#...) that remembers what of it is not as at first.
function readAddress(address, first) {
  const kept = new URLSearchParams(address.replace(/^#/, ""));
  const state = { ...first };
  for (const name of Object.keys(first)) if (kept.has(name)) state[name] = kept.get(name);
  state.level = state.level === null || state.level === "" ? null : Number(state.level);
  state.down = state.down === true || state.down === "true";
  return state;
}

function writeAddress(state, first) {
  const kept = Object.entries(state).filter(([name, value]) => value !== first[name]);
  return `#${new URLSearchParams(kept.map(([name, value]) => [name, value ?? ""]))}`;
}
