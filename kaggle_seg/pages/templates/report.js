// The report's tiles, drawn at the slider's threshold.

const facts = JSON.parse(document.getElementById("facts").textContent);
const MISSED = [230, 159, 0], FALSE = [0, 114, 178], PALE = 0.5;
const BUILDING = 1, DECIDED = 2;
const tiles = [];
let place = null; // of the slider; null: the masks of the decision itself

// Levels, truth and decision come packed, so that no browser's colour management touches them.
async function unpackTile(figure) {
  const [truth, mask] = figure.querySelectorAll("canvas");
  const picture = figure.querySelector("img");
  await picture.decode();
  const tile = { figure, mask, size: facts.width * facts.height };
  tile.planes = await unpack(figure.dataset.planes);
  const context = truth.getContext("2d");
  context.drawImage(picture, 0, 0);
  tile.image = context.getImageData(0, 0, facts.width, facts.height).data;
  paint(truth, tile.image, (pixel) => (tile.planes[tile.size + pixel] & BUILDING ? "met" : "none"));
  return tile;
}

function paint(canvas, image, kind) {
  const context = canvas.getContext("2d");
  const drawn = context.createImageData(canvas.width, canvas.height);
  for (let pixel = 0, at = 0; at < image.length; pixel += 1, at += 4) {
    const what = kind(pixel);
    for (let channel = 0; channel < 3; channel += 1) {
      const value = image[at + channel];
      drawn.data[at + channel] =
        what === "met" ? 255 - (255 - value) * PALE
        : what === "missed" ? MISSED[channel]
        : what === "false" ? FALSE[channel]
        : value * PALE;
    }
    drawn.data[at + 3] = 255;
  }
  context.putImageData(drawn, 0, 0);
}

function show(tile) {
  const level = place === null ? null : facts.slider.thresholds[place];
  const { planes, size } = tile;
  let met = 0, wrong = 0;
  paint(tile.mask, tile.image, (pixel) => {
    const truth = planes[size + pixel] & BUILDING;
    const predicted = level === null ? planes[size + pixel] & DECIDED : planes[pixel] >= level;
    if (truth && predicted) { met += 1; return "met"; }
    if (!truth && !predicted) return "none";
    wrong += 1;
    return truth ? "missed" : "false";
  });
  const union = met + wrong;
  const iou = union ? `IoU ${(met / union).toFixed(3)}` : "nothing there, nothing predicted";
  tile.figure.querySelector(".now").textContent = level === null ? "" : `; at ${(level / 256).toFixed(3)}: ${iou}`;
  tile.mask.dataset.met = met;
  tile.mask.dataset.wrong = wrong;
}

// --- together ---

const slider = new Slider(facts.slider, (next) => { place = next; update(); }, 3);

let asked = 0;
function update() {
  slider.show(place);
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(() => tiles.forEach(show));
}

async function start() {
  update();
  for (const figure of document.querySelectorAll(".tile")) {
    tiles.push(await unpackTile(figure));
    show(tiles.at(-1));
  }
  document.documentElement.dataset.ready = "true";
}
start();
