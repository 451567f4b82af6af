// Tiles: what is drawn of each, in the grid and at large.

class Tiles {
  constructor(facts) {
    this.all = facts.tiles;
    this.size = { height: facts.height, width: facts.width, order: facts.order };
    this.maps = new MapCache(this.size);
    this.masks = new Map();
  }

  // A mask of a tile from its run lengths: its own ("runs"), the true one, or the other CSV's; null where there is none.
  mask(index, kind = "runs") {
    const text = this.all[index][kind];
    if (typeof text !== "string") return null;
    const key = `${kind} ${index}`;
    if (!this.masks.has(key)) this.masks.set(key, drawRuns(text, this.size));
    const mask = this.masks.get(key);
    if (this.masks.size > 600) this.masks.delete(this.masks.keys().next().value);
    return mask;
  }

  // The mask at the slider's threshold; the CSV's own where the slider rests or the tile has no map in the page.
  maskNow(index, place) {
    const levels = place === null ? null : this.maps.get(index);
    return levels ? maskAtLevel(levels, place) : this.mask(index);
  }

  // Paints a tile; first its image and its map are looked up, where they are not there yet.
  async draw(index, stack, state) {
    if (!this.size.width) return;
    const [image, canvas] = stack.children;
    this.showImage(index, image);
    if (state.level !== null || state.view === "heat") await this.maps.load(index);
    const mask = this.maskNow(index, state.level) ?? new Uint8Array(this.size.height * this.size.width);
    const other = this.mask(index, "truth") ?? this.mask(index, "other");
    paint(canvas, state.view, { mask, other, levels: this.maps.get(index), size: this.size });
  }

  showImage(index, image) {
    if (image.getAttribute("src")) return;
    const text = blockText("image", index);
    image.hidden = !text;
    if (text) image.src = `data:image/webp;base64,${text}`;
  }
}

// An image with a canvas over it.
function makeStack() {
  const stack = document.createElement("span");
  stack.className = "stack";
  const image = document.createElement("img");
  image.alt = "";
  image.decoding = "async";
  stack.append(image, document.createElement("canvas"));
  clearStack(stack);
  return stack;
}

function clearStack(stack) {
  const [image, canvas] = stack.children;
  image.removeAttribute("src");
  image.hidden = true;
  canvas.width = 0;
  canvas.height = 0;
}

// The figures of a tile, as pairs of name and value.
function figuresOf(tile) {
  const pairs = tile.runs === null ? [["mask", "cannot be read"]] : [];
  for (const measure of MEASURES.slice(1)) {
    const value = tile[measure.key];
    if (typeof value === "number") pairs.push([measure.label, measure.write(value)]);
  }
  return pairs;
}
