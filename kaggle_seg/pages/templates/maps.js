// Probability maps at 64 levels, packed as packed_maps.py says.

const LEVELS = 64;

async function unpackMap(text, { height, width }) {
  return addForetold(await unpack(text), height, width);
}

// Each level is what its neighbours left, above and above left foretell, plus what was stored; worked out in place.
function addForetold(levels, height, width) {
  for (let row = 0, at = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, at += 1) {
      const left = column ? levels[at - 1] : 0;
      const above = row ? levels[at - width] : 0;
      const corner = row && column ? levels[at - width - 1] : 0;
      const lower = Math.min(left, above), higher = Math.max(left, above);
      const foretold = Math.min(Math.max(left + above - corner, lower), higher);
      levels[at] = (levels[at] + foretold) % LEVELS;
    }
  }
  return levels;
}

// The mask at a threshold: its place among the page's thresholds, from 0.
function maskAtLevel(levels, place) {
  return Uint8Array.from(levels, (level) => Number(level > place));
}

// Maps that were unpacked lately, by tile; the oldest goes when there are too many.
class MapCache {
  constructor(size, most = 300) {
    this.size = size;
    this.most = most;
    this.maps = new Map();
  }

  get(index) {
    return this.maps.get(index);
  }

  // The map of a tile, or null where the page has none.
  async load(index) {
    const text = this.maps.has(index) ? "" : blockText("map", index);
    if (text) this.keep(index, await unpackMap(text, this.size));
    return this.maps.get(index) ?? null;
  }

  keep(index, levels) {
    this.maps.set(index, levels);
    if (this.maps.size > this.most) this.maps.delete(this.maps.keys().next().value);
  }
}

// An image or a map as base64; empty where it was left out or is not read yet.
function blockText(kind, index) {
  return document.getElementById(`${kind}-${index}`)?.textContent ?? "";
}
